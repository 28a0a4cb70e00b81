"""Permission bits in all of Ansible's spellings: digits, and words such as ``u=rw,g=r,o=`` or ``o+r``."""

from __future__ import annotations

import re

from storefleet.errors import TaskFailed
from storefleet.modules.base import Request

UMASK = 0o022
"""What a word without ``u``, ``g``, ``o`` or ``a`` leaves out; scripts run under it, whatever the device's own is."""

_CLAUSE = re.compile(r"(?P<who>[ugoa]*)(?P<steps>(?:[-+=](?:[rwxXst]*|[ugo]))+)")
_STEP = re.compile(r"(?P<operator>[-+=])(?P<what>[ugo]|[rwxXst]*)")
_SHIFT = {"u": 6, "g": 3, "o": 0}
_SPECIAL = {("u", "s"): 0o4000, ("g", "s"): 0o2000, ("o", "t"): 0o1000}
_OWN = {"u": 0o4700, "g": 0o2070, "o": 0o1007}


def mode_of(request: Request, present: int, *, folder: bool = False, name: str = "mode") -> int:
    """Return the wanted permission bits, from those that are there; raises :class:`TaskFailed` for what is none."""
    value = request.arguments.get(name)
    if value is None:
        return present
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 0o7777:
        return value
    text = value if isinstance(value, str) else ""
    if re.fullmatch(r"[0-7]{1,5}", text) and int(text, 8) <= 0o7777:
        return int(text, 8)
    clauses = [_CLAUSE.fullmatch(part) for part in text.split(",")]
    if text and all(clauses):
        for clause in clauses:
            assert clause is not None
            present = _clause(clause, present, folder=folder)
        return present
    raise TaskFailed(f"{name}: octal digits as in '0644' or words as in 'u=rw,g=r,o=' are due here, not {value!r:.60}")


def _clause(clause: re.Match[str], mode: int, *, folder: bool) -> int:
    mask = 0o7777 if clause["who"] else 0o7777 & ~UMASK
    everybody = not clause["who"] or "a" in clause["who"]
    for step in _STEP.finditer(clause["steps"]):
        before = mode
        for who in "ugo" if everybody else clause["who"]:
            bits = _bits(who, step["what"], before, folder=folder) & mask
            if step["operator"] == "=":
                mode = mode & ~_OWN[who] | bits
            else:
                mode = mode | bits if step["operator"] == "+" else mode & ~bits
    return mode


def _bits(who: str, what: str, before: int, *, folder: bool) -> int:
    """Return the bits of one letter or several, for one of the three; ``X`` is ``x`` where something may be entered."""
    shift = _SHIFT[who]
    if what in ("u", "g", "o"):
        return (before >> _SHIFT[what] & 0o7) << shift
    bits = 0
    for letter in what:
        if letter == "X":
            bits |= 1 << shift if folder or before & 0o111 else 0
        elif letter in "st":
            bits |= _SPECIAL.get((who, letter), 0)
        else:
            bits |= {"r": 4, "w": 2, "x": 1}[letter] << shift
    return bits
