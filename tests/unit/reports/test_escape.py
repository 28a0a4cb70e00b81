"""Device text is shown, never obeyed: laws over any text, and a real terminal that does not move."""

import os
import pty
import select
import subprocess
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storefleet.reports.escape import MAX_LENGTH, visible, visible_lines

ANY_TEXT = st.text(st.characters(exclude_categories=()))


@given(ANY_TEXT)
def test_what_is_shown_has_a_shape_can_be_encoded_and_does_not_change_again(text):
    shown = visible(text)
    assert visible(shown) == shown
    shown.encode("utf-8")
    assert {unicodedata.category(character) for character in shown}.isdisjoint(
        {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    )


@given(ANY_TEXT, st.integers(40, 100))
def test_the_length_is_bounded_and_cutting_is_said(text, limit):
    shown = visible(text, limit)
    assert len(shown) <= limit
    assert visible(shown, limit) == shown


@pytest.mark.parametrize("text", ["Lübeck Nord", "北京路店", "Ζάκυνθος", "متجر", "pos-client 2.4.1", "e\u0301", "🛒"])
def test_letters_of_any_script_stay(text):
    assert visible(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J", r"\x1b[2J"),
        ("\u202e", r"\u202e"),
        ("\U000e0041", r"\U000e0041"),
        ("\ud800", r"\ud800"),
        ("a\rb\nc\td", r"a\rb\nc\td"),
        ("\x7f\x9b", r"\x7f\x9b"),
        ("\u00a0", r"\xa0"),
    ],
)
def test_the_spelling_of_what_has_no_shape(text, shown):
    assert visible(text) == shown


def test_a_megabyte_is_cut():
    assert len(visible("x" * 1_000_000)) == MAX_LENGTH
    assert "cut: 1000000 characters" in visible("x" * 1_000_000)


def test_the_lines_of_a_diff_stay_lines_and_nothing_else_does():
    assert visible_lines("-a\n+b\rc\n") == ["-a", r"+b\rc", ""]


REPORT = """
import sys
sys.path[:0] = {paths!r}
import audit_factory as factory
from hostile import HOSTILE
from storefleet.reports.terminal import audit_text
sys.stdout.write("TOP\\n" + audit_text(factory.hostile_store({name!r}, HOSTILE[{name!r}]), colour=True) + "END")
"""


@pytest.mark.parametrize("name", ["clear screen", "title", "clipboard", "link", "c1 control", "overwrite", "backspace"])
def test_a_hostile_host_cannot_move_the_cursor_of_a_real_terminal(name):
    """Every byte that reaches the pty is text, a line end, or one of our own colour changes; the screen proves it."""
    seen = _on_a_pty(REPORT.format(paths=[path for path in sys.path if path], name=name)).decode()
    screen = Screen()
    screen.feed(seen)
    assert screen.lines[0] == "TOP"
    assert screen.lines[-1] == "END"
    assert screen.strange == []


def _on_a_pty(program):
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdout=theirs, stderr=theirs, env={**os.environ, "TERM": "xterm"}
    )
    os.close(theirs)
    chunks = []
    while select.select([ours], [], [], 20)[0]:
        try:
            chunk = os.read(ours, 65536)
        except OSError:  # Linux says EIO when the other end is closed
            break
        if not chunk:
            break
        chunks.append(chunk)
    os.close(ours)
    assert process.wait() == 0, b"".join(chunks).decode()
    return b"".join(chunks)


class Screen:
    """The least of a terminal: text, CR LF, and colour changes; anything else is noted as strange."""

    def __init__(self):
        self.lines = [""]
        self.strange = []

    def feed(self, text):
        position = 0
        while position < len(text):
            character = text[position]
            if character == "\x1b":
                end = text.find("m", position)
                inside = text[position + 2 : end]
                if text[position + 1 : position + 2] != "[" or not set(inside) <= set("0123456789;"):
                    self.strange.append(text[position : position + 12])
                    end = position
                position = end + 1
                continue
            if text.startswith("\r\n", position):
                self.lines.append("")
                position += 2
                continue
            if unicodedata.category(character) in {"Cc", "Cf"}:
                self.strange.append(character)
            self.lines[-1] += character
            position += 1
