"""The terminal report: pinned as text, within 100 columns, and quiet where no terminal is."""

import re

import audit_factory as factory
import pytest
from rich.cells import cell_len

from storefleet.reports.terminal import audit_text

DIFF = "--- S0412-pos2.observed\n+++ S0412-pos2.required\n@@ -3 +3 @@\n-/a = 1\n+/a = 2\n"


def test_one_store_reads_like_the_worked_example(golden):
    golden("first-store.txt", audit_text(factory.first_store(), diffs={"S0412-pos2": DIFF}))


def test_many_stores_are_one_page(golden):
    golden("many-stores.txt", audit_text(factory.many_stores()))


@pytest.mark.parametrize("width", [60, 80, 100, 140])
@pytest.mark.parametrize("document", [factory.first_store(), factory.many_stores()], ids=["one", "many"])
def test_no_line_is_wider_than_the_screen(width, document):
    assert max(map(cell_len, audit_text(document, width=width, verbose=True).splitlines())) <= width


def test_without_colour_there_is_no_escape_sequence_and_with_it_the_same_words():
    plain = audit_text(factory.first_store())
    coloured = audit_text(factory.first_store(), colour=True)
    assert "\x1b" not in plain
    assert "\x1b[" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain
