"""Every folder ``cases/<platform>/<name>`` is a recorded host; ``expected.json`` is the document it must give.

``--update-goldens`` writes the expectations again, for a person to review in the diff.
"""

import json
from pathlib import Path

import pytest
from collect_harness import replay

from storefleet.documents.published import problems
from storefleet.model.state import StateDocument

CASES = sorted(path.parent for path in (Path(__file__).parent / "cases").glob("*/*/stdout.txt"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}/{case.name}")
def test_a_recorded_host_gives_its_document(case: Path, request: pytest.FixtureRequest) -> None:
    document = replay(case).to_json()
    text = json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    expected = case / "expected.json"
    if request.config.getoption("--update-goldens"):
        expected.write_text(text, encoding="utf-8")
    assert text == expected.read_text(encoding="utf-8")
    assert problems(document, "state-1") == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}/{case.name}")
def test_a_document_survives_its_way_through_json(case: Path) -> None:
    document = replay(case)
    assert StateDocument.from_json(json.loads(json.dumps(document.to_json()))) == document
