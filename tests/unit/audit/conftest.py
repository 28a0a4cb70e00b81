"""The worked example that the tests of this layer share: one till, the twelve controls, one judgement."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from storefleet.audit.evaluate import evaluate, index_paths
from storefleet.audit.fleet_index import FleetIndex
from storefleet.audit.language import Audit
from storefleet.audit.load import load_audit, load_audits
from storefleet.audit.waivers import Waivers
from storefleet.documents.reader import parse
from storefleet.model.findings import Result
from storefleet.model.state import StateDocument

CASES = Path(__file__).parent / "cases"


def _till() -> ModuleType:
    spec = importlib.util.spec_from_file_location("till_case", Path(__file__).with_name("till_case.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TILL = _till()


@pytest.fixture(scope="session")
def till() -> ModuleType:
    return TILL


@pytest.fixture(scope="session")
def twelve() -> Audit:
    return load_audits([CASES / "twelve" / "till-baseline.yaml"], lambda path: path.name)[0]


@pytest.fixture
def audit_of() -> Callable[[str], Audit]:
    """Make an audit from the text of its controls."""

    def make(controls: str, lists: str = "{}") -> Audit:
        text = f"audit: a\ntitle: A\napplies_to: all\nlists: {lists}\ncontrols:\n{controls}"
        return load_audit(parse(text, "a.yaml"), "a.yaml")

    return make


@pytest.fixture
def judged() -> Callable[..., list[Result]]:
    """Judge the till, or another document of it."""

    def run(audit: Audit, document: StateDocument | None = TILL.DOCUMENT, **changes: object) -> list[Result]:
        index = FleetIndex(index_paths([audit]))
        if document is not None:
            index.add(document)
        given = {"unreachable": None, "now": TILL.NOW, "index": index, "waivers": Waivers(), **changes}
        given["index"] = given["index"].shared()  # type: ignore[attr-defined]
        host, store = given.pop("host", TILL.HOST), given.pop("store", TILL.STORE)
        return evaluate(audit, host, store, document, **given)  # type: ignore[arg-type]

    return run
