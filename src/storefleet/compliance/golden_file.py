"""Reading golden configurations: every complaint of every file at once, each at its line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import combinations
from pathlib import Path

import msgspec

from storefleet.compliance.golden import Feature, Golden, begins
from storefleet.compliance.lines import is_frame
from storefleet.documents import nodes
from storefleet.documents.decode import Decoder
from storefleet.documents.nodes import Node, Source
from storefleet.documents.reader import read
from storefleet.documents.regexes import pattern_fault
from storefleet.documents.type_schema import Schema, schema_of
from storefleet.errors import Complaint, InputError
from storefleet.model.base import Value, is_identifier


class GoldenFile(Value, frozen=True):
    """A golden configuration as it is written."""

    golden: str
    applies_to: str
    template: str
    features: tuple[Feature, ...]
    source: Source
    volatile: tuple[str, ...] = ()


SCHEMAS: dict[str, Callable[[], Schema]] = {
    "golden-1": lambda: schema_of("storefleet audits/golden/*.yaml", GoldenFile)
}


def load_goldens(paths: Iterable[Path], shown: Callable[[Path], str] = str) -> tuple[Golden, ...]:
    """Read the files; raises :class:`InputError` with the complaints of all of them.

    ``shown`` gives the path as complaints name it.
    """
    decoder = Decoder()
    found: list[Golden] = []
    for path in paths:
        try:
            node = read(path, shown(path))
        except InputError as fault:
            decoder.complaints += fault.complaints
            continue
        golden = _golden(node, shown(path), decoder)
        if golden is None:
            continue
        twin = next((other for other in found if other.name.lower() == golden.name.lower()), None)
        if twin is not None:
            decoder.complain(golden.place("golden"), f"golden {golden.name!r} stands already in {twin.source.path}")
        found.append(golden)
    decoder.finish()
    return tuple(found)


def _golden(node: Node | None, shown: str, decoder: Decoder) -> Golden | None:
    if node is None:
        decoder.complaints.append(Complaint(shown, 0, "the golden configuration is empty"))
        return None
    raw = decoder.decode(node, GoldenFile, "the golden configuration")
    if raw is None:
        return None
    for steps, message in (*_head_faults(raw), *_feature_faults(raw), *_overlaps(raw)):
        decoder.complain(_place(node, steps), message)
    places = {key.text: key.source for key, _ in node.entries} if isinstance(node, nodes.Mapping) else {}
    fields = msgspec.structs.asdict(raw)
    return Golden(name=fields.pop("golden"), places=places, **fields)


_Fault = tuple[tuple[str | int, ...], str]
"""Where something is wrong, as keys and positions from the root of the file, and what."""


def _place(node: Node, steps: Iterable[str | int]) -> Source:
    for step in steps:
        if isinstance(step, int) and isinstance(node, nodes.Sequence):
            node = node.items[step]
        elif isinstance(node, nodes.Mapping):
            node = next((part for key, part in node.entries if key.text == step), node)
    return node.source


def _head_faults(raw: GoldenFile) -> Iterator[_Fault]:
    if not is_identifier(raw.golden):
        yield ("golden",), f"golden: {raw.golden!r} is no name; letters, digits, _ and -, at most 63 in all"
    if not raw.features:
        yield ("features",), "features: at least one is due, since nothing is compared that no feature owns"
    if not raw.template or raw.template.startswith("/") or ".." in Path(raw.template).parts:
        yield ("template",), f"template: a path below audits/ is due here, not {raw.template!r}"
    for number, pattern in enumerate(raw.volatile):
        fault = pattern_fault(pattern)
        if fault:
            yield ("volatile", number), f"volatile: {pattern!r}: {fault}"


def _feature_faults(raw: GoldenFile) -> Iterator[_Fault]:
    names: set[str] = set()
    rest = ""
    for number, feature in enumerate(raw.features):
        place = ("features", number)
        if not is_identifier(feature.name):
            yield (*place, "name"), f"{feature.name!r} is no name; letters, digits, _ and -, at most 63 in all"
        if feature.name.lower() in names:
            yield (*place, "name"), f"there is a feature {feature.name!r} already"
        names.add(feature.name.lower())
        if not feature.lines and rest:
            yield place, f"{feature.name} has no lines, and {rest} owns already what no other feature does"
        rest = rest or ("" if feature.lines else feature.name)
        for word in ("lines", "ignore_children"):
            for index, words in enumerate(getattr(feature, word)):
                if fault := _beginning_fault(words):
                    yield (*place, word, index), f"{feature.name}: {word}: {fault}"
        for index, position in enumerate(feature.secret):
            if position < 0:
                yield (*place, "secret", index), f"{feature.name}: secret: words are counted from 0, not {position}"


def _beginning_fault(words: str) -> str:
    """Tell what is wrong with the beginning of a line."""
    if not words.strip():
        return "the beginning of a line is due here; a feature that owns all else has no `lines`"
    if not words.isprintable() or words.strip() != " ".join(words.split()):
        return f"{words!r} is written otherwise by the router: single blanks, nothing that cannot be printed"
    if words.startswith("no ") or words.strip() == "no":
        return f"{words!r}: leave the `no` out; a line and its `no` have one owner"
    if words.startswith(" "):
        return f"{words!r}: a line is written here without its indentation"
    return f"{words!r} only frames the text; it is never compared" if is_frame(words.strip()) else ""


def _overlaps(raw: GoldenFile) -> Iterator[_Fault]:
    """Find beginnings of which one begins with the other: two features would own one line."""
    every = [
        (feature.name, words.strip(), ("features", number, "lines", index))
        for number, feature in enumerate(raw.features)
        for index, words in enumerate(feature.lines)
    ]
    for (one, words, _), (other, more, place) in combinations(every, 2):
        if begins(words, more) or begins(more, words):
            longer = max(words, more, key=len)
            whose = f"{one} and {other} both own" if one != other else f"{one} owns twice"
            yield place, f"{whose} the lines that begin with {longer!r}"
