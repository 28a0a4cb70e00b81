"""The twelve worked controls of the design, against a till that breaks eight of them and hides one."""

from __future__ import annotations

import subprocess
from pathlib import Path

import msgspec

from storefleet.audit.compliance import compliance_diff
from storefleet.audit.shape import state_schema
from storefleet.audit.unflatten import unflatten
from storefleet.audit.words import result_lines

GOLDEN = (Path(__file__).parent / "cases" / "twelve" / "twelve-controls.txt").read_text(encoding="utf-8")


def test_the_twelve_controls_print_exactly_what_the_design_shows(twelve, judged):
    lines = [line for result in judged(twelve) for line in result_lines(result)]
    assert "\n".join(lines) == GOLDEN.split("\n---", 1)[0].rstrip()


def test_the_compliance_diff_is_exactly_the_one_that_the_design_shows(till, twelve, judged):
    shown = compliance_diff(till.DOCUMENT, judged(twelve), lambda document: judged(twelve, document))
    assert shown.diff == GOLDEN[GOLDEN.index("--- ") : GOLDEN.index("\npatching file")]


def test_patch_applies_the_diff_and_the_patched_document_passes(till, twelve, judged, tmp_path):
    shown = compliance_diff(till.DOCUMENT, judged(twelve))
    observed = tmp_path / "S0412-pos2.observed"
    observed.write_text(shown.observed_text)
    subprocess.run(["patch", "-p0"], input=shown.diff, cwd=tmp_path, text=True, check=True, capture_output=True)
    assert observed.read_text() == shown.required_text
    patched = msgspec.structs.replace(till.DOCUMENT, facts=unflatten(observed.read_text(), state_schema()))
    assert [result.state for result in judged(twelve, patched)] == ["pass"] * 11 + ["unknown"]
