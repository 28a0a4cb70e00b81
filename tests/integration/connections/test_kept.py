"""A connection that one session lets go and the next of the same host takes up, with a real OpenSSH server."""

from __future__ import annotations

import threading
import time

import pytest

from storefleet.connections.kept import KeptLines
from storefleet.errors import DeadlineExceeded
from storefleet.model.credentials import Credential, KeySource
from storefleet.model.effects import RunScript


def in_60s() -> float:
    return time.monotonic() + 60


def ask(connector, host, script="echo $PPID", **more):
    session = connector.session(host, in_60s(), **more)
    try:
        return session.answer(RunScript(script)).stdout
    finally:
        session.close()


def logins(server) -> int:
    return server.log().count("Accepted publickey")


@pytest.fixture
def one(fleet):
    server = fleet.sshd()
    host = server.host()
    return fleet, server, host


def test_a_host_that_is_entered_again_is_logged_in_to_once(one):
    fleet, server, host = one
    connector = fleet.connector((host, server), keep=1)
    assert [ask(connector, host, "echo one"), ask(connector, host, "echo two")] == [b"one\n", b"two\n"]
    assert logins(server) == 1


def test_nothing_is_kept_unless_it_is_asked_for(one):
    fleet, server, host = one
    connector = fleet.connector((host, server))
    ask(connector, host)
    ask(connector, host)
    assert logins(server) == 2


def test_more_than_may_be_kept_are_ended(one):
    fleet, server, host = one
    other = server.host("S0002-pos1")
    connector = fleet.connector((host, server), (other, server), keep=1)
    for name in (host, other, other, host):
        ask(connector, name)
    assert logins(server) == 3


def test_a_session_that_failed_lets_nothing_go(one):
    fleet, server, host = one
    connector = fleet.connector((host, server), keep=1)
    session = connector.session(host, in_60s())
    with pytest.raises(DeadlineExceeded):
        session.answer(RunScript("sleep 20", deadline_s=0.3))
    session.close()
    ask(connector, host)
    assert logins(server) == 2


def test_another_account_never_gets_the_line_of_the_first(fleet):
    """What is read and what is changed may have accounts of their own."""
    server = fleet.sshd()
    host = server.host()
    root = Credential(user="root", key=KeySource(file=server.client_key))
    till = Credential(user="till", key=KeySource(file=server.client_key))
    connector = fleet.connector((host, server), keep=2)
    connector._lookup = lambda _host, purpose: (("x", root if purpose == "read" else till),)
    assert ask(connector, host, "id -un", purpose="read") == b"root\n"
    assert ask(connector, host, "id -u", purpose="change") == b"64123\n"
    assert logins(server) == 2


def test_a_line_that_broke_meanwhile_is_had_anew(one):
    fleet, server, host = one
    connector = fleet.connector((host, server), keep=1)
    ask(connector, host)
    ((transport, _),) = connector._kept._lines.values()
    transport.wire.hang_up()
    transport.join(10)
    assert not transport.is_active()
    assert ask(connector, host, "echo back") == b"back\n"
    assert logins(server) == 2


def test_who_waits_for_a_host_to_come_back_does_not_ask_over_the_old_line(one):
    fleet, server, host = one
    connector = fleet.connector((host, server), keep=1)
    ask(connector, host)
    assert ask(connector, host, "echo new", anew=True) == b"new\n"
    assert logins(server) == 2
    assert len(connector._kept._lines) == 1


def begun(before):
    """Return the threads that began since and that do not end: one that was told to takes a moment."""
    some = [thread for thread in threading.enumerate() if thread not in before]
    for thread in some:
        thread.join(5)
    return [thread for thread in some if thread.is_alive()]


def test_all_end_with_the_connector(one):
    fleet, server, host = one
    before = {*threading.enumerate()}
    connector = fleet.connector((host, server), keep=1)
    ask(connector, host)
    assert [thread for thread in threading.enumerate() if thread not in before]
    connector.close()
    assert begun(before) == []
    ask(connector, host)
    assert begun(before) == []


def test_nobody_stays_logged_in_for_long(one):
    fleet, server, host = one
    connector = fleet.connector((host, server))
    connector._kept = KeptLines(1, seconds=0.4)
    ask(connector, host)
    ((transport, _),) = connector._kept._lines.values()
    transport.join(10)
    assert not transport.is_alive()
    assert connector._kept._lines == {}
