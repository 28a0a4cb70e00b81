"""The page in a real browser: it fits three widths, obeys its own policy, and shows a hostile text as text."""

import audit_factory as factory
import pytest
from browsing import SCRIPTS, WIDTHS, fits
from hostile import HOSTILE

from storefleet.reports.html import folder_pages, single_page
from storefleet.reports.html.data import Builder
from storefleet.reports.trend import TrendPoint

TREND = tuple(TrendPoint(f"2026-11-{day:02}T01:00:00Z", 30 - day % 7, day % 3, 1) for day in range(1, 22))


def page_of(document):
    diffs = {host.host: "@@ -1 +1 @@\n-/a = 1\n+/a = 2\n" for host in document.hosts}
    return single_page(document, Builder(document, diffs=diffs, trend=TREND))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
def test_the_page_fits_the_screen(width, scheme, open_page):
    page = open_page(page_of(factory.many_stores()), width, scheme=scheme)
    assert fits(page)
    assert page.locator("main").inner_text().count("39 of 40") == 0
    assert page.locator("table.heat tbody tr").count() == 40
    page.goto(page.url + "#S0001")
    page.wait_for_selector("text=all stores")
    assert fits(page)


@pytest.mark.parametrize("label", [*HOSTILE, *SCRIPTS])
def test_hostile_text_is_shown_and_never_obeyed(label, open_page):
    text = HOSTILE.get(label, label)
    document = factory.hostile_store(label, text)
    page = open_page(single_page(document, Builder(document, diffs={text: f"-{text}"})))
    assert page.evaluate("window.owned") is None
    assert page.locator("main script, main img, main iframe").count() == 0
    for one in page.locator("main a").all():
        assert one.get_attribute("href").startswith("#")
    page.locator("table.heat tbody a").first.click()
    page.wait_for_selector("text=all stores")
    assert page.evaluate("window.owned") is None
    assert page.locator("main script, main img, main iframe").count() == 0


def test_search_filter_and_keyboard_find_a_store_without_a_server(open_page):
    page = open_page(page_of(factory.many_stores()))
    page.keyboard.press("/")
    page.keyboard.type("filiale 23")
    assert page.locator("table.heat tbody tr").count() == 1
    page.keyboard.press("Enter")
    page.wait_for_selector("text=all stores")
    assert "S0023" in page.locator("h1").inner_text()
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.wait_for_selector("table.heat")
    assert page.locator("#search").input_value() == ""
    assert page.locator("table.heat tbody tr").count() == 40
    page.select_option("select[aria-label='every state']", "dark")
    assert page.locator("table.heat tbody th").all_inner_texts() == ["S0017"]


def test_the_page_of_a_store_has_two_things_to_do_first_and_both_sides(open_page):
    page = open_page(page_of(factory.first_store()), fragment="#S0412")
    assert page.locator("ol.first > li").count() == 2
    assert page.locator(".side.is").count() == page.locator(".side.due").count() == 3
    assert page.locator("table.diff td.del").first.inner_text() == "/a = 1"
    assert page.locator("table.diff td.add").first.inner_text() == "/a = 2"


def test_a_folder_of_pages_is_walked_by_its_links(open_page, tmp_path):
    document = factory.many_stores()
    pages = dict(folder_pages(document, Builder(document)))
    for name, text in pages.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    page = open_page(pages["index.html"], name="index.html")
    page.locator("table.heat tbody a").first.click()
    page.wait_for_url("**/S*.html")
    page.wait_for_selector("text=all stores")
    page.locator("a:has-text('all stores')").click()
    page.wait_for_url("**/index.html")


def test_it_prints_to_pdf_with_its_findings(open_page):
    page = open_page(page_of(factory.first_store()), scheme="dark")
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.locator("#search").is_hidden()
    assert page.pdf(format="A4").startswith(b"%PDF-")


def test_without_scripts_the_report_is_there_as_text(browser, tmp_path):
    (tmp_path / "page.html").write_text(page_of(factory.first_store()), encoding="utf-8")
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((tmp_path / "page.html").as_uri())
    assert "nc listens on 0.0.0.0:4444" in page.locator("body").inner_text()
    context.close()


def test_no_control_of_the_page_is_nameless(open_page):
    page = open_page(page_of(factory.many_stores()))
    for one in page.locator("button, input, select, a").all():
        named = (
            one.get_attribute("aria-label")
            or one.inner_text().strip()
            or one.evaluate("e => e.closest('label')?.innerText")
        )
        assert named
