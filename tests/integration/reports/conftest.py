"""A real browser for the pages, in which every complaint of it fails the test."""

import os
import shutil

import pytest
from playwright.sync_api import sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None and os.environ.get("CI") == "true":
        pytest.fail("CI must have chromium (scripts/test-packages.txt)")
    if CHROMIUM is None:
        pytest.skip("needs chromium")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture
def open_page(browser, tmp_path):
    """Open a text as a page; whatever the browser complains about fails the test when it ends."""
    contexts, complaints = [], []

    def open_(text, width=1440, name="page.html", fragment="", scheme="light"):
        (tmp_path / name).write_text(text, encoding="utf-8")
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda fault: complaints.append(str(fault)))
        page.on("dialog", lambda dialog: complaints.append(dialog.message))
        page.on("request", lambda request: request.url.startswith("file:") or complaints.append(request.url))
        page.goto(f"{(tmp_path / name).as_uri()}{fragment}")
        page.wait_for_selector("main section")
        return page

    yield open_
    for context in contexts:
        context.close()
    assert complaints == []
