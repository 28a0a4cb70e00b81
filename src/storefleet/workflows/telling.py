"""A difference as its report tells it, as far as it stands in the two pictures and in what is intended."""

from __future__ import annotations

import re
from collections.abc import Sequence

from storefleet.compliance import lines
from storefleet.drift.compare import CONFIG, Delta, facts, section
from storefleet.drift.consequence import Told
from storefleet.drift.places import cut_lane
from storefleet.drift.repair import NO_REPAIR, Repair, repair
from storefleet.model.drift import Difference, Matters
from storefleet.model.findings import SEVERITIES
from storefleet.storage.documents import KnownFinding
from storefleet.workflows.golden import PLATFORM
from storefleet.workflows.intended import Meant
from storefleet.workflows.picture import Picture

_ADDRESS = re.compile(r"(^|/ )ip(v6)? (address|route 0\.0\.0\.0/0|route ::/0)\b")
"""Lines that a store's own connection hangs on."""


def told_of(
    picture: Picture, one: Told, meant: Meant | None, failing: Sequence[KnownFinding], fix: str | None
) -> Difference:
    """Return a difference without its cause and its times; ``fix`` is the playbook for what fails there."""
    delta = one.head
    mending = _repair(picture, delta, meant)
    return Difference(
        id=delta.name(picture.host.name),
        host=picture.host.name,
        part=delta.part,
        section=section(delta),
        key=delta.key,
        approved=delta.approved,
        intended=meant.intent.value if meant else None,
        observed=delta.observed,
        standard=meant.standard if meant else None,
        matters=_matters(picture, delta, meant, failing),
        signature="",
        repair=mending.todo,
        undo_repair=mending.undo,
        fix=fix,
        told_with=tuple(f"{other.part} {other.key}" for other in one.others),
    )


def _matters(picture: Picture, delta: Delta, meant: Meant | None, failing: Sequence[KnownFinding]) -> Matters:
    """Return why anybody should care: a lane that is cut, a control that fails, a golden line that is not there."""
    host = picture.host
    found = [one.severity for one in failing]
    if meant is not None and meant.standard.state not in ("equal", "fails"):
        found.append(meant.intent.severity)
    if delta.part == CONFIG and _ADDRESS.search(delta.key):
        found.append("high")
    configuration = facts(CONFIG, picture.text(picture.approved, CONFIG)) if host.role == "router" else {}
    cut = cut_lane(delta, configuration, picture.devices) if host.role == "router" else None
    worst = "critical" if cut else max(found, key=SEVERITIES.index, default="info")
    return Matters(worst, tuple(sorted({one.control for one in failing})), f"{cut} has no link" if cut else "")


def _repair(picture: Picture, delta: Delta, meant: Meant | None) -> Repair:
    """Return the lines that lead a router to what is intended, or else to what was approved."""
    if delta.part != CONFIG or picture.host.platform != PLATFORM:
        return NO_REPAIR
    if meant is not None and meant.standard.state == "equal":
        return NO_REPAIR
    running = lines.ordered(picture.text(picture.observed, CONFIG))
    if meant is None:
        return repair(running, delta.came, delta.went)
    if meant.standard.state == "fails":
        return repair(running, delta.came, ())
    return repair(running, meant.intent.gone, meant.intent.paths)
