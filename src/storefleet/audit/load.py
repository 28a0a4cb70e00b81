"""Reading audit files: every complaint of every file at once, each with its line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import msgspec

from storefleet.audit.control_file import control_of, key_lines
from storefleet.audit.decode import LiteralFault, literal
from storefleet.audit.language import Audit
from storefleet.audit.shape import OPEN
from storefleet.audit.typed import check_audits, holds_template
from storefleet.documents import nodes
from storefleet.documents.decode import Decoder
from storefleet.documents.nodes import Node as Yaml
from storefleet.documents.nodes import Source
from storefleet.documents.reader import read
from storefleet.errors import Complaint, InputError
from storefleet.model.base import Json


class _Audit(msgspec.Struct, frozen=True):
    audit: str
    title: str
    applies_to: str
    source: Source
    lists: Mapping[str, Yaml] = {}
    controls: tuple[Yaml, ...] = ()


def load_audits(paths: Iterable[Path], shown: Callable[[Path], str] = str) -> tuple[Audit, ...]:
    """Read the files; raises :class:`InputError` with the complaints of all of them.

    ``shown`` gives the path as complaints name it. The typed check is a second step
    (:func:`storefleet.audit.typed.check_audits`): what cannot even be read is said here.
    """
    decoder = Decoder()
    audits: list[Audit] = []
    for path in paths:
        try:
            node = read(path, shown(path))
        except InputError as fault:
            decoder.complaints += fault.complaints
            continue
        audit = _audit(node, shown(path), decoder)
        if audit is not None:
            audits.append(audit)
    decoder.complaints += _twice(audits)
    if decoder.complaints:
        # All at once: what could be read is typed too, so that one pass over the files mends them all.
        raise InputError([*decoder.complaints, *check_audits(audits)])
    return tuple(audits)


def load_audit(node: Yaml | None, shown: str) -> Audit:
    """Turn one parsed file into an audit; raises :class:`InputError`."""
    decoder = Decoder()
    audit = _audit(node, shown, decoder)
    decoder.finish()
    assert audit is not None
    return audit


def _audit(node: Yaml | None, shown: str, decoder: Decoder) -> Audit | None:
    """Return what could be read of a file, with its sound controls; the rest is in the decoder's complaints."""
    if node is None:
        decoder.complaints.append(Complaint(shown, 0, "the audit is empty"))
        return None
    raw = decoder.decode(node, _Audit, "the audit")
    controls = [control_of(part, decoder) for part in (_controls(node) if raw is None else raw.controls)]
    if raw is None:
        return None
    if not raw.controls:
        decoder.complain(raw.source, "the audit has no controls: give at least one")
    lists = {name: _list(name, part, decoder) for name, part in raw.lists.items()}
    return Audit(
        id=raw.audit,
        title=raw.title,
        applies_to=raw.applies_to,
        controls=tuple(control for control in controls if control is not None),
        source=raw.source,
        lists={name: tuple(map(_without_why, entries)) for name, entries in lists.items()},
        reasons=lists,
        lines=key_lines(node),
        templated_lists=tuple(name for name, part in raw.lists.items() if holds_template(part)),
        list_lines={name: part.source.line for name, part in raw.lists.items()},
    )


def _controls(node: Yaml) -> tuple[Yaml, ...]:
    """Return the controls of a file whose head is broken, so that their complaints come along."""
    entries = node.entries if isinstance(node, nodes.Mapping) else ()
    return next((v.items for key, v in entries if key.text == "controls" and isinstance(v, nodes.Sequence)), ())


def _list(name: str, node: Yaml, decoder: Decoder) -> tuple[Json, ...]:
    if not isinstance(node, nodes.Sequence):
        decoder.complain(node.source, f"lists: {name}: a list is due here")
        return ()
    found: list[Json] = []
    for item in node.items:
        try:
            found.append(literal(item, OPEN))
        except LiteralFault as fault:
            decoder.complain(fault.source, f"lists: {name}: {fault}")
    return tuple(found)


def _without_why(entry: Json) -> Json:
    """Return an entry as it is compared: ``{value: X, why: …}`` is X, an object loses its ``why``."""
    if not isinstance(entry, dict):
        return entry
    kept = {name: part for name, part in entry.items() if name != "why"}
    return kept["value"] if kept.keys() == {"value"} else kept


def _twice(audits: Iterable[Audit]) -> list[Complaint]:
    """Ids of audits and controls are unique over all files, regardless of case: findings are stored under them."""
    seen: dict[str, Source] = {}
    found: list[Complaint] = []
    for audit in audits:
        named = [("audit", audit.id, audit.source)]
        named += [("control", control.id, control.line("id")) for control in audit.controls]
        for kind, name, source in named:
            first = seen.setdefault(f"{kind} {name.lower()}", source)
            if first is not source:
                where = f"{first.path}:{first.line}"
                found.append(Complaint(source.path, source.line, f"{kind} {name!r} stands already in {where}"))
    return found
