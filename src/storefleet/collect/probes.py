"""Facts of one's own applications, without Python: the values of ``inventory/probes.yaml`` and how they are read."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping
from typing import Literal

import msgspec
import textfsm  # type: ignore[import-untyped] # the package ships no types

from storefleet.documents.decode import Decoder
from storefleet.documents.nodes import Node, Source
from storefleet.documents.regexes import pattern_fault
from storefleet.errors import InputError
from storefleet.model.base import Value

MAX_SEARCHED = 64 * 1024
"""What a device can make a search over several lines cost grows with the square of the text; this much is seconds."""

_SIZE = re.compile(r"([0-9]{1,9})(KiB|MiB|B)?")
_SECONDS = re.compile(r"([0-9]{1,3})s?")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")
_INTO = re.compile(r"/app/[A-Za-z0-9][A-Za-z0-9_-]{0,62}")
_TAKE = re.compile(r"[^:]+(:(int|float|bool|str))?")
_UNITS = {None: 1, "B": 1, "KiB": 1024, "MiB": 1024 * 1024}
Format = Literal["ini", "json", "yaml", "keyvalue", "lines", "regex", "textfsm", "stat"]
STAT_FIELDS = ("age", "size", "mode", "owner", "group", "mtime", "exists")


class Probe(Value, frozen=True):
    """One probe, checked: what to read, how to parse it, what to keep of it and where.

    Exactly one of ``file``, ``stat`` and ``run`` is given. ``pattern`` is the regular expression or the TextFSM
    template; ``take`` maps a field to a path (``main/version``, ``port:int``); no ``take`` keeps everything that was
    parsed. ``busy_when`` and ``applies_to`` are kept as text: who waits and who is asked is decided elsewhere.
    """

    id: str
    file: str | None = None
    stat: str | None = None
    run: tuple[str, ...] = ()
    max_bytes: int = 64 * 1024
    encoding: str | None = None
    timeout_s: int = 5
    parse: Format = "lines"
    pattern: str | None = None
    take: Mapping[str, str] = {}
    redact: tuple[str, ...] = ()
    into: str | None = None
    busy_when: str | None = None
    applies_to: str | None = None


class WatchRule(Value, frozen=True):
    """Which hosts' files are watched."""

    hosts: str
    files: tuple[str, ...]
    max_bytes: int


class Probes(Value, frozen=True):
    """The whole of ``probes.yaml``."""

    probes: tuple[Probe, ...] = ()
    watch: tuple[WatchRule, ...] = ()


class _Read(msgspec.Struct, frozen=True):
    file: str | None = None
    stat: str | None = None
    run: tuple[str, ...] = ()
    max: str = "64KiB"
    encoding: str | None = None
    timeout: str = "5s"
    source: Source = Source("", 0)


class _Probe(msgspec.Struct, frozen=True):
    id: str
    read: _Read
    applies_to: str | None = None
    parse: str | dict[str, str] | None = None
    take: dict[str, str] = {}
    redact: tuple[str, ...] = ()
    into: str | None = None
    busy_when: str | None = None
    source: Source = Source("", 0)


class _Watch(msgspec.Struct, frozen=True):
    hosts: str
    files: tuple[str, ...]
    max: str = "256KiB"
    source: Source = Source("", 0)


class _File(msgspec.Struct, frozen=True):
    probes: tuple[_Probe, ...] = ()
    watch: tuple[_Watch, ...] = ()


def load_probes(node: Node | None, template: Callable[[str], str] | None = None) -> Probes:
    """Decode ``probes.yaml``; raises :class:`InputError` with every complaint at its line. No document, no probes.

    ``template`` returns the text of a TextFSM file by its name; it raises :class:`InputError` when there is none.
    """
    if node is None:
        return Probes()
    decoder = Decoder()
    file = decoder.decode(node, _File, "probes.yaml")
    if file is None:
        raise InputError(decoder.complaints)
    seen: dict[str, Source] = {}
    probes = []
    for written in file.probes:
        if written.id in seen:
            first = seen[written.id]
            decoder.complain(written.source, f"the probe {written.id!r} stands at {first.path}:{first.line} already")
        seen[written.id] = written.source
        probes.append(_with_template(_probe(written, decoder), written.source, template, decoder))
    watch = tuple(_watch(written, decoder) for written in file.watch)
    probes = [
        _with_template(probe, written.source, template, decoder)
        for probe, written in zip(probes, file.probes, strict=True)
    ]
    decoder.finish()
    return Probes(tuple(probes), watch)


def _with_template(probe: Probe, source: Source, template: Callable[[str], str] | None, decoder: Decoder) -> Probe:
    """Put the text of the TextFSM template where its name stood, proven to compile."""
    if probe.parse != "textfsm" or probe.pattern is None:
        return probe
    try:
        text = template(probe.pattern) if template is not None else ""
        textfsm.TextFSM(io.StringIO(text))
    except InputError as fault:
        decoder.complain(source, f"parse: textfsm: {fault}")
        return probe
    except textfsm.Error as fault:
        decoder.complain(source, f"parse: textfsm: {probe.pattern} is no template: {fault}")
        return probe
    return msgspec.structs.replace(probe, pattern=text)


def _probe(written: _Probe, decoder: Decoder) -> Probe:
    read = written.read
    if not _ID.fullmatch(written.id):
        decoder.complain(written.source, f"the id {written.id!r} is not made of letters, digits, _ and -")
    if sum(map(bool, (read.file, read.stat, read.run))) != 1:
        decoder.complain(read.source, "read: exactly one of file, stat and run is due")
    _check_paths(read, decoder)
    _check_fields(written, decoder)
    kind, pattern = _format(written, decoder)
    return Probe(
        id=written.id,
        file=read.file,
        stat=read.stat,
        run=read.run,
        max_bytes=_size(read.max, read.source, decoder),
        encoding=_encoding(read, decoder),
        timeout_s=_seconds(read.timeout, read.source, decoder),
        parse=kind,
        pattern=pattern,
        take=written.take,
        redact=written.redact,
        into=written.into,
        busy_when=written.busy_when,
        applies_to=written.applies_to,
    )


def _check_paths(read: _Read, decoder: Decoder) -> None:
    for path in filter(None, (read.file, read.stat, *read.run[:1])):
        if not path.startswith("/"):
            decoder.complain(read.source, f"read: {path!r} is not an absolute path")
    if any("\x00" in word for word in (read.file or "", read.stat or "", *read.run)):
        decoder.complain(read.source, "read: an argument cannot hold a NUL character")


def _check_fields(written: _Probe, decoder: Decoder) -> None:
    if written.into is not None and not _INTO.fullmatch(written.into):
        decoder.complain(written.source, f"into: {written.into!r} is not of the form /app/NAME")
    if written.into is None and written.busy_when is None:
        decoder.complain(written.source, "a probe needs `into:` or `busy_when:`, else nobody sees what it read")
    for field, path in written.take.items():
        if not _TAKE.fullmatch(path):
            decoder.complain(written.source, f"take: {field}: {path!r} is not PATH or PATH:int|float|bool|str")
    for field in written.redact if written.take else ():
        if field not in written.take:
            decoder.complain(written.source, f"redact: {field!r} is not among the fields of take")


def _format(written: _Probe, decoder: Decoder) -> tuple[Format, str | None]:
    parse = written.parse
    if written.read.stat is not None:
        if parse is not None:
            decoder.complain(written.source, "parse: a stat needs none; its fields are " + ", ".join(STAT_FIELDS))
        return "stat", None
    if isinstance(parse, dict):
        return _pattern(parse, written, decoder)
    if parse in ("ini", "json", "yaml", "keyvalue", "lines"):
        return parse, None  # type: ignore[return-value] # mypy does not narrow str to a Literal by membership
    wanted = "ini, json, yaml, keyvalue, lines, {regex: …} or {textfsm: FILE}"
    decoder.complain(written.source, f"parse: one of {wanted} is due, not {parse!r}")
    return "lines", None


def _pattern(parse: dict[str, str], written: _Probe, decoder: Decoder) -> tuple[Format, str | None]:
    if set(parse) == {"textfsm"}:
        return "textfsm", parse["textfsm"]
    if set(parse) != {"regex"}:
        decoder.complain(written.source, "parse: a mapping here has exactly the key regex, or exactly textfsm")
        return "lines", None
    fault = pattern_fault(parse["regex"])
    if fault is not None:
        decoder.complain(written.source, f"parse: regex: {fault}")
    if _size(written.read.max, written.read.source, decoder) > MAX_SEARCHED:
        decoder.complain(
            written.read.source, f"max: a regular expression is tried on {MAX_SEARCHED // 1024}KiB at most"
        )
    return "regex", parse["regex"]


def _watch(written: _Watch, decoder: Decoder) -> WatchRule:
    for path in written.files:
        if not path.startswith("/") or "\x00" in path:
            decoder.complain(written.source, f"files: {path!r} is not an absolute path")
    return WatchRule(written.hosts, written.files, _size(written.max, written.source, decoder))


def _size(text: str, source: Source, decoder: Decoder) -> int:
    match = _SIZE.fullmatch(text)
    size = int(match[1]) * _UNITS[match[2]] if match else 0
    if not 0 < size <= 1024 * 1024:
        decoder.complain(source, f"max: {text!r} is not a size such as 64KiB, at most 1MiB")
    return size


def _seconds(text: str, source: Source, decoder: Decoder) -> int:
    match = _SECONDS.fullmatch(text)
    seconds = int(match[1]) if match else 0
    if not 0 < seconds <= 30:
        decoder.complain(source, f"timeout: {text!r} is not a number of seconds such as 5s, at most 30s")
    return seconds


def _encoding(read: _Read, decoder: Decoder) -> str | None:
    if read.encoding is not None:
        try:
            "".encode(read.encoding)
        except LookupError:
            decoder.complain(read.source, f"encoding: {read.encoding!r} is not known; gb18030, utf-8, cp1252 are")
    return read.encoding
