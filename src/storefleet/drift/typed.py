"""Whether what somebody typed at a router is what made a line of its configuration come or go."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence

from storefleet.drift.compare import Delta

_HIDDEN = re.compile(r"<redacted(:[0-9a-f]{12})?>")
_KEYWORD = re.compile(r"[a-z][a-z-]*")
_OPENS = re.compile(r"(int\w* |router |vrf |route-map |line )")
_SHORTEST = 2


def paths(delta: Delta) -> Iterator[tuple[tuple[str, ...], str, bool]]:
    """Yield the lines of a difference: sections, line, whether it came; those that went only where none came."""
    yield from ((path[:-1], path[-1], bool(delta.came)) for path in delta.came or delta.went)


def names(sections: Sequence[str], text: str, delta: Delta) -> bool:
    """Tell whether this text, typed in these sections, is what makes the difference."""
    return any(
        _does(tuple(sections), text, parents, line if came else _no(line)) for parents, line, came in paths(delta)
    )


def named_by(command: str, delta: Delta) -> bool:
    """Tell whether a command line of a shell hands vtysh what makes the difference."""
    open_: list[str] = []
    for text in _handed(command):
        if names(open_, text, delta):
            return True
        if text in ("exit", "quit"):
            del open_[-1:]
        elif text == "end" or text.startswith("conf"):
            open_.clear()
        elif _OPENS.match(text):
            open_[:] = [text]
        elif any(_fits(text, one) for one in _sections(delta)):
            open_.append(text)
    return False


def is_vtysh(command: str) -> bool:
    """Tell whether a command enters vtysh, in whichever way."""
    return re.search(r"(?<![\w.-])vtysh(?![\w-])", command) is not None


def _handed(command: str) -> Iterator[str]:
    try:
        words = shlex.split(command)
    except ValueError:
        return
    program = words[0].rpartition("/")[2] if words else ""
    if program in ("sh", "bash", "dash") and words[-2:-1] == ["-c"]:
        yield from _handed(words[-1].replace("\\\\", "\\"))  # sudo doubles what it logs of `sudo -i`
    if program != "vtysh":
        return
    for at, word in enumerate(words[1:-1], 1):
        if word in ("-c", "--command", "-e"):
            yield from (text.strip() for text in words[at + 1].split("\n"))


def _sections(delta: Delta) -> set[str]:
    return {one for parents, _, _ in paths(delta) for one in parents}


def _no(line: str) -> str:
    return line.removeprefix("no ") if line.startswith("no ") else f"no {line}"


def _does(sections: tuple[str, ...], text: str, parents: tuple[str, ...], line: str) -> bool:
    inside = len(sections) == len(parents) and all(map(_fits, sections, parents))
    if inside and (_fits(text, line) or (line.startswith("no ") and _undoes(text, line))):
        return True
    return bool(
        line.startswith("no ")
        and parents
        and len(sections) < len(parents)
        and all(map(_fits, sections, parents))
        and _fits(text, f"no {parents[len(sections)]}")
    )


def _fits(text: str, line: str) -> bool:
    """Tell whether it is that line, its words whole, or keywords cut as FRR allows; the last word must be whole.

    Of a text that is free, such as a description, every word must be.
    """
    typed, wanted = text.split(), line.split()
    if len(typed) != len(wanted) or not typed:
        return False
    if typed == wanted:
        return True
    if len(typed) == 1 or (typed[0] == wanted[0] == "no" and len(typed) == 2):
        return _cut(typed[-1], wanted[-1])
    free = 2 if wanted[0] == "no" else 1
    if wanted[free - 1] in ("description", "hostname", "banner"):
        whole, cut = range(free, len(typed)), range(free)
    else:
        whole, cut = range(len(typed) - 1, len(typed)), range(len(typed) - 1)
    return all(_same(typed[at], wanted[at]) for at in whole) and all(
        _same(typed[at], wanted[at]) or _cut(typed[at], wanted[at]) for at in cut
    )


def _same(word: str, wanted: str) -> bool:
    return word == wanted or _HIDDEN.fullmatch(wanted) is not None


def _cut(word: str, wanted: str) -> bool:
    return len(word) >= _SHORTEST and _KEYWORD.fullmatch(wanted) is not None and wanted.startswith(word)


def _undoes(text: str, line: str) -> bool:
    """Tell whether it takes the line away without saying all of it: ``no description``."""
    typed, wanted = text.split(), line.split()
    if not 2 <= len(typed) < len(wanted) or typed[0] != "no":
        return False
    if len(typed) == 2:
        return wanted[1] not in ("ip", "ipv6", "neighbor", "log") and _cut(typed[1], wanted[1])
    return all(_same(typed[at], wanted[at]) for at in range(1, len(typed)))
