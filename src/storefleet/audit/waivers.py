"""Deviations that somebody accepted, for a while, with a name under it."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeAlias

import msgspec

from storefleet.audit.pointer import PointerFault, parse
from storefleet.documents.decode import Decoder
from storefleet.documents.nodes import Source
from storefleet.documents.reader import read
from storefleet.model.base import Value
from storefleet.model.findings import Finding, Result
from storefleet.model.store import Host

Matches: TypeAlias = Callable[[str, Host], bool]


class Waiver(Value, frozen=True):
    """One accepted deviation; without ``finding`` it is *wide* and covers what its control will find tomorrow too."""

    id: str
    control: str
    hosts: str
    reason: str
    risk: str
    requested_by: str
    approved_by: str
    expires: datetime.date
    source: Source
    finding: str | None = None
    ticket: str | None = None
    begins: datetime.date | None = msgspec.field(default=None, name="from")

    @property
    def wide(self) -> bool:
        """Whether it covers findings that nobody has seen yet; every report says so."""
        return self.finding is None

    def covers(self, control: str, finding: Finding) -> bool:
        """Tell whether it means this finding."""
        return self.control == control and self.finding in {None, finding.key}

    def in_force(self, today: datetime.date) -> bool:
        """Tell whether it holds on a day; its last day is ``expires``."""
        return (self.begins is None or self.begins <= today) and today <= self.expires


class _File(Value, frozen=True):
    waivers: tuple[Waiver, ...] = ()


class Waivers(msgspec.Struct, frozen=True):
    """Every waiver of the fleet."""

    entries: tuple[Waiver, ...] = ()

    def applied(self, result: Result, host: Host, today: datetime.date, matches: Matches) -> Result:
        """Mark the findings that are waived; a result of which nothing else is left is ``waived``."""
        if result.state != "fail" or not self.entries:
            return result
        own = (waiver for waiver in self.entries if waiver.control == result.control)
        live = [waiver for waiver in own if waiver.in_force(today) and matches(waiver.hosts, host)]
        if not live:
            return result
        findings = tuple(_marked(finding, result.control, live) for finding in result.findings)
        marked = msgspec.structs.replace(result, findings=findings)
        return marked if any(finding.waiver is None for finding in findings) else _waived(marked, live)


def _marked(finding: Finding, control: str, live: Iterable[Waiver]) -> Finding:
    """The narrowest waiver that covers the finding, so that a wide one beside it does not take the credit."""
    covering = sorted((waiver for waiver in live if waiver.covers(control, finding)), key=lambda waiver: waiver.wide)
    return msgspec.structs.replace(finding, waiver=covering[0].id) if covering else finding


def _waived(result: Result, live: Iterable[Waiver]) -> Result:
    used = {finding.waiver for finding in result.findings}
    covering = [waiver for waiver in live if waiver.id in used]
    return msgspec.structs.replace(
        result,
        state="waived",
        waiver=", ".join(waiver.id for waiver in covering),
        reason=f"waived by {', '.join(map(_words, covering))}",
    )


def _words(waiver: Waiver) -> str:
    return f"{waiver.id}{' (wide)' if waiver.wide else ''} until {waiver.expires}: {waiver.reason}"


def load_waivers(path: Path, shown: str | None = None, controls: Iterable[str] | None = None) -> Waivers:
    """Read ``audits/waivers.yaml``; raises :class:`InputError` with every complaint. A missing file holds none.

    ``controls`` are the known ids: a waiver for none of them waives nothing, which its author would want to know.
    """
    if not path.exists():
        return Waivers()
    decoder = Decoder()
    node = read(path, shown)
    if node is None:
        return Waivers()
    file = decoder.decode(node, _File, "waivers")
    _complain(file.waivers if file is not None else (), decoder, None if controls is None else set(controls))
    decoder.finish()
    return Waivers(file.waivers if file is not None else ())


def _complain(entries: tuple[Waiver, ...], decoder: Decoder, controls: set[str] | None) -> None:
    seen: dict[str, int] = {}
    for waiver in entries:
        if waiver.id in seen:
            decoder.complain(waiver.source, f"{waiver.id} stands twice; the first is in line {seen[waiver.id]}")
        seen.setdefault(waiver.id, waiver.source.line)
        if waiver.requested_by == waiver.approved_by:
            decoder.complain(
                waiver.source,
                f"{waiver.id}: requested_by and approved_by are both {waiver.approved_by!r}; a second person approves",
            )
        if waiver.begins is not None and waiver.begins > waiver.expires:
            decoder.complain(waiver.source, f"{waiver.id}: it expires {waiver.expires}, before it begins")
        if waiver.finding is not None:
            try:
                parse(waiver.finding)
            except PointerFault as fault:
                decoder.complain(waiver.source, f"{waiver.id}: finding: {fault}; copy the key from a report")
        if controls is not None and waiver.control not in controls:
            decoder.complain(waiver.source, f"{waiver.id}: no audit has a control {waiver.control!r}")
