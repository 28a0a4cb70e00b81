"""Why a fact is not as it was approved, from evidence: what a router has not saved, what our own runs did when."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from storefleet.collect.redact import masked
from storefleet.drift.compare import CONFIG, Delta
from storefleet.drift.config_lines import SEPARATOR
from storefleet.model.drift import Cause, Sighting

_PLACES: tuple[tuple[re.Pattern[str], re.Pattern[str]], ...] = tuple(
    (re.compile(target), re.compile(key))
    for target, key in (
        (r"/etc/resolv\.conf|/etc/systemd/resolved\.conf.*", r"/network/dns/.*"),
        (r"/etc/hosts", r"/network/hosts_file/.*"),
        (r"/etc/ssh/.*|/root/\.ssh/.*|/home/[^/]+/\.ssh/.*", r"/security/(sshd|authorized_keys|users).*"),
        (r"/etc/nftables.*", r"/security/firewall.*"),
        (r"/etc/sysctl.*", r"/kernel/sysctl/.*"),
        (r"/etc/(localtime|timezone)", r"/system/timezone"),
        (r"/etc/hostname", r"/system/hostname"),
    )
)
"""Which facts a file of a host decides, where its name alone does not say so."""


@dataclass(frozen=True)
class OwnRun:
    """A run of ours that changed a host: when, by whom, and what it was about.

    ``lines`` are those that it made a router run, ``+ interface lan0 / shutdown``, or not run any more; ``None`` where
    its plan does not tell.
    """

    run: str
    at: str
    by: str
    targets: tuple[str, ...]
    until: str = ""
    lines: frozenset[str] | None = None


@dataclass(frozen=True)
class Known:
    """What is known of a difference beside its two sides: the runs between which it came, and what speaks for whom."""

    first: Sighting | None = None
    before: Sighting | None = None
    until: str = ""
    """When the first run that saw it so had read everything: a host is read some time after its run began."""
    unsaved: Collection[str] = ()
    runs: Sequence[OwnRun] = ()
    was_approved: bool = False
    """Whether it was approved as it is now, at an earlier time."""
    is_intended: bool = False
    """Whether it is just as it is intended, and what was approved is not."""
    is_another: bool = False
    """Whether the host is another device than the approved one."""


def cause(delta: Delta, known: Known) -> tuple[Cause, OwnRun | None]:
    """Return the cause, and the run of ours that made it where one did."""
    if known.is_another:
        return "replaced", None
    if delta.part == CONFIG and _is_unsaved(delta, known.unsaved):
        return "unsaved", None
    first, before, runs = known.first, known.before, known.runs
    last = max(known.until, first.at) if first else ""
    between = [
        run
        for run in runs
        if (before is None or max(run.at, run.until) >= before.at) and (first is None or run.at <= last)
    ]
    ours = next((run for run in reversed(between) if _made(run, delta)), None)
    if ours is not None:
        return "ours", ours
    if known.is_intended:
        return "adopted", None
    if known.was_approved:
        return "reverted", None
    return ("unknown" if between else "manual"), None


def _is_unsaved(delta: Delta, unsaved: Collection[str]) -> bool:
    """Tell whether the router says that a line of it runs and is not saved, or is saved and does not run."""
    sides = (("+", delta.came), ("-", delta.went))
    return any(f"{sign}{SEPARATOR.join(path)}" in unsaved for sign, some in sides for path in some)


def _made(run: OwnRun, delta: Delta) -> bool:
    """Tell whether a run made this: of a router's lines, whether it made one of them come, or go where none came."""
    if delta.part == CONFIG and run.lines is not None:
        sign, some = ("+", delta.came) if delta.came else ("-", delta.went)
        return any(masked(f"{sign} {SEPARATOR.join(path)}") in run.lines for path in some)
    return any(_decides(target, delta) for target in run.targets)


def _decides(target: str, delta: Delta) -> bool:
    """Tell whether what a change was about is what the fact says."""
    if delta.part == CONFIG:
        return target == "running-config"
    if f"[{target}]" in delta.key or f"[{target}," in delta.key or f"/{target}/" in f"{delta.key}/":
        return True
    return any(place.fullmatch(target) and key.fullmatch(delta.key) for place, key in _PLACES)
