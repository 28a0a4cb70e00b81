"""What makes a run fail: the command line's own words, then the settings', then the strict defaults."""

from __future__ import annotations

from typing import cast, get_args

from storefleet.errors import InputError
from storefleet.model.findings import SEVERITIES, Change, Severity
from storefleet.model.verdict import VerdictRules
from storefleet.settings.settings import AuditSettings

CHANGES = tuple(change for change in get_args(Change) if change != "fixed")


def verdict_rules(
    settings: AuditSettings, *, named: bool, min_coverage: float | None, fail_on: str | None
) -> VerdictRules:
    """Return the rules; where hosts were named (``-l``) every one of them is expected to be judged."""
    floor = min_coverage if min_coverage is not None else 100.0 if named else settings.coverage * 100
    if fail_on:
        severity, changes = parse_fail_on(fail_on)
    else:
        severity = cast("Severity", settings.fail_on_severity or "info")
        changes = cast("tuple[Change, ...]", settings.fail_on_change) or None
    return VerdictRules(
        min_coverage=floor,
        fail_on_severity=severity,
        fail_on_change=changes,
        dark_after_s=None if named else settings.dark_after_s,
    )


def parse_fail_on(text: str) -> tuple[Severity, tuple[Change, ...] | None]:
    """Read ``high``, ``high:new,worse`` or ``new,worse``; raises :class:`InputError` with what may stand."""
    severity: Severity = "info"
    changes: list[Change] = []
    for word in text.replace(":", ",").split(","):
        name = word.strip()
        if name in SEVERITIES:
            severity = name
        elif name in CHANGES:
            changes.append(cast("Change", name))
        else:
            listed = ", ".join((*SEVERITIES, *CHANGES))
            raise InputError(f"--fail-on {text}: {name!r} is none of {listed}")
    return severity, tuple(changes) or None
