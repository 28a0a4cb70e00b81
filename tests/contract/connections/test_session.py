"""What every ``Session`` promises, run over SSH and over a recording of that very session.

A new back end joins by one more line in ``BACKENDS``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import paramiko
import pytest
from hostile_servers import PASSWORD, Router, session_with, ssh_server

from storefleet import errors
from storefleet.connections.recording import RecordingSession, ReplaySession
from storefleet.connections.session import Session
from storefleet.connections.transcript import Transcript
from storefleet.model.effects import Effect, RunScript, ShowCommands
from storefleet.model.store import Host

FRAMED = "=== @NONCE@ begin\\n"
SECOND = RunScript("echo second")
SLOW = RunScript("sleep 60", deadline_s=0.5)
HOST = Host(name="S0001-router", store="S0001", device="router", role="router", platform="frr")


class Both(Router):
    """A router with a command line and a shell that knows three scripts."""

    def run(self, channel: paramiko.Channel, command: bytes) -> None:
        script = b""
        while data := channel.recv(4096):
            script += data
        if b"sleep 60" in script:
            time.sleep(5)
            return
        channel.sendall(
            b"second\n" if b"second" in script else self.framed(script) + "caf\u00e9 \xff\n".encode("latin-1")
        )
        channel.sendall_stderr(b"warned\n")
        channel.send_exit_status(3)
        channel.close()

    @staticmethod
    def framed(script: bytes) -> bytes:
        return script.split(b"===")[1].split(b"\\n")[0].strip() + b"\n"


@contextmanager
def over_ssh(_effects: tuple[Effect[object], ...]) -> Iterator[Session]:
    with ssh_server(Both(**{"show ip route": "0.0.0.0/0 via 10.0.0.1\r\n"})) as port:
        session = session_with(port)
        yield session
        session.close()


@contextmanager
def over_replay(effects: tuple[Effect[object], ...]) -> Iterator[Session]:
    with over_ssh(effects) as live:
        recorder = RecordingSession(live, HOST)
        for effect in effects:
            try:
                recorder.answer(effect)
            except errors.HostError:
                continue
        text = recorder.transcript().to_text()
    yield ReplaySession(Transcript.from_text(text))


BACKENDS = {"ssh": over_ssh, "replay": over_replay}
Open = Callable[[tuple[Effect[object], ...]], Iterator[Session]]


@pytest.fixture(params=sorted(BACKENDS))
def open_session(request, monkeypatch):
    monkeypatch.setenv("SF_TEST_PASSWORD", PASSWORD)
    return BACKENDS[request.param]


def answers(open_session, *effects):
    with open_session(effects) as session:
        return [session.answer(effect) for effect in effects]


def test_a_script_gives_bytes_status_and_both_streams(open_session):
    (output,) = answers(open_session, RunScript(FRAMED))
    assert output.exit_status == 3
    assert output.stderr == b"warned\n"
    assert output.stdout.endswith(b"caf\xe9 \xff\n")


def test_the_nonce_of_the_output_is_the_one_in_the_answer(open_session):
    (output,) = answers(open_session, RunScript(FRAMED))
    assert len(output.nonce) == 16
    assert output.stdout.startswith(f"{output.nonce} begin\n".encode())


def test_effects_are_answered_in_their_order(open_session):
    first, shown, second = answers(
        open_session, RunScript(FRAMED), ShowCommands(("show version", "show clock")), SECOND
    )
    assert first.stdout != second.stdout == b"second\n"
    assert shown == ("FRRouting 8.4.4\n", "")


def test_a_failure_is_an_error_of_the_tree_and_the_session_goes_on(open_session):
    effects = (SLOW, ShowCommands(("show nonsense",)), ShowCommands(("reload",)), SECOND)
    with open_session(effects) as session:
        for effect, kind in zip(
            effects, (errors.DeadlineExceeded, errors.CommandRefused, errors.NotAllowed), strict=False
        ):
            with pytest.raises(kind) as caught:
                session.answer(effect)
            assert type(caught.value) is kind
        assert session.answer(SECOND).stdout == b"second\n"


def test_closing_twice_is_harmless(open_session):
    with open_session((SECOND,)) as session:
        session.answer(SECOND)
        session.close()
        session.close()


class Unheard(Effect[None], frozen=True):
    """An effect that nobody answers."""


def test_an_effect_that_it_cannot_answer_is_a_command_error(open_session):
    with open_session(()) as session, pytest.raises(errors.CommandError):
        session.answer(Unheard())
