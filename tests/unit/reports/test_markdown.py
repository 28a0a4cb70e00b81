"""Markdown: what a reader must see stands first, and foreign text is code and nothing else, in every dialect."""

from collections import Counter

import audit_factory as factory
import pytest
from hostile import HOSTILE
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from storefleet.model.findings import Expected, Finding
from storefleet.model.report import WaiverUse
from storefleet.model.summary import host_report
from storefleet.reports.escape import visible
from storefleet.reports.markdown_report import audit_markdown, code

OURS = {
    "heading_open", "heading_close", "paragraph_open", "paragraph_close", "inline", "text", "softbreak", "code_inline",
    "bullet_list_open", "bullet_list_close", "list_item_open", "list_item_close",
    "table_open", "table_close", "thead_open", "thead_close", "tbody_open", "tbody_close",
    "tr_open", "tr_close", "th_open", "th_close", "td_open", "td_close",
}  # fmt: skip
DIALECTS = [MarkdownIt("commonmark"), MarkdownIt("commonmark").enable("table"), MarkdownIt("gfm-like")]
MARKS = [
    "`",
    "``",
    "|",
    "\\",
    "[",
    "](",
    ")",
    "<",
    ">",
    "!",
    "*",
    "_",
    "~~",
    "&#60;",
    "\n",
    "\n\n",
    "#",
    "- ",
    " ",
    "x",
]
WORDS = ["http://e.example", "www.e.example", "a@b.example", "<script>", "@all", "$", ":", "\ud800", "\0", "\u202e"]
HOSTILE_TEXT = st.one_of(
    st.text(st.characters(), max_size=30), st.lists(st.sampled_from([*MARKS, *WORDS]), max_size=12).map("".join)
)


def tokens(text, dialect=DIALECTS[-1]):
    for token in dialect.parse(text):
        yield token
        yield from token.children or ()


def kinds(text, dialect=DIALECTS[-1]):
    return Counter(token.type for token in tokens(text, dialect))


@pytest.mark.parametrize("label", [label for label in HOSTILE if HOSTILE[label]])
@pytest.mark.parametrize("dialect", DIALECTS)
def test_hostile_text_makes_no_markup_and_breaks_no_table(label, dialect):
    shape = kinds(audit_markdown(factory.hostile_store(label, "harmless")), dialect)
    found = kinds(audit_markdown(factory.hostile_store(label, HOSTILE[label])), dialect)
    assert set(found) <= OURS
    for kind in OURS - {"text", "code_inline", "softbreak"}:
        assert found[kind] == shape[kind], kind


@example("a\\|b")
@example("`")
@settings(deadline=None)
@given(HOSTILE_TEXT)
def test_text_in_code_is_one_span_that_shows_what_was_said(text):
    for place in ("{}", "- x {} y", "# {}", "| h |\n|---|\n| {} |"):
        spans = [token for token in tokens(place.format(code(text))) if token.type == "code_inline"]
        assert set(kinds(place.format(code(text)))) <= OURS
        shown = visible(text, 300).replace("|", "\\x7c")
        assert [span.content.strip() for span in spans] == ([shown.strip()] if shown.strip() else [])


@settings(deadline=None)
@given(HOSTILE_TEXT)
def test_no_text_of_a_device_is_a_link_html_or_emphasis(text):
    finding = Finding(f"/services/{text}/active", Expected(text, text, has_value=True), {text: [text]})
    result = factory.failing("T-1", "high", text, finding, fix=text, cause=text)
    hosts = [host_report(factory.host(), [result], judged=True)]
    document = factory.document([(factory.store(name=text), hosts)], waivers=[WaiverUse(text, "2026-11-23")])
    for dialect in DIALECTS:
        assert set(kinds(audit_markdown(document), dialect)) <= OURS
        assert kinds(audit_markdown(document), DIALECTS[1])["td_open"] == 6


def test_the_page_of_many_stores(golden):
    golden("many-stores.md", audit_markdown(factory.many_stores()))


def test_waivers_that_end_soon_are_named_and_others_are_not():
    waivers = [WaiverUse("W-1", "2026-11-25"), WaiverUse("W-2", "2027-11-25"), WaiverUse("W-3", "2026-11-22")]
    store = (factory.store(), [host_report(factory.host(), factory.passing(1), judged=True)])
    text = audit_markdown(factory.document([store], waivers=waivers))
    assert "- `W-3` today\n- `W-1` in 3 days\n" in text
    assert "W-2" not in text
    assert "### Findings" not in text


def test_long_lists_are_cut_and_counted():
    results = [factory.failing(f"T-{n}", "low", "t", Finding(f"/{n}", Expected("w"), n)) for n in range(40)]
    document = factory.document([(factory.store(), [host_report(factory.host(), results, judged=True)])])
    assert "\nand 10 more findings\n" in audit_markdown(document)
