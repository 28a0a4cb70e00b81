"""What is wrong, in one sentence: the title of a control states the rule, a tired reader wants the fault.

Known places of the state document have a phrase; everywhere else the control's title stands, with `is` and `should be`
below it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from storefleet.model.report import ReportedFinding, ReportedResult

Phrase = Callable[[re.Match[str], ReportedFinding], "str | None"]


def sentence(result: ReportedResult, finding: ReportedFinding) -> str:
    """Return the sentence for one finding (not yet escaped)."""
    for pattern, phrase in _PHRASES:
        found = pattern.fullmatch(finding.key)
        words = phrase(found, finding) if found else None
        if words:
            return words
    return result.title or result.control


def _listener(found: re.Match[str], finding: ReportedFinding) -> str:
    where = f"{_host(found['address'])}:{found['port']}{'' if found['proto'] == 'tcp' else '/' + found['proto']}"
    if not finding.present:
        return f"nothing listens on {where}"
    process = finding.actual.get("process") if isinstance(finding.actual, Mapping) else None
    return f"{process if isinstance(process, str) and process else 'something'} listens on {where}"


def _host(address: str) -> str:
    return f"[{address}]" if ":" in address else address


_REACH = {
    "refused": "{} refuses the connection",
    "timeout": "{} does not answer",
    "unreachable": "no way leads to {}",
    "name": "the name of {} does not resolve",
    "open": "{} can be reached",
}


def _reachable(found: re.Match[str], finding: ReportedFinding) -> str:
    words = (
        _REACH.get(finding.actual, "{} cannot be reached") if isinstance(finding.actual, str) else "{} was not tried"
    )
    return words.format(found["endpoint"])


def _service(found: re.Match[str], finding: ReportedFinding) -> str | None:
    unit, wanted = found["unit"], finding.expected.value
    if not finding.present and not finding.expected.remove:
        return f"{unit} does not exist here"
    words = {
        ("active", "active"): f"{unit} does not run",
        ("active", "inactive"): f"{unit} runs and must not",
        ("enabled", "enabled"): f"{unit} does not start at boot",
        ("enabled", "disabled"): f"{unit} starts at boot and must not",
    }
    return words.get((found["part"], wanted)) if isinstance(wanted, str) else None


def _package(found: re.Match[str], finding: ReportedFinding) -> str:
    if not finding.present:
        return f"{found['name']} is not installed"
    if finding.expected.remove:
        return f"{found['name']} is installed and must not be"
    return f"{found['name']} is of version {finding.actual}"


def _storage(found: re.Match[str], finding: ReportedFinding) -> str | None:
    what = "of the inodes of " if found["part"] == "inode_pct" else ""
    return f"{finding.actual} % {what}{found['mount']} used" if isinstance(finding.actual, int | float) else None


def _shut(found: re.Match[str], finding: ReportedFinding) -> str | None:
    words = {"admin_up": "is shut", "link_up": "has no link"}
    return f"interface {found['name']} {words[found['part']]}" if finding.actual is False else None


def _unlisted(found: re.Match[str], finding: ReportedFinding) -> str | None:
    what = "user" if found["list"] == "users" else "login key"
    return f"{what} {found['name']} is in no list" if finding.expected.remove else None


_PHRASES: tuple[tuple[re.Pattern[str], Phrase], ...] = (
    (re.compile(r"/ports/listening\[(?P<proto>[^,]*),(?P<address>.*),(?P<port>\d+)\]"), _listener),
    (re.compile(r"/ports/reachable\[(?P<endpoint>.*)\]/result"), _reachable),
    (re.compile(r"/services/(?P<unit>[^/]+)/(?P<part>active|enabled)"), _service),
    (re.compile(r"/services/(?P<unit>[^/]+)(?P<part>)"), _service),
    (re.compile(r"/software/packages/(?P<name>[^/]+)"), _package),
    (re.compile(r"/hardware/storage\[(?P<mount>.*)\]/(?P<part>use_pct|inode_pct)"), _storage),
    (re.compile(r"/network/interfaces/(?P<name>[^/]+)/(?P<part>admin_up|link_up)"), _shut),
    (re.compile(r"/security/(?P<list>users|authorized_keys)\[(?P<name>.*)\]"), _unlisted),
    (re.compile(r"/config/(?:running|startup)/sha256"), lambda _f, _g: "running and saved configuration differ"),
)
