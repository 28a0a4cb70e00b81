"""What runs by itself: cron's tables and folders, anacron's table, what ``at`` has been given."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from storefleet.collect.facts import Fact, Findings
from storefleet.collect.redact import redact_command
from storefleet.collect.text import Records, instant
from storefleet.model.base import Json
from storefleet.model.state import Missing

PLACE = "/security/jobs"

_SETTING = re.compile(r"""\s*["']?[A-Za-z_][A-Za-z0-9_]*["']?\s*=""")
_FIELD = r"[0-9A-Za-z*,/~?-]+"
_WHEN = re.compile(rf"\s*-?(?P<when>@[a-z]+|{_FIELD}(?:\s+{_FIELD}){{4}})\s+(?P<rest>\S.*)")
_ANACRON = re.compile(r"\s*(?P<when>@[a-z]+|[0-9]+)\s+(?P<delay>[0-9]+)\s+\S+\s+(?P<rest>\S.*)")
_AT = re.compile(r"[A-Za-z=][0-9a-f]{5}(?P<minute>[0-9a-f]{8})")
_DIGEST = re.compile(r"(?P<digest>[0-9a-f]{64}) [ *](?P<path>/.*)")

_Job = dict[str, Json]


def jobs(text: str, key: bytes) -> Findings:
    """Read the probe ``jobs``; no cron at all is an empty list, a table that may not be read a gap beside the rest.

    A job has no name of its own: it is known by where it stands and when it runs, and by its number where a table has
    several of these, so that another command at the same place is one change.
    """
    records = Records(text)
    if records.first("asked") != "yes":
        return
    found: list[_Job] = []
    unread: Counter[str] = Counter()
    for tag in ("system", "own", "anacron"):
        for source, line in records.fields(tag, 2):
            if not line.strip() or line.lstrip().startswith("#") or _SETTING.match(line):
                continue
            job = _job(tag, source, line.strip(), key)
            if job is None:
                unread[source] += 1
            else:
                found.append(job)
    yield Fact(PLACE, list(_numbered([*found, *_scripts(records), *_once(records)])))
    if unread:
        yield Missing(PLACE, f"cannot parse: lines of {', '.join(sorted(unread))}")


def _job(tag: str, source: str, line: str, key: bytes) -> _Job | None:
    """Read one line of a table; a system's table names the user, a user's own is named after him."""
    if tag == "anacron":
        row = _ANACRON.fullmatch(line)
        when, user, command = (f"{row['when']} {row['delay']}", "root", row["rest"]) if row else ("", "", "")
    else:
        row = _WHEN.fullmatch(line)
        when, command = (" ".join(row["when"].split()), row["rest"]) if row else ("", "")
        user = source.rpartition("/")[2]
        if tag == "system":
            user, command = [*command.split(None, 1), "", ""][:2]
    if not command:
        return None
    return {"source": source, "when": when, "user": user, "command": redact_command(command, key)}


def _scripts(records: Records) -> Iterator[_Job]:
    """Yield the scripts of cron's folders: they run as root, and what they do is their content."""
    lines = (_DIGEST.fullmatch(line) for line in records.lines("sha256"))
    digests = {line["path"]: line["digest"] for line in lines if line}
    for when, source in records.fields("script", 2):
        job: _Job = {"source": source, "when": when.removeprefix("cron."), "user": "root"}
        if source in digests:
            job["sha256"] = digests[source]
        yield job


def _once(records: Records) -> Iterator[_Job]:
    """Yield the jobs of ``at``, whose names hold when they run: minutes since 1970 as hexadecimal digits."""
    for source in records.lines("at"):
        name = _AT.fullmatch(source.rpartition("/")[2])
        moment = instant(int(name["minute"], 16) * 60) if name else None
        if moment:
            yield {"source": source, "when": moment}


def _numbered(found: list[_Job]) -> Iterator[_Job]:
    """Number the jobs of one table that run at the same times, from the second one on."""
    seen: Counter[tuple[Json, Json]] = Counter()
    for job in found:
        place = (job["source"], job["when"])
        seen[place] += 1
        yield job if seen[place] == 1 else {**job, "nth": seen[place]}
