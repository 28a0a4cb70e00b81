"""Each night's picture of a host: what of its state document is kept, and what stays where a part was not read."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping

from storefleet.audit.flat import VOLATILE, flatten
from storefleet.audit.shape import state_schema
from storefleet.drift.compare import CONFIG
from storefleet.model.base import Json
from storefleet.model.escape import visible_lines
from storefleet.model.state import StateDocument
from storefleet.storage.git import Commit
from storefleet.storage.snapshots import Snapshots
from storefleet.workflows.passing import as_configured, lasting
from storefleet.workflows.workspace import Workspace

KEY = "Redaction-Key"
"""The trailer that names the key under which the secrets of a commit are hidden."""

PASSING = VOLATILE | {"pid", "restarts", "use_pct", "inode_pct", "boot_id", "mtime", "age", "state", "sub"}
"""Names of facts that say how a host does at a moment, not what it is: a snapshot leaves them out."""

_TOLD_ELSEWHERE = re.compile(
    r"/files\[/etc/(hosts|resolv\.conf)\]/(sha256|size)|/security/users\[.*?\]/authorized_keys\["
)
"""What another fact says better: who is in the hosts file, which name servers are asked, which keys may log in."""

_TOLD_BY_CONFIG = re.compile(r"/network/(routes\b|default_gateways\b|interfaces/[^/]+/(description|addresses)\b)")
"""What a router's configuration says, line by line; what it learned from others comes and goes."""

_LEFT_OUT = re.compile(
    r"/(network/neighbours|ports/reachable|system/clock|network/interfaces/[^/]+/(carrier_changes|rx|tx))\b"
    r"|/ports/listening\[[^,]*,fe80:"
    r"|/services/(user@\d+|user-runtime-dir@\d+|session-[^/]+|systemd-(timedated|hostnamed|localed)|run-[^/]+)\b"
)
"""Keys of what comes and goes by itself: who was spoken to, what was reached, helpers that a question starts."""


def parts(document: StateDocument) -> dict[str, str]:
    """Return the files of a host: flat text for each part of its document, a router's configuration line by line."""
    found: dict[str, str] = {}
    for name, facts in document.facts.items():
        if name == "config":
            found |= _config(facts)
        if name == "config" or (name == "management" and document.role == "router"):
            continue  # how a router is managed stands in its configuration
        lines = flatten({name: facts}, state_schema(), PASSING).splitlines()
        kept = lasting([line for line in lines if not (_LEFT_OUT.match(line) or _TOLD_ELSEWHERE.match(line))])
        if name == "services":
            kept = _lasting(kept)
        if name == "network" and document.role == "router":
            kept = [line for line in as_configured(document, kept) if not _TOLD_BY_CONFIG.match(line)]
        if kept:
            found[name] = "".join(f"{line}\n" for line in kept)
    return found


def is_kept(key: str, *, of_router: bool) -> bool:
    """Tell whether a fact is one that a picture holds where it is there."""
    if (
        not lasting([key])
        or _LEFT_OUT.match(key)
        or _TOLD_ELSEWHERE.match(key)
        or (of_router and _TOLD_BY_CONFIG.match(key))
    ):
        return False
    return key.rpartition("/")[2] not in PASSING and not (of_router and key.startswith("/management"))


def as_kept_now(part: str, text: str, *, of_router: bool) -> str:
    """Return an older picture without the facts that are not kept any more, so that none seems to have gone."""
    if part == CONFIG:
        return text
    kept = (line for line in text.splitlines() if is_kept(line.partition(" = ")[0], of_router=of_router))
    return "".join(f"{line}\n" for line in kept)


_ACTIVE = re.compile(r"(/services/.+)/active = .*")
_AS_CALLED = re.compile(r'(/services/.+)/enabled = "(static|indirect|generated|transient|alias|linked|linked-runtime)"')
"""Units that run when something calls for them, not because they were told to: whether one runs means little."""


def _lasting(lines: list[str]) -> list[str]:
    """Leave out whether a service runs that only runs when it is called, and what is gone with the next start."""
    as_called = {found[1]: found[2] for line in lines if (found := _AS_CALLED.fullmatch(line))}
    passing = {unit for unit, how in as_called.items() if how == "transient"}
    return [
        line
        for line in lines
        if not ((found := _ACTIVE.fullmatch(line)) and found[1] in as_called)
        and not any(line.startswith(f"{unit}/") for unit in passing)
    ]


def _config(facts: Json) -> dict[str, str]:
    running = facts.get("running") if isinstance(facts, dict) else None
    text = running.get("text") if isinstance(running, dict) else None
    if not isinstance(text, str):
        return {}
    return {CONFIG: "\n".join(visible_lines(text))}


def completed(document: StateDocument, now: Mapping[str, str], before: Mapping[str, str]) -> dict[str, str]:
    """Return the files with what this run could not read as it was before: a gap is no change.

    Nor is a part of which nothing at all was said; what a part says without a gap holds, also that something is gone.
    ``before`` holds the files of the host as they were last seen.
    """
    gaps = [gap.path for gap in document.missing]
    whole = dict(now)
    for name, text in before.items():
        place = "/config/running" if name == CONFIG else f"/{name}"
        if name not in now or any(place == gap or place.startswith(f"{gap}/") for gap in gaps):
            whole[name] = text
        elif name != CONFIG and (inside := [gap for gap in gaps if gap.startswith(f"{place}/")]):
            lines = whole.get(name, "").splitlines()
            known = {_key(line) for line in lines}
            lines += [line for line in _below(text, inside) if _key(line) not in known]
            whole[name] = "".join(f"{line}\n" for line in sorted(lines))
    return whole


def _key(line: str) -> str:
    return line.partition(" = ")[0]


def _below(text: str, gaps: list[str]) -> Iterator[str]:
    """Yield the lines of a flat text at or below one of these places; a number there may be any element of its list."""
    places = re.compile("|".join(_place(gap) for gap in gaps))
    return (line for line in text.splitlines() if places.match(line))


def _place(pointer: str) -> str:
    steps = (r"\[.*?\]" if step.isdecimal() else f"/{re.escape(step)}" for step in pointer.split("/")[1:])
    return f"{''.join(steps)}(?=[ /\\[]|$)"


def has_read(commit: Commit, host: str) -> bool:
    """Tell whether the run of a commit read a host; what it did not read stands there as it was before."""
    told = commit.trailers
    return host in _names(told["Read"]) if "Read" in told else host not in _names(told.get("Unread", ""))


@functools.lru_cache(maxsize=1024)
def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


def folder_of(store: str, host: str) -> str:
    """Return where the files of a host stand."""
    return f"{store}/{host}" if store else host


def repository(workspace: Workspace) -> Snapshots:
    """Return the fleet's archive, which need not be there yet."""
    return Snapshots(workspace.var / "snapshots.git", workspace.owner)
