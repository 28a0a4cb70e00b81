"""The security page names every attack of the list once, and only tests that exist."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from command_line import ROOT

PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| ([SR]-\d\d) \|(.+)\|$", PAGE, re.MULTILINE)
DUE = {
    *(f"S-{number:02}" for number in range(1, 28)),
    *("S-29", "S-30", "S-31", "S-33", "S-34", "S-35", "S-36"),
    *(f"R-{number:02}" for number in range(1, 9)),
    *("R-10", "R-11", "R-12", "R-13", "R-14", "R-17", "R-18"),
}


def test_every_attack_of_the_list_has_one_row():
    assert Counter(name for name, _ in ROWS) == Counter(DUE)


@pytest.mark.parametrize(("name", "row"), ROWS, ids=[name for name, _ in ROWS])
def test_the_tests_of_a_row_exist(name, row):
    tried, happens, shown = (cell.strip() for cell in row.split(" | "))
    assert tried
    assert happens
    named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", shown)
    assert named, f"{name} names no test"
    for path, test in named:
        assert re.search(rf"^def {test}\(", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE), (path, test)
