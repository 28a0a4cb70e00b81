"""Reading what a probe of ``probes.yaml`` printed: parse, take, redact."""

from __future__ import annotations

import configparser
import io
import json
import re
from collections.abc import Callable, Mapping
from typing import Any, NoReturn, cast

import textfsm  # type: ignore[import-untyped] # the package ships no types

from storefleet.collect.cards import mask_cards
from storefleet.collect.facts import Fact, Findings, pointer, steps
from storefleet.collect.probes import Probe
from storefleet.collect.redact import redact, redact_urls
from storefleet.collect.text import Records, instant, integer, number
from storefleet.documents import decode, reader
from storefleet.documents.regexes import MAX_TEXT
from storefleet.documents.secrets import is_secret_name
from storefleet.errors import InputError
from storefleet.model.base import Json
from storefleet.model.state import Missing

_SEPARATOR = re.compile("[=:]")
_BLANKS = re.compile(r"[^\S\n]{201}")
_BOOLEANS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


class _Unreadable(Exception):
    """The text is not what the probe says that it is; the message never quotes it, since it may hold a secret."""


def app(text: str, probe: Probe, key: bytes) -> Findings:
    """Yield the fields of one probe below its ``into``; what could not be parsed is missing, never empty."""
    place = probe.into or pointer("app", probe.id)
    try:
        _readable(text, probe)
        parsed = _PARSERS[probe.parse](mask_cards(text), probe)
    except _Unreadable as fault:
        yield from (Missing(_field(place, name), f"cannot parse: {fault}") for name in probe.take or [""])
        return
    yield Fact(place, {})
    if probe.parse == "stat" and parsed == {"exists": False}:
        yield Fact(place + "/exists", value=False)
    for name, value in _taken(parsed, probe).items():
        if isinstance(value, _Unreadable):
            yield Missing(_field(place, name), f"cannot parse: {value}")
        else:
            yield Fact(_field(place, name), _hidden(value, key) if _is_secret(name, probe) else _clean(value, key))


def _readable(text: str, probe: Probe) -> None:
    """Refuse what no application writes and a parser of patterns would take minutes for, while every thread waits."""
    if probe.parse == "ini" and _BLANKS.search(text):
        raise _Unreadable("more than 200 blanks in a row")
    if probe.parse in ("regex", "textfsm") and any(len(line) > MAX_TEXT for line in text.split("\n")):
        raise _Unreadable(f"a line of more than {MAX_TEXT:,} characters")


def _is_secret(name: str, probe: Probe) -> bool:
    """Tell whether a field is to be hidden: who wrote the probe said so, or its name or the text's own says it."""
    source = probe.take.get(name, "").partition(":")[0] if probe.take else ""
    return name in probe.redact or is_secret_name(name) or is_secret_name(source.rpartition("/")[2])


def _clean(value: Json, key: bytes) -> Json:
    """Hide what is called a secret anywhere within a value that was taken whole."""
    if isinstance(value, dict):
        return {
            name: _hidden(part, key) if is_secret_name(name) and part not in (None, "") else _clean(part, key)
            for name, part in value.items()
        }
    if isinstance(value, str):
        return redact_urls(value, key)
    return [_clean(part, key) for part in value] if isinstance(value, list) else value


def _hidden(value: Json, key: bytes) -> str:
    return redact(value if isinstance(value, str) else json.dumps(value, sort_keys=True), key)


def _field(place: str, name: str) -> str:
    return place + pointer(name) if name else place


def _taken(parsed: Json, probe: Probe) -> Mapping[str, Json | _Unreadable]:
    """Return field → value; a path that is not in the text is absent, as the text says."""
    if not probe.take:
        return parsed if isinstance(parsed, dict) else {"value": parsed}
    found: dict[str, Json | _Unreadable] = {}
    for name, path in probe.take.items():
        where, _, kind = path.partition(":")
        try:
            found[name] = _typed(_walk(parsed, where), kind)
        except LookupError:
            continue
        except _Unreadable as fault:
            found[name] = fault
    return found


def _walk(value: Json, path: str) -> Json:
    """Go down a path of keys and indices; raises ``LookupError`` where it ends."""
    for step in steps("/" + path):
        if isinstance(value, dict):
            value = value[step]
        elif isinstance(value, list):
            index = integer(step)
            if index is None:
                raise LookupError(step)
            value = value[index]
        else:
            raise LookupError(step)  # noqa: TRY004 - the path ends here, as it does at a key that is not there
    return value


def _typed(value: Json, kind: str) -> Json:
    text = str(value).strip()
    if kind == "int":
        return _due(integer(text), "a whole number is due")
    if kind == "float":
        return _due(number(text), "a number is due")
    if kind == "bool":
        words = {
            "true": True,
            "yes": True,
            "on": True,
            "1": True,
            "false": False,
            "no": False,
            "off": False,
            "0": False,
        }
        return _due(words.get(text.lower()), "yes or no is due")
    return text if kind == "str" else value


def _due(value: Json, otherwise: str) -> Json:
    if value is None:
        raise _Unreadable(otherwise)
    return value


def _ini(text: str, probe: Probe) -> Json:
    parser = configparser.RawConfigParser(strict=False, allow_no_value=True)
    parser.optionxform = str  # type: ignore[assignment, method-assign] # keys keep their case, as configparser documents
    try:
        parser.read_string(text)
    except configparser.Error as fault:
        raise _Unreadable(f"not INI ({type(fault).__name__})") from None
    return {section: dict(parser.items(section)) for section in parser.sections()}


def _json(text: str, probe: Probe) -> Json:
    def refuse(word: str) -> NoReturn:
        raise ValueError(word)

    try:
        return cast("Json", json.loads(text, parse_constant=refuse))
    except (ValueError, RecursionError):
        raise _Unreadable("not JSON") from None


def _yaml(text: str, probe: Probe) -> Json:
    try:
        return cast("Json", decode.decode(reader.parse(text, probe.id), cast("type[Any]", Any)))
    except (InputError, RecursionError, AssertionError):
        raise _Unreadable("not YAML") from None


def _keyvalue(text: str, probe: Probe) -> Json:
    found: dict[str, Json] = {}
    for line in text.split("\n"):
        separator = _SEPARATOR.search(line)
        key = line[: separator.start()].strip() if separator else ""
        if separator and key and key[0] not in "#;":
            found[key] = line[separator.end() :].strip().strip("\"'")
    if not found and text.strip():
        raise _Unreadable("no line of the form KEY=VALUE")
    return found


def _lines(text: str, probe: Probe) -> Json:
    return [line.strip() for line in text.split("\n") if line.strip()]


def _regex(text: str, probe: Probe) -> Json:
    match = re.search(probe.pattern or "", text, re.MULTILINE)
    if match is None:
        raise _Unreadable("the pattern is not in it")
    named = {name: value for name, value in match.groupdict().items() if value is not None}
    return cast(
        "Json", named or {str(index): value for index, value in enumerate(match.groups(), 1) if value is not None}
    )


def _textfsm(text: str, probe: Probe) -> Json:
    try:
        return cast("Json", textfsm.TextFSM(io.StringIO(probe.pattern or "")).ParseTextToDicts(text))
    except textfsm.Error as fault:
        raise _Unreadable(f"the TextFSM template stopped ({type(fault).__name__})") from None


def _stat(text: str, probe: Probe) -> Json:
    """Read the probe's ``stat``: the age is by the device's own clock, so that a wrong clock does not show as age."""
    records = Records(text)
    if records.first("absent"):
        return {"exists": False}
    words = (records.first("stat") or "").split(" ")
    changed, size = (integer(words[3]), integer(words[4])) if len(words) == 5 else (None, None)
    if changed is None or size is None:
        raise _Unreadable("not the answer of stat")
    found: dict[str, Json] = {"exists": True, "mode": words[0].zfill(4), "owner": words[1], "group": words[2]}
    found["size"] = size
    moment, now = instant(changed), integer(records.first("now") or "")
    if moment:
        found["mtime"] = moment
    if now is not None:
        found["age"] = now - changed
    return found


_PARSERS: dict[str, Callable[[str, Probe], Json]] = {
    "ini": _ini,
    "json": _json,
    "yaml": _yaml,
    "keyvalue": _keyvalue,
    "lines": _lines,
    "regex": _regex,
    "textfsm": _textfsm,
    "stat": _stat,
}
