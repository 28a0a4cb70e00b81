"""Every folder ``cases/<platform>/<name>`` is a recorded host; ``expected.json`` is the document it must give.

``--update-goldens`` writes the expectations again, for a person to review in the diff.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from collect_harness import replay

from storefleet.collect.facts import pointer
from storefleet.documents.published import problems
from storefleet.model.base import Json
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


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}/{case.name}")
def test_the_document_tells_of_every_fact_which_probe_gave_it(case: Path) -> None:
    document = replay(case)
    told = tuple(document.provenance)
    places = (path for part, value in document.facts.items() for path in below(f"/{part}", value))
    assert [path for path in places if not any(path == by or path.startswith(by + "/") for by in told)] == []
    assert document.to_json()["provenance"] == dict(document.provenance)


def below(path: str, value: Json) -> Iterator[str]:
    """Yield the places of single facts; an entry that is empty is a fact too."""
    if isinstance(value, dict) and value:
        for name, part in value.items():
            yield from below(path + pointer(name), part)
    else:
        yield path
