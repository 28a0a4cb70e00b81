"""What the tests of every page share: how wide screens are, what must not run, whether a page fits, what it holds."""

import json
from html.parser import HTMLParser

WIDTHS = {"phone": 390, "tablet": 820, "desk": 1440}
SCRIPTS = (
    "<script>window.owned=1</script>",
    "</script><script>window.owned=1</script>",
    "<img src=x onerror=window.owned=1>",
)


def fits(page):
    wide, inner = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    return wide <= inner


class Elements(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.found = []
        self.texts = {}
        self._open = None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, tuple(sorted(name for name, _ in attrs))))
        kind = dict(attrs).get("type", "")
        self._open = f"{tag}{kind}" if tag in ("script", "style") else None

    def handle_endtag(self, tag):
        self._open = None

    def handle_data(self, data):
        if self._open:
            self.texts[self._open] = self.texts.get(self._open, "") + data


def data_of(text):
    return json.loads(Elements(text).texts["scriptapplication/json"])
