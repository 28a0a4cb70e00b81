"""What the tests of every page share: how wide screens are, what must not run, whether a page fits, what it holds."""

import base64
import hashlib
import json
import re
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


def runs_only_ours(text):
    """Only our script and our style may run on a page, by their hashes, and nothing is loaded."""
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', text)[1]
    texts = Elements(text).texts
    for kind in ("script", "style"):
        digest = base64.b64encode(hashlib.sha256(texts[kind].encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", text)
    assert not re.search(r"innerHTML|insertAdjacent|document\.write|eval\(|style=", text)


def data_of(text):
    return json.loads(Elements(text).texts["scriptapplication/json"])
