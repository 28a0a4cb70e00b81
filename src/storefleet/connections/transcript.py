"""A recorded session as readable text, so that a field problem is two files and the demo needs no machine.

The format is framed lines that ``git diff`` shows well. Output stays as it was where it is printable UTF-8; every other
byte is ``\\xNN``, so that nothing in a recording can act on a terminal. The random nonce becomes a fixed word, a script
is its SHA-256, and no secret of the run can get in: the recorder refuses to keep what holds one.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from storefleet.connections.framing import LineReader, block, escape, unescape
from storefleet.documents.files import write_atomically
from storefleet.documents.ownership import PRIVATE, Ownership
from storefleet.errors import Complaint, InputError
from storefleet.model.effects import Output

FORMAT = "# storefleet.transcript/1"
NONCE_WORD = "5eed5eed5eed5eed"


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
    """All turns with one host, in their order; ``recorded_at`` (UTC) is the instant of the evidence in them."""

    host: str
    platform: str
    turns: tuple[Turn, ...] = ()
    recorded_at: str | None = None

    def save(self, path: Path, owner: Ownership = PRIVATE) -> None:
        """Write the text form."""
        write_atomically(path, self.to_text(), 0o640, owner)

    def to_text(self) -> str:
        """Return the text form."""
        lines = [FORMAT, f"host: {self.host}", f"platform: {self.platform}"]
        if self.recorded_at is not None:
            lines.append(f"recorded: {self.recorded_at}")
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
        reader = LineReader(text.split("\n"), shown)
        if reader.take() != FORMAT:
            raise reader.wrong(f"the first line must be {FORMAT!r}")
        host, platform = reader.value("host"), reader.value("platform")
        recorded_at = reader.value("recorded") if (reader.peek() or "").startswith("recorded: ") else None
        turns: list[Turn] = []
        while reader.skip_blank():
            turns.append(_read_turn(reader))
        return cls(host, platform, tuple(turns), recorded_at)


def script_hash(script: str) -> str:
    """Return what stands for a script in a recording."""
    return hashlib.sha256(script.encode()).hexdigest()


def _script_lines(turn: ScriptTurn) -> list[str]:
    lines = [f"ask: script {turn.sha256} {'privileged' if turn.privileged else 'plain'}"]
    if isinstance(turn.answer, Failed):
        return lines + _failed_lines(turn.answer)
    status = "none" if turn.answer.exit_status is None else str(turn.answer.exit_status)
    lines += [f"exit: {status}", "stdout:", *block(turn.answer.stdout)]
    return lines + (["stderr:", *block(turn.answer.stderr)] if turn.answer.stderr else [])


def _show_lines(turn: ShowTurn) -> list[str]:
    lines = ["ask: show"]
    heads = [f"command: {escape(command.encode('utf-8', 'surrogateescape'))}" for command in turn.commands]
    if isinstance(turn.answer, Failed):
        return lines + heads + _failed_lines(turn.answer)
    for head, text in zip(heads, turn.answer, strict=True):
        lines += [head, *block(text.encode("utf-8", "surrogateescape"))]
    return lines


def _failed_lines(answer: Failed) -> list[str]:
    return [f"failed: {answer.code}", *block(answer.message.encode("utf-8", "replace"))]


def _read_turn(reader: LineReader) -> Turn:
    words = reader.value("ask").split(" ")
    if words[0] == "script" and len(words) == 3:
        return ScriptTurn(words[1], words[2] == "privileged", _read_script_answer(reader))
    if words == ["show"]:
        return _read_show(reader)
    raise reader.wrong("`ask: script HASH privileged|plain` or `ask: show` is due here")


def _read_failed(reader: LineReader) -> Failed:
    return Failed(reader.value("failed"), reader.block().decode("utf-8", "replace"))


def _read_script_answer(reader: LineReader) -> Output | Failed:
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


def _read_show(reader: LineReader) -> ShowTurn:
    commands: list[str] = []
    texts: list[str] = []
    while (reader.peek() or "").startswith("command: "):
        commands.append(unescape(reader.value("command")).decode("utf-8", "surrogateescape"))
        texts.append(reader.block().decode("utf-8", "surrogateescape"))
    if (reader.peek() or "").startswith("failed: "):
        return ShowTurn(tuple(commands), _read_failed(reader))
    return ShowTurn(tuple(commands), tuple(texts))
