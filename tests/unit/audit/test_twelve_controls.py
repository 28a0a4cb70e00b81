"""The twelve worked controls of the design, against a till that breaks eight of them and hides one."""

from __future__ import annotations

from pathlib import Path

from storefleet.audit.words import result_lines

CASES = Path(__file__).parent / "cases"


def test_the_twelve_controls_print_exactly_what_the_design_shows(twelve, judged):
    shown = (CASES / "twelve" / "twelve-controls.txt").read_text(encoding="utf-8").split("\n---", 1)[0].rstrip()
    lines = [line for result in judged(twelve) for line in result_lines(result)]
    assert "\n".join(lines) == shown
