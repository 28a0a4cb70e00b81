"""Recording what a session answers, and answering from a recording: one protocol, so the same code runs on both."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable
from typing import TypeVar, cast

from storefleet import errors
from storefleet.collect.cards import mask_cards
from storefleet.collect.frr.config import hide
from storefleet.collect.frr.platform import frr
from storefleet.collect.redact import strip_secrets
from storefleet.connections.masking import Masking
from storefleet.connections.session import Session
from storefleet.connections.transcript import (
    NONCE_WORD,
    Failed,
    ScriptTurn,
    ShowTurn,
    Transcript,
    Turn,
    script_hash,
)
from storefleet.errors import HostError, OutputIncomplete
from storefleet.model.effects import Effect, Output, RunScript, ShowCommands
from storefleet.model.secret import Secret
from storefleet.model.store import Host

A = TypeVar("A")


class RecordingSession:
    """Passes effects on and keeps what came back. ``secrets`` gives those of the run; they are masked in every text."""

    def __init__(self, inner: Session, host: Host, secrets: Callable[[], Iterable[Secret]] = tuple) -> None:
        self._inner = inner
        self._host = host
        self._secrets = secrets
        self._turns: list[Turn] = []
        self._recorded_at = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def answer(self, effect: Effect[A]) -> A:
        """Answer through the inner session; a failure is recorded too, and goes on its way."""
        try:
            answer = self._inner.answer(effect)
        except HostError as fault:
            self._keep(effect, Failed(fault.code, self._mask(str(fault))))
            raise
        self._keep(effect, answer)
        return answer

    def close(self) -> None:
        """Close the inner session; the recording stays."""
        self._inner.close()

    def transcript(self) -> Transcript:
        """Return what has been recorded so far."""
        return Transcript(self._host.name, self._host.platform, tuple(self._turns), self._recorded_at)

    def _keep(self, effect: Effect[A], answer: object) -> None:
        if isinstance(effect, RunScript):
            kept = self._clean(answer) if isinstance(answer, Output) else answer
            assert isinstance(kept, Output | Failed)
            self._turns.append(ScriptTurn(script_hash(effect.script), effect.privileged, kept))
        elif isinstance(effect, ShowCommands):
            commands = tuple(self._mask(command) for command in effect.commands)
            texts = (
                answer
                if isinstance(answer, Failed)
                else tuple(self._strip(self._mask(text)) for text in cast("tuple[str, ...]", answer))
            )
            self._turns.append(ShowTurn(commands, texts))

    def _clean(self, output: Output) -> Output:
        stdout, stderr = (self._stripped(self._plain(part, output.nonce)) for part in (output.stdout, output.stderr))
        return Output(stdout, stderr, output.exit_status, NONCE_WORD)

    def _stripped(self, part: bytes) -> bytes:
        """A recording is sent to others: no secret of ours is in it, and none of the device's that can be told."""
        return self._strip(self._mask(part.decode("utf-8", "surrogateescape"))).encode("utf-8", "surrogateescape")

    def _strip(self, text: str) -> str:
        if self._host.platform == "frr":
            platform = frr()
            text = "\n".join(hide(line, platform, b"") for line in text.split("\n"))
        return mask_cards(strip_secrets(text))

    @staticmethod
    def _plain(part: bytes, nonce: str) -> bytes:
        return part.replace(nonce.encode(), NONCE_WORD.encode()) if nonce else part

    def _mask(self, text: str) -> str:
        return Masking(self._secrets()).text(text)


def error_of(failed: Failed) -> HostError:
    """Return the error of the tree that a recorded code names."""
    return _classes().get(failed.code, HostError)(failed.message)


def _classes() -> dict[str, type[HostError]]:
    found = (getattr(errors, name) for name in dir(errors))
    return {kind.code: kind for kind in found if isinstance(kind, type) and issubclass(kind, HostError)}


class ReplaySession:
    """Answers from a recording: scripts in their order, shows in theirs.

    With ``exact`` a script must be the recorded one to the letter; without it an old recording still answers a script
    that was reworded, which is what a demo and a parser's test want.
    """

    def __init__(self, transcript: Transcript, *, exact: bool = False) -> None:
        self._transcript = transcript
        self._exact = exact
        self._scripts = [turn for turn in transcript.turns if isinstance(turn, ScriptTurn)]
        self._shows = [turn for turn in transcript.turns if isinstance(turn, ShowTurn)]

    def answer(self, effect: Effect[A]) -> A:
        """Answer with the next recorded turn of this kind; raises what was recorded, or ``OutputIncomplete``."""
        answer: object
        if isinstance(effect, RunScript):
            answer = self._script(effect)
        elif isinstance(effect, ShowCommands):
            answer = self._show(effect)
        else:
            raise self._missing(type(effect).__name__)
        if isinstance(answer, Failed):
            raise error_of(answer)
        return cast("A", answer)

    def close(self) -> None:
        """Do nothing: a recording holds no connection."""

    def _script(self, effect: RunScript) -> Output | Failed:
        if not self._scripts:
            raise self._missing("script")
        turn = self._scripts.pop(0)
        if self._exact and turn.sha256 != script_hash(effect.script):
            raise self._missing("script with this text")
        return turn.answer

    def _show(self, effect: ShowCommands) -> tuple[str, ...] | Failed:
        if not self._shows or self._shows[0].commands != effect.commands:
            raise self._missing(f"answer to {', '.join(effect.commands)}")
        return self._shows.pop(0).answer

    def _missing(self, what: str) -> OutputIncomplete:
        return OutputIncomplete(
            f"{self._transcript.host}: the recording holds no further {what}; record the session again"
        )
