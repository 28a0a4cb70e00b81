from __future__ import annotations

import contextlib
import socket

import pytest

from storefleet.connections import wire as wire_module
from storefleet.connections.script import command_line, standard_input
from storefleet.connections.wire import GREETING_BYTES, Wire


def push(wire):
    while True:
        with contextlib.suppress(TimeoutError):
            wire.send(b"x" * 65536)


def pull(wire):
    for _ in range(100):
        wire.recv(1024)


def test_a_peer_that_takes_nothing_ends_the_connection_instead_of_holding_a_thread(monkeypatch):
    monkeypatch.setattr(wire_module, "STALL_S", 0.2)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        wire = Wire(ours)
        wire.settimeout(0.05)
        with pytest.raises(EOFError):
            push(wire)


def test_a_server_may_say_only_so_much_before_its_name():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        wire = Wire(ours)
        theirs.sendall(b"x" * (GREETING_BYTES + 1))
        with pytest.raises(EOFError):
            pull(wire)


def test_a_wire_is_closed_and_given_back_once():
    given: list[int] = []
    ours, theirs = socket.socketpair()
    with theirs:
        wire = Wire(ours, on_close=lambda: given.append(1))
        wire.hang_up()
        wire.close()
        wire.close()
    assert given == [1]
    assert ours.fileno() == -1


def test_bytes_are_counted_both_ways():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        wire = Wire(ours)
        theirs.sendall(b"abc")
        assert wire.recv(10) == b"abc"
        assert wire.send(b"de") == 2
        assert (wire.received, wire.sent) == (3, 2)


def test_root_and_unprivileged_scripts_never_meet_sudo():
    assert command_line("root", privileged=True, word="ab") == "exec sh -s"
    assert command_line("till", privileged=False, word="ab") == "exec sh -s"
    assert command_line("till", privileged=True, word="ab").startswith("sudo -n sh -s;")


def test_a_script_is_framed_so_that_half_of_it_is_none_of_it():
    assert standard_input("echo $1 # last", "ab") == b": ab\n{\necho $1 # last\n}\n"
