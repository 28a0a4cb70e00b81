"""What the documentation and the published schemas say is what the code does."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import Any

import pytest

from storefleet.audit.keywords import OWN
from storefleet.audit.load import load_audit
from storefleet.audit.rules import REMARKS, RULES
from storefleet.audit.typed import check_audits
from storefleet.documents.decode import decode
from storefleet.documents.published import problems, schema
from storefleet.documents.reader import parse, read

ROOT = Path(__file__).parents[3]
PAGES = ["docs/reference/audit-language.md", "docs/howto/write-a-control.md"]
CASES = Path(__file__).parent / "cases"


def examples(page):
    blocks = re.findall(r"^ *```yaml\n(.*?)^ *```", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    return "".join(textwrap.dedent(block) for block in blocks)


@pytest.mark.parametrize("page", PAGES)
def test_every_example_of_the_documentation_is_a_sound_control(page):
    text = f"audit: docs\ntitle: t\napplies_to: all\ncontrols:\n{textwrap.indent(examples(page), '  ')}"
    node = parse(text, page)
    assert check_audits([load_audit(node, page)]) == []
    assert problems(decode(node, Any), "audit-file-1") == []


def test_every_keyword_has_an_example():
    shown = examples(PAGES[0])
    assert [name for name in RULES if f"{name}:" not in shown] == []


def test_the_published_vocabulary_is_the_one_that_is_judged():
    assert set(schema("audit-keywords-1")["properties"]) == set(OWN) - {"pattern"}
    published = schema("audit-file-1")["$defs"]["fragment"]["propertyNames"]["enum"]
    assert set(published) == set(RULES) | REMARKS | {"$ref", "$defs"}


def test_the_published_file_schema_takes_the_worked_audit_and_refuses_a_misspelt_key():
    node = read(CASES / "twelve" / "till-baseline.yaml")
    assert problems(decode(node, Any), "audit-file-1") == []
    assert problems(decode(read(CASES / "bad" / "file.yaml"), Any), "audit-file-1")
