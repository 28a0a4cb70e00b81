"""Who is who: serial numbers, machine ids, MAC addresses and host keys of a whole fleet, held against what was known.

One host by itself cannot say whether it was swapped or cloned. An id that could not be read, and one that many devices
show because nobody filled it in, says nothing: then nothing is guessed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Literal, TypeAlias

from storefleet.drift.identity_book import ALONE, MOST_OTHERS, Book, Entry, Spans
from storefleet.drift.identity_values import KINDS, NOTHING, Kind, known_id, known_macs, same, short, some_of
from storefleet.model.drift import IdentityNote

NoteKind: TypeAlias = Literal["swapped", "moved", "cloned", "replaced"]
REGISTER = "devices.csv"


def ledger(
    entries: Sequence[Entry],
    spans: Spans = lambda _host, _kind: (0, 0),
    approved: str = "was approved of",
) -> tuple[IdentityNote, ...]:
    """Return what the ids of a whole fleet say, by host.

    ``approved`` is how the known side is told, where it is something else. ``spans`` is asked only of hosts that show
    the same.
    """
    book = Book(entries, spans, approved)
    found: list[IdentityNote] = []
    for entry in sorted(entries, key=lambda one: one.host):
        elsewhere = list(_misplaced(book, entry))
        found += elsewhere or _replaced(book, entry)
        found += _cloned(book, entry)
    return tuple(sorted(found, key=lambda note: (note.host, note.kind)))


def _misplaced(book: Book, entry: Entry) -> Iterator[IdentityNote]:
    """Yield that a host shows what others were known by; none of them shows it beside it, else it would be a clone."""
    swapped: dict[str, list[str]] = defaultdict(list)
    moved: dict[str, list[str]] = defaultdict(list)
    for kind, name in KINDS.items():
        twins, expected, owners = book.shared(entry, kind).names, entry.expected(kind), book.known_as(entry, kind)
        if any(owner in twins for owner in owners):
            continue
        for other in owners[:MOST_OTHERS]:
            shown = book.by_host[other].observed.id(kind)
            back = expected is not None and same(shown, expected)
            says = f"{name} {short(entry.observed.id(kind))} {_by(book, other, kind)} {other}"
            says += _shows(other, name, shown, entry.host if back else "")
            (swapped if back else moved)[other].append(says)
    if found := swapped or moved:
        evidence = [says for some in found.values() for says in some]
        yield _note("swapped" if swapped else "moved", entry.host, list(found), evidence)


def _by(book: Book, other: str, kind: Kind) -> str:
    return book.approved if book.by_host[other].approved.id(kind) is not None else f"is in {REGISTER} for"


def _shows(other: str, name: str, shown: str | None, owner: str) -> str:
    if owner:
        return f", and {other} shows the {name} of {owner}"
    return f"; {other} shows {short(shown)}" if shown is not None else f"; {other} was not seen with it since"


def _cloned(book: Book, entry: Entry) -> Iterator[IdentityNote]:
    """Yield that others show the same as a host at once, or have the same key pinned."""
    groups = [
        (f"{name} {short(entry.observed.id(kind))} is shown by {{}} hosts at once", book.shared(entry, kind))
        for kind, name in KINDS.items()
    ]
    if entry.observed != NOTHING:
        some = ((key, book.pinned.get(key, ALONE)) for key in dict.fromkeys(entry.keys))
        groups += [(f"host key {short(key, 20)} is pinned for {{}} hosts", group) for key, group in some]
    groups = [(says, group) for says, group in groups if group is not ALONE]
    if groups:
        others = sorted({other for _, group in groups for other in group.beside(entry.host)})
        evidence = [says.format(len(group.hosts)) for says, group in groups]
        yield _note("cloned", entry.host, others, evidence, max(len(group.hosts) for _, group in groups) - 1)


def _replaced(book: Book, entry: Entry) -> list[IdentityNote]:
    """Return that a host shows other ids than it is known by, which are nobody else's, or other addresses alone."""
    evidence: list[str] = []
    kept: list[Kind] = []
    for kind, name in KINDS.items():
        before, shown = entry.approved.id(kind), entry.observed.id(kind)
        if before is None or shown is None:
            continue
        if same(shown, before):
            kept.append(kind)
        elif not book.shared(entry, kind).names:
            evidence.append(f"{name} {short(before)} {book.approved} it; it shows {short(shown)}")
    if evidence:
        evidence += [f"its {KINDS[kind]} is the same as before: {_KEPT[kind]}" for kind in kept]
    if (says := _unlike_register(book, entry)) is not None:
        evidence.append(says)
    if not is_comparable(entry):
        evidence += _other_addresses(book, entry)
    return [_note("replaced", entry.host, [], evidence)] if evidence else []


def _unlike_register(book: Book, entry: Entry) -> str | None:
    listed, shown = known_id(entry.serial), entry.observed.serial
    if listed is None or shown is None or same(listed, shown) or book.known_as(entry, "serial"):
        return None
    owner = book.registered.get(shown.casefold())
    whose = f", which it has for {owner}" if owner else ""
    return f"{REGISTER} says serial number {short(listed)}; it shows {short(shown)}{whose}"


def _other_addresses(book: Book, entry: Entry) -> Iterator[str]:
    """Yield that none of its addresses is one it was known by; those that were burned in count where there are any."""
    before, now = entry.approved.macs, entry.observed.macs
    said = book.approved
    if not before and entry.mac:
        before, said = known_macs([entry.mac]), f"is in {REGISTER} for"
    burned = [frozenset(mac for mac in some if not int(mac[:2], 16) & 2) for some in (before, now)]
    if all(burned):
        before, now = burned
    if before and now and not before & now:
        yield f"MAC address {some_of(before)} {said} it; it shows {some_of(now)}"


def is_comparable(entry: Entry) -> bool:
    """Tell whether an id of a host is known on both sides; only where none is, its addresses are looked at."""
    listed = known_id(entry.serial) is not None and entry.observed.serial is not None
    return listed or any(None not in (entry.approved.id(kind), entry.observed.id(kind)) for kind in KINDS)


def is_another(entry: Entry, notes: Collection[IdentityNote]) -> bool:
    """Tell whether what differs on a host differs because it is another device than the approved one.

    Not where only the register is at odds: then it is the approved device, of which the register says something else;
    nor is a clone's original, which shows what it always did.
    """
    kinds = {note.kind for note in notes if note.host == entry.host}
    pairs = [(entry.approved.id(kind), entry.observed.id(kind)) for kind in KINDS]
    known = [(before, shown) for before, shown in pairs if before is not None and shown is not None]
    if known:
        return bool(kinds) and any(not same(before, shown) for before, shown in known)
    return bool(kinds & {"swapped", "moved", "replaced"})


_KEPT: Mapping[Kind, str] = {
    "serial": "installed anew, or another disk",
    "machine_id": "its disk in another device, or a new board",
}
_WORDS: Mapping[NoteKind, str] = {
    "swapped": "it shows what {others} was known by, and the other way round",
    "moved": "it shows what {others} was known by",
    "cloned": "it shows the same as {others}",
    "replaced": "it shows another identity than it was known by",
}


def _note(
    kind: NoteKind, host: str, others: Sequence[str], evidence: Sequence[str], count: int | None = None
) -> IdentityNote:
    named = ", ".join(others[:MOST_OTHERS])
    more = max(len(others), count or 0) - len(others[:MOST_OTHERS])
    named += f" and {more} more" if more > 0 else ""
    return IdentityNote(
        host=host,
        kind=kind,
        others=tuple(others[:MOST_OTHERS]),
        words=_WORDS[kind].format(others=named),
        evidence=tuple(evidence),
    )
