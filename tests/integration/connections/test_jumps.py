"""Devices behind a jump host, with real OpenSSH on both sides."""

from __future__ import annotations

import threading
import time

import pytest
from paramiko.common import cMSG_CHANNEL_CLOSE, cMSG_CHANNEL_DATA, cMSG_CHANNEL_EOF
from paramiko.message import Message

from storefleet import errors
from storefleet.connections import hostkeys
from storefleet.model.effects import RunScript
from storefleet.model.limits import Limits
from storefleet.model.store import Connect


def with_fields(value, **changed):
    return type(value)(**{field: getattr(value, field) for field in value.__struct_fields__} | changed)


def in_60s():
    return time.monotonic() + 60


def until(true, seconds=10):
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.01)
    assert true()


def behind(server, name, via):
    return server.host(name, via=via)


def run(connector, host, script="echo $SSH_CONNECTION"):
    session = connector.session(host, in_60s())
    try:
        return session.answer(RunScript(script)).stdout
    finally:
        session.close()


def failure(connector, host):
    with pytest.raises(errors.HostError) as caught:
        run(connector, host)
    return caught.value


@pytest.fixture
def store(fleet):
    """A router that forwards, and tills that accept nobody else (they see the jump's own address)."""
    jump, till = fleet.sshd(address="127.0.0.2"), fleet.sshd(address="127.0.0.3")
    return jump, till, jump.host("S0001-router", platform="frr")


def test_many_tills_share_one_connection_to_their_jump(fleet, store):
    jump, till, router = store
    tills = [behind(till, f"S0001-pos{number}", "S0001-router") for number in range(8)]
    connector = fleet.connector((router, jump), *((host, till) for host in tills))
    answers: list[bytes] = []
    threads = [threading.Thread(target=lambda host=host: answers.append(run(connector, host))) for host in tills]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 8
    assert jump.log().count("Accepted publickey") == 1


@pytest.mark.parametrize(
    "kind", [cMSG_CHANNEL_DATA, cMSG_CHANNEL_EOF, cMSG_CHANNEL_CLOSE], ids=["data", "eof", "close"]
)
def test_a_packet_that_comes_after_the_end_of_its_way_costs_the_other_ways_nothing(fleet, store, kind):
    jump, till, router = store
    hosts = [behind(till, f"S0001-pos{number}", "S0001-router") for number in range(2)]
    connector = fleet.connector((router, jump), *((host, till) for host in hosts))
    first, second = (connector.session(host, in_60s()) for host in hosts)
    wire = second.open_shell().wire
    first.open_shell()
    late = Message()
    late.add_byte(kind)
    late.add_int(wire._stream.remote_chanid)
    if kind == cMSG_CHANNEL_DATA:
        late.add_string(b"x")
    second.close()
    until(lambda: not wire.carrier._channels.get(wire._stream.chanid))
    wire.carrier._send_user_message(late)
    assert first.answer(RunScript("echo unhurt")).stdout == b"unhurt\n"
    assert run(connector, hosts[1], "echo again") == b"again\n"
    assert jump.log().count("Accepted publickey") == 1
    first.close()


def test_more_ways_than_one_connection_allows_open_another_one_and_no_more_than_the_cap(fleet, store):
    jump, till, router = store
    limits = Limits(per_jump=15, connects_per_second=1000)
    tills = [behind(till, f"S0001-pos{number}", "S0001-router") for number in range(15)]
    connector = fleet.connector((router, jump), *((host, till) for host in tills), limits=limits)
    sessions = [connector.session(host, in_60s()) for host in tills]
    for session in sessions:
        session.open_shell()
    assert jump.log().count("Accepted publickey") == 2
    waiting = connector.session(tills[0], time.monotonic() + 0.3)
    with pytest.raises(errors.JumpFailed, match="per_jump"):
        waiting.open_shell()
    for session in sessions:
        session.close()
    assert run(connector, tills[0], "echo free again") == b"free again\n"


def test_a_jump_may_stand_behind_a_jump(fleet, store):
    jump, till, router = store
    bastion = fleet.sshd(address="127.0.0.4")
    outer = bastion.host("HQ-bastion")
    inner = with_fields(router, connect=Connect(port=jump.port, via="HQ-bastion"))
    host = behind(till, "S0001-pos1", "S0001-router")
    connector = fleet.connector((outer, bastion), (inner, jump), (host, till))
    assert run(connector, host, "echo through two") == b"through two\n"
    assert [server.log().count("Accepted publickey") for server in (bastion, jump, till)] == [1, 1, 1]


def test_a_loop_of_jumps_is_refused_before_anything_is_connected(fleet, store):
    jump, till, router = store
    inner = with_fields(router, connect=Connect(port=jump.port, via="S0001-pos1"))
    host = behind(till, "S0001-pos1", "S0001-router")
    error = failure(fleet.connector((inner, jump), (host, till)), host)
    assert type(error) is errors.JumpFailed
    assert "loop" in str(error)
    assert "Connection from" not in jump.log().replace("Connection from 127.0.0.1", "")


def test_a_jump_that_is_dead_is_named_and_its_other_hosts_hear_it_at_once(fleet, store):
    jump, till, router = store
    jump.process.terminate()
    jump.process.wait(5)
    tills = [behind(till, f"S0001-pos{number}", "S0001-router") for number in range(3)]
    connector = fleet.connector((router, jump), *((host, till) for host in tills))
    found = [failure(connector, host) for host in tills]
    assert {type(error) for error in found} == {errors.JumpFailed}
    assert all("S0001-router" in str(error) and "refused" in str(error) for error in found)


def test_a_dead_till_is_its_own_problem_and_not_the_jumps(fleet, store):
    jump, till, router = store
    dead, alive = behind(till, "S0001-pos1", "S0001-router"), behind(till, "S0001-pos2", "S0001-router")
    dead = with_fields(dead, connect=Connect(port=1, via="S0001-router"))
    connector = fleet.connector((router, jump), (dead, till), (alive, till))
    # OpenSSH says only "connect failed" where the kernel refuses at once, and the reason where it comes later
    assert type(failure(connector, dead)) in (errors.Refused, errors.Unreachable)
    assert run(connector, alive, "echo alive") == b"alive\n"


def test_a_jump_that_does_not_forward_is_named(fleet, store):
    _, till, _ = store
    jump = fleet.sshd("AllowTcpForwarding no", address="127.0.0.2")
    host = behind(till, "S0001-pos1", "S0001-router")
    error = failure(fleet.connector((jump.host("S0001-router"), jump), (host, till)), host)
    assert type(error) is errors.JumpFailed
    assert "does not forward TCP" in str(error)


def test_a_jump_connection_that_died_is_opened_again(fleet, store):
    jump, till, router = store
    host = behind(till, "S0001-pos1", "S0001-router")
    connector = fleet.connector((router, jump), (host, till))
    assert run(connector, host, "echo once") == b"once\n"
    for line in connector._jumps._jumps["S0001-router"].lines:
        line.transport.wire.hang_up()
        line.transport.join(5)
    assert run(connector, host, "echo twice") == b"twice\n"
    assert jump.log().count("Accepted publickey") == 2


def test_the_host_key_of_a_till_is_checked_behind_its_jump_too(fleet, store):
    jump, till, router = store
    host = behind(till, "S0001-pos1", "S0001-router")
    connector = fleet.connector((router, jump), (host, jump))  # the till's pin is the jump's key
    assert type(failure(connector, host)) is errors.HostKeyChanged
    assert "Accepted" not in till.log()


def test_a_jump_with_an_unknown_key_gets_no_credential(fleet, store):
    jump, till, router = store
    host = behind(till, "S0001-pos1", "S0001-router")
    error = failure(fleet.connector((router, till), (host, till)), host)
    assert type(error) is errors.JumpFailed
    assert type(error.__cause__) is errors.HostKeyChanged
    assert "Accepted" not in jump.log()


def test_the_same_address_in_two_stores_is_two_hosts_with_keys_of_their_own(fleet):
    """Both tills stand at 127.0.0.9 on the same port, each in the network of its own jump: keys go by name."""
    first, second = fleet.sshd(address="127.0.0.2"), fleet.sshd(address="127.0.0.2")
    one, other = first.host("S0001-pos1"), with_fields(first.host("S0002-pos1"), connect=Connect(port=first.port))
    connector = fleet.connector((one, first), (other, second))
    assert run(connector, one, "echo one") == b"one\n"
    error = failure(connector, other)
    assert type(error) is errors.HostKeyChanged
    assert "pinned for S0001-pos1" in str(error)


def test_a_scan_through_a_jump_shows_every_key_and_logs_in_nowhere_but_at_the_jump(fleet, store):
    jump, _, router = store
    till = fleet.sshd(address="127.0.0.5", host_keys=("ed25519", "ecdsa", "rsa"))
    host = behind(till, "S0001-pos1", "S0001-router")
    connector = fleet.connector((router, jump), (host, till))
    connector.known_hosts.by_name.pop("S0001-pos1")
    scanned = hostkeys.scan(connector, host)
    shown = {key.fingerprint for key in scanned.keys}
    assert shown == {key.fingerprint for key in till.keys.values()}
    assert "Accepted" not in till.log()


def test_a_key_is_trusted_by_its_fingerprint_and_the_next_session_is_let_in(fleet, tmp_path):
    server = fleet.sshd(host_keys=("ed25519", "rsa"))
    host = server.host()
    connector = fleet.connector((host, server), pin=False)
    scanned = hostkeys.scan(connector, host)
    path = tmp_path / "known_hosts"
    wanted = server.keys["ed25519"].fingerprint
    hostkeys.trust(path, host.name, wanted, scanned, "label on the till")
    assert [listed.key.fingerprint for listed in hostkeys.listing(path)] == [wanted]
    connector.known_hosts = hostkeys.KnownHosts.load(path)
    assert run(connector, host, "echo in") == b"in\n"


def test_a_jump_that_dies_in_the_midst_is_named_and_not_the_till(fleet, store):
    jump, till, router = store
    host = behind(till, "S0001-pos1", "S0001-router")
    connector = fleet.connector((router, jump), (host, till))
    session = connector.session(host, in_60s())
    session.open_shell()
    line = connector._jumps._jumps["S0001-router"].lines[0]
    threading.Timer(0.5, line.transport.wire.hang_up).start()
    with pytest.raises(errors.JumpFailed, match="jump S0001-router broke"):
        session.answer(RunScript("sleep 20"))
    session.close()


def test_idle_jumps_of_other_stores_give_way_to_those_that_wait(fleet, store):
    jump, till, _ = store
    bastion = fleet.sshd(address="127.0.0.4")
    hosts = [(bastion.host("HQ-bastion"), bastion)]
    tills = []
    for number in range(5):
        name = f"S{number}-router"
        hosts.append((with_fields(jump.host(name), connect=Connect(port=jump.port, via="HQ-bastion")), jump))
        tills.append(behind(till, f"S{number}-pos1", name))
    limits = Limits(per_jump=2, connects_per_second=1000)
    connector = fleet.connector(*hosts, *((host, till) for host in tills), limits=limits)
    for host in tills:
        assert run(connector, host, "echo in") == b"in\n"


def test_a_line_that_is_only_kept_gives_its_way_to_who_waits_for_one(fleet, store):
    jump, till, router = store
    limits = Limits(per_jump=2, connects_per_second=1000)
    tills = [behind(till, f"S0001-pos{number}", "S0001-router") for number in range(5)]
    connector = fleet.connector((router, jump), *((host, till) for host in tills), limits=limits, keep=9)
    for host in (*tills, tills[-1]):
        assert run(connector, host, "echo in") == b"in\n"
    assert till.log().count("Accepted publickey") == 5
