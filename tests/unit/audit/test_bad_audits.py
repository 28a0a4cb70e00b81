"""Every file in ``cases/bad`` is wrong; the complaints that it must give stand beside it.

``UPDATE_CASES=1`` writes them anew; read the difference before you commit it.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from storefleet.audit.evaluate import roots
from storefleet.audit.load import load_audits
from storefleet.audit.render_check import RenderCheck
from storefleet.audit.typed import check_audits
from storefleet.errors import InputError

BAD = Path(__file__).parent / "cases" / "bad"


def complaints_of(path: Path, till) -> list[str]:
    try:
        audits = load_audits([path], lambda given: given.name)
    except InputError as fault:
        return list(map(str, fault.complaints))
    found = check_audits(audits)
    if not found:
        rendered = [
            RenderCheck(audit, control).complaints(roots(audit, till.HOST, till.STORE, None))
            for audit in audits
            for control in audit.controls
        ]
        found = [complaint for part in rendered for complaint in part]
    return list(map(str, sorted(found)))


@pytest.mark.parametrize("name", sorted(path.stem for path in BAD.glob("*.yaml")))
def test_a_bad_audit_is_refused_with_every_complaint_at_its_line(name, till):
    given = "\n".join(complaints_of(BAD / f"{name}.yaml", till)) + "\n"
    expected = BAD / f"{name}.expected"
    if os.environ.get("UPDATE_CASES"):
        expected.write_text(given, encoding="utf-8")
    assert given == expected.read_text(encoding="utf-8")


def test_the_worked_audit_has_nothing_to_complain_of(till, twelve):
    assert check_audits([twelve]) == []
    for control in twelve.controls:
        assert RenderCheck(twelve, control).complaints(roots(twelve, till.HOST, till.STORE, None)) == []


def test_one_control_id_in_two_files_names_both_places(tmp_path):
    text = (BAD / "twice.yaml").read_text().replace("d-01", "D-02")
    (tmp_path / "a.yaml").write_text(text)
    (tmp_path / "b.yaml").write_text(text.replace("audit: twice", "audit: other"))
    with pytest.raises(InputError) as fault:
        load_audits([tmp_path / "a.yaml", tmp_path / "b.yaml"], lambda path: path.name)
    assert "b.yaml:5: control 'D-01' stands already in a.yaml:5" in str(fault.value)
