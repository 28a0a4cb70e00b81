"""Putting a page together: what is ours is inlined and named by its hash, what is a device's is only data."""

from __future__ import annotations

import base64
import hashlib
import html
import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from storefleet.reports.escape import visible

_UNSAFE = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"})


@dataclass(frozen=True, slots=True)
class Look:
    """The parts of our own that a kind of page is made of, in their order."""

    styles: tuple[str, ...]
    scripts: tuple[str, ...]


AUDIT = Look(("style.css",), ("kit.js", "app.js"))
DRIFT = Look(("style.css", "drift.css"), ("kit.js", "drift.js"))


def page(title: str, plain: str, data: dict[str, Any], look: Look = AUDIT) -> str:
    """Return the whole page. ``plain`` is what a reader without scripts sees.

    The policy lets run only our script and our style, by their hashes, and load nothing: were a text of a device ever
    taken for markup, it could not act. The data cannot even close its own element: no ``<`` stands in it.
    """
    style, script = ("\n".join(map(_asset, names)) for names in (look.styles, look.scripts))
    policy = (
        f"default-src 'none'; script-src 'sha256-{_hash(script)}'; style-src 'sha256-{_hash(style)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    parts = {
        "POLICY": policy,
        "TITLE": html.escape(visible(title)),
        "STYLE": style,
        "PLAIN": html.escape(plain),
        "DATA": data_text(data),
        "SCRIPT": script,
    }
    first, *rest = _asset("page.html").split("@@")
    return first + "".join(parts[piece] if at % 2 == 0 else piece for at, piece in enumerate(rest))


def data_text(data: dict[str, Any]) -> str:
    """Return the data as ASCII without a character that means something to HTML."""
    return json.dumps(data, ensure_ascii=True, separators=(",", ":"), allow_nan=False).translate(_UNSAFE)


@cache
def _asset(name: str) -> str:
    return resources.files("storefleet.reports.html").joinpath("assets", name).read_text(encoding="utf-8").strip()


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
