"""Comparing versions as the package's own system does, since 1.10 is above 1.9 and 2.4~rc1 is below 2.4."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import zip_longest

_CLAUSE = re.compile(r"\s*(>=|<=|==|!=|>|<)\s*([^\s,<>=!]+)\s*")
_OPERATORS: dict[str, Callable[[int], bool]] = {
    ">=": lambda order: order >= 0,
    "<=": lambda order: order <= 0,
    "==": lambda order: order == 0,
    "!=": lambda order: order != 0,
    ">": lambda order: order > 0,
    "<": lambda order: order < 0,
}


@dataclass(frozen=True, slots=True)
class Clause:
    """One bound of a range."""

    operator: str
    version: str

    def holds(self, version: str, system: str) -> bool:
        """Tell whether the version keeps the bound."""
        return _OPERATORS[self.operator](compare(version, self.version, system))


@lru_cache(maxsize=1024)
def parse_range(text: str) -> tuple[Clause, ...]:
    """Parse ``>=2.4,<3``: every clause must hold. Raises ``ValueError``."""
    clauses = []
    for part in text.split(","):
        match = _CLAUSE.fullmatch(part)
        if match is None:
            message = f"{text!r} is not a range of versions: write clauses such as >=2.4,<3 or ==2.4.1-1"
            raise ValueError(message)
        clauses.append(Clause(match[1], match[2]))
    return tuple(clauses)


def in_range(version: str, text: str, system: str) -> bool:
    """Tell whether a version lies in the range, as ``system`` (``dpkg``, ``rpm`` or another) compares."""
    return all(clause.holds(version, system) for clause in parse_range(text))


def compare(left: str, right: str, system: str) -> int:
    """Return -1, 0 or 1."""
    if system == "dpkg":
        return compare_debian(left, right)
    if system == "rpm":
        return compare_rpm(left, right)
    return compare_generic(left, right)


def compare_debian(left: str, right: str) -> int:
    """Compare as ``dpkg --compare-versions`` does: epoch, upstream version, revision (deb-version(7))."""
    left_epoch, left_upstream, left_revision = _split_debian(left)
    right_epoch, right_upstream, right_revision = _split_debian(right)
    if left_epoch != right_epoch:
        return -1 if left_epoch < right_epoch else 1
    return _debian_part(left_upstream, right_upstream) or _debian_part(left_revision, right_revision)


def _split_debian(version: str) -> tuple[int, str, str]:
    text = version.strip()
    epoch, colon, rest = text.partition(":")
    if not colon or not epoch.isascii() or not epoch.isdigit():
        epoch, rest = "0", text
    upstream, _, revision = rest.rpartition("-") if "-" in rest else (rest, "", "")
    return int(epoch[:18]), upstream, revision


def _debian_part(left: str, right: str) -> int:
    """Compare alternating runs of non-digits (by weight) and digits (as numbers)."""
    left_runs, right_runs = re.findall(r"([^0-9]*)([0-9]*)", left), re.findall(r"([^0-9]*)([0-9]*)", right)
    for (left_word, left_number), (right_word, right_number) in zip_longest(left_runs, right_runs, fillvalue=("", "")):
        order = _weighed(left_word, right_word)
        if order:
            return order
        order = _sign(int(left_number or "0"), int(right_number or "0"))
        if order:
            return order
    return 0


def _weighed(left: str, right: str) -> int:
    """Compare non-digits: ``~`` sorts before the end, letters before everything else."""
    for left_mark, right_mark in zip_longest(left, right, fillvalue=""):
        order = _sign(_weight(left_mark), _weight(right_mark))
        if order:
            return order
    return 0


def _weight(mark: str) -> int:
    if mark == "~":
        return -1
    if not mark:
        return 0
    return ord(mark) if mark.isascii() and mark.isalpha() else ord(mark) + 256


def compare_rpm(left: str, right: str) -> int:
    """Compare as ``rpmvercmp`` does, epoch and release included (rpm-version(7)); a release asked by one side only is
    not compared, as in rpm's own dependencies."""
    left_epoch, left_version, left_release = _split_rpm(left)
    right_epoch, right_version, right_release = _split_rpm(right)
    order = _sign(left_epoch, right_epoch) or _rpm_part(left_version, right_version)
    if order or not left_release or not right_release:
        return order
    return _rpm_part(left_release, right_release)


def _split_rpm(version: str) -> tuple[int, str, str]:
    epoch, colon, rest = version.strip().partition(":")
    if not colon or not epoch.isascii() or not epoch.isdigit():
        epoch, rest = "0", version.strip()
    upstream, _, release = rest.rpartition("-") if "-" in rest else (rest, "", "")
    return int(epoch[:18]), upstream, release


def _rpm_part(left: str, right: str) -> int:
    left_marks, right_marks = (re.findall(r"[0-9]+|[A-Za-z]+|~|\^", part) for part in (left, right))
    for left_mark, right_mark in zip_longest(left_marks, right_marks, fillvalue=""):
        if left_mark == right_mark:
            continue
        order = _rpm_segment(left_mark, right_mark)
        if order:
            return order
    return 0


def _rpm_segment(left: str, right: str) -> int:
    """Compare two unequal segments; the empty one is the end of its version."""
    if "~" in {left, right}:
        return -1 if left == "~" else 1
    if "^" in {left, right}:
        if not left or not right:
            return 1 if left == "^" else -1
        return -1 if left == "^" else 1
    if not left or not right:
        return 1 if left else -1
    if left[0].isdigit() != right[0].isdigit():
        return 1 if left[0].isdigit() else -1
    return _sign(int(left), int(right)) if left[0].isdigit() else (-1 if left < right else 1)


def compare_generic(left: str, right: str) -> int:
    """Compare where no package system is known: numbers as numbers, ``~`` before the end, letters before numbers."""
    return _debian_part(left.strip(), right.strip())


def _sign(left: int, right: int) -> int:
    return (left > right) - (left < right)
