from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storefleet import errors
from storefleet.connections.recording import RecordingSession, ReplaySession, error_of
from storefleet.connections.transcript import (
    NONCE_WORD,
    Failed,
    ScriptTurn,
    ShowTurn,
    Transcript,
    script_hash,
)
from storefleet.errors import InputError
from storefleet.model.effects import Effect, Output, RunScript, ShowCommands
from storefleet.model.secret import Secret
from storefleet.model.store import Host

HOST = Host(name="S0001-pos1", store="S0001", device="pos1", role="till", platform="linux")

texts = st.text(max_size=60)
messages = texts.map(lambda text: text.encode("utf-8", "replace").decode())
outputs = st.builds(
    Output, stdout=st.binary(max_size=200), stderr=st.binary(max_size=50),
    exit_status=st.none() | st.integers(0, 255), nonce=st.just(NONCE_WORD),
)  # fmt: skip
failures = st.builds(Failed, code=st.sampled_from(["deadline", "host-key-changed"]), message=messages)
scripts = st.builds(
    ScriptTurn, sha256=texts.map(script_hash), privileged=st.booleans(), answer=outputs | failures,
)  # fmt: skip


def shows_of(pairs):
    return ShowTurn(tuple(command for command, _ in pairs), tuple(text for _, text in pairs))


printable = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
shows = st.lists(st.tuples(printable, printable), max_size=3).map(shows_of) | st.builds(
    ShowTurn, commands=st.lists(printable, max_size=2).map(tuple), answer=failures
)
transcripts = st.builds(
    Transcript,
    host=st.just("S1-pos1"),
    platform=st.just("linux"),
    turns=st.lists(scripts | shows, max_size=4).map(tuple),
)


@given(transcripts)
def test_whatever_was_recorded_is_read_back_byte_for_byte(transcript):
    assert Transcript.from_text(transcript.to_text()) == transcript


@given(transcripts)
def test_a_recording_is_printable_text(transcript):
    assert transcript.to_text().replace("\n", "").replace("\t", "").isprintable()


class Fake:
    """Answers each effect with the next thing in the list."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.closed = False

    def answer(self, effect):
        found = self.answers.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    def close(self):
        self.closed = True


def test_a_recording_reads_well_and_holds_neither_script_nor_nonce(tmp_path):
    session = RecordingSession(
        Fake(Output("nonce=ab12 收银\n".encode() + b"\xff\x1b[2J\\n\nno end", b"warn\n", 3, "ab12")), HOST
    )
    session.answer(RunScript("echo @NONCE@ topsecret"))
    path = tmp_path / "one.txt"
    session.transcript().save(path)
    assert path.read_text() == (
        "# storefleet.transcript/1\nhost: S0001-pos1\nplatform: linux\n"
        f"recorded: {session.transcript().recorded_at}\n\n"
        f"ask: script {script_hash('echo @NONCE@ topsecret')} privileged\nexit: 3\nstdout:\n"
        f"| nonce={NONCE_WORD} 收银\n| \\xff\\x1b[2J\\\\n\n~ no end\nstderr:\n| warn\n"
    )
    assert Transcript.load(path) == session.transcript()


CANARIES = ("canary-password-1", "canary-passphrase-22", "canary-password-1-and-longer")


@pytest.mark.parametrize("canary", CANARIES)
def test_no_secret_of_the_run_gets_into_a_recording(canary):
    secrets = tuple(map(Secret, CANARIES))
    inner = Fake(
        Output(f"a {canary} b\n".encode(), canary.encode(), 0, "ab"),
        (f"username sf password {canary}\n",),
        errors.LoginRefused(f"the device echoed {canary}"),
        errors.NotAllowed(f"show {canary}"),
    )
    session = RecordingSession(inner, HOST, lambda: secrets)
    session.answer(RunScript(f"echo {canary}"))
    session.answer(ShowCommands(("show running-config",)))
    for effect in (RunScript("x"), ShowCommands((f"show {canary}",))):
        with pytest.raises(errors.HostError):
            session.answer(effect)
    assert "canary" not in session.transcript().to_text()


def test_a_short_secret_does_not_blank_out_the_document():
    session = RecordingSession(Fake(Output(b"10.1.1.1\n", b"", 0, "ab")), HOST, lambda: (Secret("1"),))
    session.answer(RunScript("x"))
    assert "10.1.1.1" in session.transcript().to_text()


def test_the_answer_that_the_step_gets_is_the_unchanged_one():
    given_output = Output(b"nonce ab12\n", b"", 0, "ab12")
    inner = Fake(given_output)
    session = RecordingSession(inner, HOST)
    assert session.answer(RunScript("x")) is given_output
    session.close()
    assert inner.closed


@pytest.mark.parametrize(
    "kind",
    [
        kind
        for name in dir(errors)
        if isinstance(kind := getattr(errors, name), type) and issubclass(kind, errors.HostError)
    ],
)
def test_every_error_of_the_tree_is_replayed_as_itself(kind):
    assert type(error_of(Failed(kind.code, "why"))) is kind


def test_scripts_and_shows_are_answered_each_in_their_order():
    turns = (
        ScriptTurn(script_hash("a"), True, Output(b"1", nonce=NONCE_WORD)),
        ShowTurn(("show version",), ("v",)),
        ScriptTurn(script_hash("b"), True, Failed("deadline", "too slow")),
    )
    session = ReplaySession(Transcript("S1-r", "frr", turns))
    assert session.answer(ShowCommands(("show version",))) == ("v",)
    assert session.answer(RunScript("reworded")).stdout == b"1"
    with pytest.raises(errors.DeadlineExceeded, match="too slow"):
        session.answer(RunScript("b"))
    with pytest.raises(errors.OutputIncomplete, match="record the session again"):
        session.answer(RunScript("c"))


def test_an_exact_replay_refuses_another_script_and_other_commands():
    turns = (ScriptTurn(script_hash("a"), True, Output(b"1")), ShowTurn(("show version",), ("v",)))
    session = ReplaySession(Transcript("S1-r", "frr", turns), exact=True)
    with pytest.raises(errors.OutputIncomplete):
        session.answer(RunScript("b"))
    with pytest.raises(errors.OutputIncomplete):
        session.answer(ShowCommands(("show clock",)))


class Unheard(Effect[None], frozen=True):
    """An effect that no recording knows."""


def test_an_effect_that_no_recording_knows_is_incomplete():
    with pytest.raises(errors.OutputIncomplete):
        ReplaySession(Transcript("S1-r", "frr")).answer(Unheard())


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", 1),
        ("# storefleet.transcript/1\nplatform: x", 2),
        ("# storefleet.transcript/1\nhost: a\nplatform: b\n\nask: dance", 5),
        ("# storefleet.transcript/1\nhost: a\nplatform: b\n\nask: script ab plain\nexit: x\nstdout:", 6),
        ("# storefleet.transcript/1\nhost: a\nplatform: b\n\nask: script ab plain\nexit: 0", 7),
    ],
)
def test_a_damaged_recording_is_a_complaint_with_its_line(text, line):
    with pytest.raises(InputError) as caught:
        Transcript.from_text(text, "t")
    assert caught.value.complaints[0].line == line
