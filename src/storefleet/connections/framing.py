"""Bytes of any kind as lines of printable text, and back: what a recording is made of."""

from __future__ import annotations

import re

from storefleet.errors import Complaint, InputError

_ESCAPE = re.compile(r"\\(\\|x[0-9a-f]{2})")


def block(data: bytes) -> list[str]:
    """One line of text a line; the mark ``~`` says that the last one had no line end."""
    if not data:
        return []
    lines = data.split(b"\n")
    last = lines.pop()
    shown = [f"| {escape(line)}" for line in lines]
    return [*shown, f"~ {escape(last)}"] if last else shown


def escape(line: bytes) -> str:
    """Keep printable text and the tab; show a backslash twice and every other byte by its number."""
    text = line.decode("utf-8", "surrogateescape").replace("\\", "\\\\")
    if text.replace("\t", "").isprintable():
        return text
    return "".join(c if c.isprintable() or c == "\t" else _numbers(c) for c in text)


def _numbers(character: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in character.encode("utf-8", "surrogateescape"))


def unescape(text: str) -> bytes:
    """Return the bytes that :func:`escape` was given."""

    def byte(match: re.Match[str]) -> str:
        code = match.group(1)
        return "\\" if code == "\\" else bytes([int(code[1:], 16)]).decode("latin-1")

    if "\\" not in text:
        return text.encode()
    parts: list[bytes] = []
    end = 0
    for match in _ESCAPE.finditer(text):
        parts += [text[end : match.start()].encode(), byte(match).encode("latin-1")]
        end = match.end()
    return b"".join([*parts, text[end:].encode()])


class LineReader:
    """Lines with a place in the file."""

    def __init__(self, lines: list[str], shown: str) -> None:
        self.lines = lines
        self.shown = shown
        self.at = 0

    def wrong(self, message: str) -> InputError:
        """One complaint at the line read last."""
        return InputError([Complaint(self.shown, self.at, message)])

    def peek(self) -> str | None:
        """The next line, or ``None`` at the end."""
        return self.lines[self.at] if self.at < len(self.lines) else None

    def take(self) -> str:
        """Read one line."""
        line = self.peek()
        self.at += 1
        if line is None:
            raise self.wrong("the recording ends in the midst of a turn; record it again")
        return line

    def value(self, key: str) -> str:
        """Read ``key: value``."""
        line = self.take()
        if not line.startswith(f"{key}: "):
            raise self.wrong(f"`{key}: …` is due here, not {line[:60]!r}")
        return line[len(key) + 2 :]

    def skip_blank(self) -> bool:
        """Move to the next turn; False at the end."""
        while self.peek() == "":
            self.at += 1
        return self.peek() is not None

    def block(self) -> bytes:
        """Read the lines of one text."""
        parts: list[bytes] = []
        while (line := self.peek()) is not None and line[:2] in ("| ", "~ "):
            self.at += 1
            parts.append(unescape(line[2:]) + (b"\n" if line[0] == "|" else b""))
        return b"".join(parts)
