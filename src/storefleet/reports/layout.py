"""Laying text out in columns by what it occupies on the screen: a Chinese name is two cells a letter."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.cells import cell_len, chop_cells
from rich.text import Text

GAP = 3


def wrap(text: str, width: int) -> list[str]:
    """Break at blanks, and inside a word only where it alone is too wide."""
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        joined = f"{line} {word}" if line else word
        if cell_len(joined) <= width:
            line = joined
            continue
        if line:
            lines.append(line)
        *full, line = chop_cells(word, width) or [""]
        lines.extend(full)
    return [*lines, line]


def flow(pieces: Sequence[Text], width: int, indent: int, separator: str = "   ") -> list[Text]:
    """Set pieces one after another, a new line where the next does not fit; a piece is broken only if it must be."""
    lines: list[Text] = []
    for piece in pieces:
        if lines and lines[-1].cell_len + len(separator) + piece.cell_len <= width:
            lines[-1].append(separator).append_text(piece)
            continue
        for number, part in enumerate(wrap(piece.plain, width - indent)):
            whole = number == 0 and part == piece.plain
            lines.append(Text(" " * indent).append_text(piece if whole else Text(part, style=piece.style)))
    return lines


def spread(left: Text, right: Text, width: int) -> list[Text]:
    """Put two texts at the two edges of one line, or on two lines where they do not fit."""
    room = width - left.cell_len - right.cell_len
    if room >= GAP:
        return [left.copy().append(" " * room).append_text(right)]
    return [*flow([left], width, 0), *flow([right], width, 2)]


def labelled(label: str, text: str, width: int, indent: int, style: str = "") -> list[Text]:
    """Put a label before text that hangs under itself when it is long."""
    column = indent + cell_len(label)
    # A name and its value stay together; no odd blank can stand in the text, since it was made visible.
    kept = wrap(text.replace('": ', '":\u00a0'), width - column)
    first, *rest = (part.replace("\u00a0", " ") for part in kept)
    head = Text(" " * indent).append(label, style="dim").append(first, style=style)
    return [head, *(Text(" " * column).append(part, style=style) for part in rest)]


def pad(text: str, width: int) -> str:
    """Fill up with blanks to a width in cells."""
    return text + " " * max(0, width - cell_len(text))


def fit(text: str, width: int) -> str:
    """Cut text to a width in cells; what is cut ends with an ellipsis."""
    shown = Text(text)
    shown.truncate(width, overflow="ellipsis")
    return shown.plain


def widest(texts: Iterable[str], least: int, most: int) -> int:
    """Return the width that a column needs, within bounds."""
    return min(most, max([least, *map(cell_len, texts)]))


def some(names: Sequence[str], most: int) -> str:
    """Join names with blanks; beyond ``most`` they are counted."""
    if len(names) <= most:
        return " ".join(names)
    return f"{' '.join(names[:most])} and {len(names) - most:,} more"
