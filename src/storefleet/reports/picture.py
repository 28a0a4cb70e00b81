"""A terminal report as an SVG picture for the README; the same text always gives the same bytes."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

_IDENTITY = "storefleet"
"""rich would name the styles by a checksum of the whole console state; a fixed name keeps regeneration quiet."""


_WEB_FONT = re.compile(r"\s*@font-face \{.*?\}", re.DOTALL)
"""A picture in a README must load nothing from elsewhere; without the web font the reader's own monospace is used."""


def svg_of(text: str | Sequence[Text], title: str = "storefleet audit", width: int = 100) -> str:
    """Return the picture of a report: its lines as :func:`~storefleet.reports.terminal.audit_lines` gives them.

    Text with ANSI colours works too.
    """
    lines = [Text.from_ansi(text.rstrip("\n"))] if isinstance(text, str) else list(text)
    console = Console(
        record=True, width=width, file=io.StringIO(), force_terminal=True, color_system="truecolor", _environ={}
    )
    for line in lines:
        console.print(line, markup=False, highlight=False, emoji=False, overflow="fold")
    return _WEB_FONT.sub("", console.export_svg(title=title, unique_id=_IDENTITY))
