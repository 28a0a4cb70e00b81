"""What in a state document comes and goes by itself, each with the reason why a nightly picture leaves it out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence

from storefleet.audit.text import json_text
from storefleet.collect.frr.config import in_sections, kept_lines
from storefleet.collect.frr.platform import frr
from storefleet.model.base import Json
from storefleet.model.state import StateDocument

_AT_WORK = (
    "sh|ash|dash|bash|login|su|sudo|ssh|dbclient|scp|sftp-server|vi|less|more|tail|top|ps|sleep|timeout|"
    "cat|grep|find|tar|gzip|wget|curl|tftp|rsync|ping|traceroute|nslookup|run-parts"
)
_LINK = r"network/interfaces(?:/[^/]+|\[[^\]]*\])"
_BY_ITSELF = (
    rf"{_LINK}/(link_up|speed|duplex)\b",  # what was agreed with the other end: a till is off at night
    r"network/interfaces/(veth[0-9a-f]{6,}|cali[0-9a-f]+)",  # a container's end, under another name after each start
    rf"{_LINK}/temporary\b",  # addresses of privacy, made anew each day
    rf"{_LINK}/default_route\b",  # said by the default gateways
    r"network/ntp/(synchronised|offset_ms)",  # true some minutes after each start
    r"network/wan/",  # which line is in use
    r"network/routes\[(0\.0\.0\.0/0|::/0),[^,\]]+,",  # said by the default gateways
    r"network/routes\[fe80:",  # made by the kernel
    r"ports/listening\[udp,[^\]]*,(3276[89]|327[7-9]\d|32[89]\d\d|3[3-9]\d{3}|[4-6]\d{4})\]",  # who asks a server, say
    r"kernel/modules",  # loaded when something calls for them, gone with the next start
    r"software/updates",  # what others have published
    r"system/(reboot_required|boots)",  # what an update leaves until the next start; the update is told
    r"security/(logins|suspicious_processes)",  # people at work, and processes by their numbers
    r"hardware/(temperature|power)",
    r"hardware/storage\[(/run/(credentials|netns)/|/var/lib/(docker|containers)/)",  # of a service, of a container
    r"hardware/storage\[[^\]]*\]/device = \"/dev/loop",  # numbered in the order of the start
    r"hardware/disks\[[^\]]*\]/(life_pct|pending)",
    r"services[/\[](sshd?|systemd-coredump)@",  # one for each connection, one for each crash
    rf"services/({_AT_WORK})/",  # on a system without units: people at work, and what a script calls and waits for
)
_PASSES = re.compile(rf"/({'|'.join(_BY_ITSELF)})")

_OF_A_PERSON = re.compile(r'(/ports/listening\[tcp,(?:127\.|::1,)[^\]]*\])/process = "(?:ssh|sshd|dropbear)"')
"""A port that is forwarded for as long as somebody is logged in; only the host itself can speak to it."""

_BY_KERNEL = re.compile(r'(/network/routes\[.*\])/protocol = "(?:kernel|ra)"')
"""Routes that follow from an address, and those that a neighbour announces."""

_STATIC_INSTANCE = re.compile(r'(/services[/\[][^/@]+@[^/]+)/enabled = "(?:static|indirect|transient)"')
"""What is made of a template when something calls for it, and forgotten afterwards."""

_ADDRESSES = re.compile(rf"(?P<link>/{_LINK})/(?P<which>addresses|temporary) = (?P<some>\[.*\])")

_ADMIN = re.compile(r"/network/interfaces/(?P<name>[^/]+)/admin_up = (?P<up>true|false)")


def lasting(lines: Sequence[str]) -> list[str]:
    """Return the lines of a flat text without what comes and goes by itself."""
    kept = [line for line in _planned_addresses(lines) if not _PASSES.match(line)]
    whole = {found[1] for line in kept for of in _WHOLE if (found := of.fullmatch(line))}
    return [line for line in kept if _element(line) not in whole]


def _planned_addresses(lines: Sequence[str]) -> Iterator[str]:
    """Leave out the addresses that the kernel makes by itself: a moment after a link came up, and anew each day."""
    rows = [found for line in lines if (found := _ADDRESSES.fullmatch(line))]
    temporary = {row["link"]: json.loads(row["some"]) for row in rows if row["which"] == "temporary"}
    for line in lines:
        row = _ADDRESSES.fullmatch(line)
        if row is None:
            yield line
        else:
            left_out = temporary.get(row["link"], [])
            some = [one for one in json.loads(row["some"]) if one not in left_out and not one.startswith("fe80:")]
            yield f"{row['link']}/{row['which']} = {json_text(some)}"


_WHOLE = (_OF_A_PERSON, _BY_KERNEL, _STATIC_INSTANCE)


def _element(line: str) -> str:
    """Return what a line is a fact of: ``/a[k]`` of ``/a[k]/b = c``, and ``/services/x`` of ``/services/x/y = z``."""
    return line.partition(" = ")[0].rpartition("/")[0]


def as_configured(document: StateDocument, lines: Iterable[str]) -> Iterator[str]:
    """Leave out whether a router's port is switched on where that is what its configuration says: that tells it."""
    shut = _shut(document.facts.get("config"))
    for line in lines:
        admin = _ADMIN.fullmatch(line)
        if admin is None or (shut is not None and (admin["up"] == "true") == (admin["name"] in shut)):
            yield line


def _shut(config: Json) -> set[str] | None:
    """Return the interfaces that a configuration switches off; ``None`` where it is not known."""
    running = config.get("running") if isinstance(config, dict) else None
    text = running.get("text") if isinstance(running, dict) else None
    if not isinstance(text, str):
        return None
    sections = in_sections(kept_lines(text, frr()), frr())
    return {where[0].split()[1] for where, line in sections if line == "shutdown" and _is_interface(where)}


def _is_interface(where: tuple[str, ...]) -> bool:
    return len(where) == 1 and len(where[0].split()) > 1 and where[0].startswith("interface ")
