"""A recorded session as readable text, so that a field problem is two files and the demo needs no machine.

The format is framed lines that ``git diff`` shows well. Output stays as it was where it is printable UTF-8; every other
byte is ``\\xNN``, so that nothing in a recording can act on a terminal. The random nonce becomes a fixed word, a script
is its SHA-256, and no secret of the run can get in: the recorder refuses to keep what holds one.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from storefleet.documents.files import write_atomically
from storefleet.errors import Complaint, InputError
from storefleet.model.effects import Output

FORMAT = "# storefleet.transcript/1"
NONCE_WORD = "5eed5eed5eed5eed"

_ESCAPE = re.compile(r"\\(\\|x[0-9a-f]{2})")


@dataclass(frozen=True)
class Failed:
    """An effect that ended in an error of the tree, by the code of its class."""

    code: str
    message: str


@dataclass(frozen=True)
class ScriptTurn:
    """A script, known by its hash, and what it printed."""

    sha256: str
    privileged: bool
    answer: Output | Failed


@dataclass(frozen=True)
class ShowTurn:
    """Commands of a router and their texts."""

    commands: tuple[str, ...]
    answer: tuple[str, ...] | Failed


Turn: TypeAlias = ScriptTurn | ShowTurn


@dataclass(frozen=True)
class Transcript:
    """All turns with one host, in their order."""

    host: str
    platform: str
    turns: tuple[Turn, ...] = ()

    def save(self, path: Path) -> None:
        """Write the text form."""
        write_atomically(path, self.to_text(), 0o640)

    def to_text(self) -> str:
        """Return the text form."""
        lines = [FORMAT, f"host: {self.host}", f"platform: {self.platform}"]
        for turn in self.turns:
            lines += ["", *(_script_lines(turn) if isinstance(turn, ScriptTurn) else _show_lines(turn))]
        return "\n".join(lines) + "\n"

    @classmethod
    def load(cls, path: Path) -> Transcript:
        """Read the text form; raises :class:`InputError` with the line."""
        try:
            text = path.read_bytes().decode()
        except (OSError, UnicodeDecodeError) as fault:
            raise InputError([Complaint(str(path), 0, f"cannot be read: {fault}")]) from fault
        return cls.from_text(text, str(path))

    @classmethod
    def from_text(cls, text: str, shown: str = "transcript") -> Transcript:
        """Parse the text form; raises :class:`InputError` with the line."""
        reader = _Reader(text.split("\n"), shown)
        if reader.take() != FORMAT:
            raise reader.wrong(f"the first line must be {FORMAT!r}")
        host, platform = reader.value("host"), reader.value("platform")
        turns: list[Turn] = []
        while reader.skip_blank():
            turns.append(_read_turn(reader))
        return cls(host, platform, tuple(turns))


def script_hash(script: str) -> str:
    """Return what stands for a script in a recording."""
    return hashlib.sha256(script.encode()).hexdigest()


def _script_lines(turn: ScriptTurn) -> list[str]:
    lines = [f"ask: script {turn.sha256} {'privileged' if turn.privileged else 'plain'}"]
    if isinstance(turn.answer, Failed):
        return lines + _failed_lines(turn.answer)
    status = "none" if turn.answer.exit_status is None else str(turn.answer.exit_status)
    lines += [f"exit: {status}", "stdout:", *_block(turn.answer.stdout)]
    return lines + (["stderr:", *_block(turn.answer.stderr)] if turn.answer.stderr else [])


def _show_lines(turn: ShowTurn) -> list[str]:
    lines = ["ask: show"]
    heads = [f"command: {_escape(command.encode('utf-8', 'surrogateescape'))}" for command in turn.commands]
    if isinstance(turn.answer, Failed):
        return lines + heads + _failed_lines(turn.answer)
    for head, text in zip(heads, turn.answer, strict=True):
        lines += [head, *_block(text.encode("utf-8", "surrogateescape"))]
    return lines


def _failed_lines(answer: Failed) -> list[str]:
    return [f"failed: {answer.code}", *_block(answer.message.encode("utf-8", "replace"))]


def _block(data: bytes) -> list[str]:
    """One line of text a line; the mark ``~`` says that the last one had no line end."""
    if not data:
        return []
    lines = data.split(b"\n")
    last = lines.pop()
    shown = [f"| {_escape(line)}" for line in lines]
    return [*shown, f"~ {_escape(last)}"] if last else shown


def _escape(line: bytes) -> str:
    """Keep printable text and the tab; show a backslash twice and every other byte by its number."""
    text = line.decode("utf-8", "surrogateescape").replace("\\", "\\\\")
    if text.replace("\t", "").isprintable():
        return text
    return "".join(c if c.isprintable() or c == "\t" else _numbers(c) for c in text)


def _numbers(character: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in character.encode("utf-8", "surrogateescape"))


def _unescape(text: str) -> bytes:
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


class _Reader:
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
            parts.append(_unescape(line[2:]) + (b"\n" if line[0] == "|" else b""))
        return b"".join(parts)


def _read_turn(reader: _Reader) -> Turn:
    words = reader.value("ask").split(" ")
    if words[0] == "script" and len(words) == 3:
        return ScriptTurn(words[1], words[2] == "privileged", _read_script_answer(reader))
    if words == ["show"]:
        return _read_show(reader)
    raise reader.wrong("`ask: script HASH privileged|plain` or `ask: show` is due here")


def _read_failed(reader: _Reader) -> Failed:
    return Failed(reader.value("failed"), reader.block().decode("utf-8", "replace"))


def _read_script_answer(reader: _Reader) -> Output | Failed:
    if (reader.peek() or "").startswith("failed: "):
        return _read_failed(reader)
    status = reader.value("exit")
    if status != "none" and not status.isdecimal():
        raise reader.wrong(f"an exit status or `none` is due here, not {status[:20]!r}")
    if reader.take() != "stdout:":
        raise reader.wrong("`stdout:` is due here")
    stdout = reader.block()
    stderr = b""
    if reader.peek() == "stderr:":
        reader.take()
        stderr = reader.block()
    return Output(stdout, stderr, None if status == "none" else int(status), NONCE_WORD)


def _read_show(reader: _Reader) -> ShowTurn:
    commands: list[str] = []
    texts: list[str] = []
    while (reader.peek() or "").startswith("command: "):
        commands.append(_unescape(reader.value("command")).decode("utf-8", "surrogateescape"))
        texts.append(reader.block().decode("utf-8", "surrogateescape"))
    if (reader.peek() or "").startswith("failed: "):
        return ShowTurn(tuple(commands), _read_failed(reader))
    return ShowTurn(tuple(commands), tuple(texts))
