"""The page of drift in a real browser: it fits three widths, obeys its own policy, prints its sheet on one page."""

import drift_factory as factory
import pytest
from browsing import SCRIPTS, WIDTHS, fits
from hostile import HOSTILE

from storefleet.reports.html.drift import drift_page


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
def test_the_page_fits_the_screen(width, scheme, open_page):
    page = open_page(drift_page(factory.one_store(), fleet="grocery-de"), width, scheme=scheme)
    assert fits(page)
    assert page.locator("main section").first.get_attribute("aria-label") == "Verdict"
    page = open_page(drift_page(factory.fleet(40), whole_fleet=True), width, scheme=scheme)
    assert fits(page)
    assert page.locator("table.stores tbody tr").count() == 40
    page.locator("table.stores tbody a").first.click()
    page.wait_for_selector("text=all stores")
    assert fits(page)
    assert "S0005" in page.locator("h1").inner_text()


@pytest.mark.parametrize("label", [*HOSTILE, *SCRIPTS])
def test_hostile_text_is_shown_and_never_obeyed(label, open_page):
    text = HOSTILE.get(label, label)
    page = open_page(drift_page(factory.hostile(text), fleet=text, whole_fleet=True))
    if text.strip():
        page.locator("table.stores tbody a").first.click()
        page.wait_for_selector("text=all stores")
    for one in page.locator("details").all():
        one.evaluate("each => { each.open = true; }")
    assert page.evaluate("window.owned") is None
    assert page.locator("main script, main img, main iframe").count() == 0
    for one in page.locator("main a").all():
        assert one.get_attribute("href").startswith("#")


def test_a_store_shows_all_sides_what_is_typed_when_it_came_and_where(open_page):
    page = open_page(drift_page(factory.one_store()))
    first = page.locator("ul.faults > li").first
    assert first.locator(".side").all_inner_texts() == ["approved\nabsent", "intended\nabsent", "observed\nshutdown"]
    assert first.locator("pre.typed").first.inner_text() == "interface wan0\n no shutdown"
    assert page.locator("svg.timeline g.t").count() == 5
    assert page.locator("svg.timeline .who").count() == 1
    assert page.locator("table.map tbody td span").all_inner_texts().count("") == 4
    for words in ("swapped", "cannot parse", "dark since", "/files[/etc/motd]", "not approved yet"):
        assert words in page.locator("main").inner_text()
    page.locator(f".names a:has-text('{factory.SHUT}')").first.click()
    assert page.evaluate("document.activeElement.id") == f"d-{factory.SHUT}"


def test_search_class_and_keyboard_find_a_store(open_page):
    page = open_page(drift_page(factory.fleet(40), whole_fleet=True))
    page.keyboard.press("/")
    page.keyboard.type("filiale 23")
    assert page.locator("table.stores tbody tr").count() == 1
    page.keyboard.press("Enter")
    page.wait_for_selector("text=all stores")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.wait_for_selector("table.stores")
    page.select_option("select[aria-label='every class']", "unsaved")
    assert page.locator("table.stores tbody th").all_inner_texts() == ["S0005"]


def test_the_sheet_of_a_full_store_is_one_page_of_a4(open_page):
    long = "interface " + "x" * 400
    lines = tuple(f"line {number} {'y' * 300}" for number in range(30))
    many = tuple(
        factory.plain(f"D-{at:08x}", "manual", host=f"S0412-pos{at % 4}", key=long, approved=long, repair=lines)
        for at in range(60)
    )
    page = open_page(drift_page(factory.document(factory.store(differences=(*many, factory.shut())))), scheme="dark")
    page.evaluate("window.print = () => { window.printed = document.documentElement.className; }")
    page.locator("text=Print this sheet").click()
    assert "sheet-only" in page.evaluate("window.printed")
    page.emulate_media(media="print")
    assert page.locator("header").is_hidden()
    assert page.locator(".box").first.is_visible()
    assert page.locator(".sheet .typed").first.is_visible()
    pdf = page.pdf(format="A4", prefer_css_page_size=True)
    assert pdf.count(b"/Type /Page\n") == 1


def test_without_scripts_the_report_is_there_as_text(browser, tmp_path):
    (tmp_path / "page.html").write_text(drift_page(factory.one_store()), encoding="utf-8")
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((tmp_path / "page.html").as_uri())
    assert "not saved: the next reload undoes it; lane 2 has no link" in page.locator("body").inner_text()
    context.close()


def test_no_control_of_the_page_is_nameless(open_page):
    for text in (drift_page(factory.fleet(), whole_fleet=True), drift_page(factory.one_store())):
        page = open_page(text)
        for one in page.locator("button, input, select, a").all():
            assert one.get_attribute("aria-label") or one.text_content().strip()
