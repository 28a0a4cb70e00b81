"""Servers that are silent, broken or malicious: each one is a named state, soon, and never a pass."""

from __future__ import annotations

import logging
import socket
import threading
import time
import traceback
import zlib
from pathlib import Path

import paramiko
import pytest
from hostile_servers import (
    HOST_KEY,
    PASSWORD,
    PINNED,
    SHA1_ONLY,
    Device,
    connector_for,
    host_at,
    raw_server,
    session_with,
    ssh_server,
)
from nornir.core.configuration import Config
from nornir.core.inventory import ConnectionOptions, Defaults
from nornir.core.inventory import Host as NornirHost
from paramiko.compress import ZlibCompressor

from storefleet import errors
from storefleet.connections import plugins
from storefleet.connections.known_hosts import KnownHosts, PinnedKey
from storefleet.model.credentials import Credential, KeySource, Lockout, SecretSource
from storefleet.model.effects import RunScript
from storefleet.model.limits import Limits
from storefleet.model.store import LegacySsh

BY_KEY = "client_key"


@pytest.fixture(autouse=True)
def secret_in_the_environment(monkeypatch):
    monkeypatch.setenv("SF_TEST_PASSWORD", PASSWORD)
    monkeypatch.setenv("SF_WRONG_PASSWORD", "wrong-password")


@pytest.fixture
def client_key(tmp_path):
    path = tmp_path / "key"
    paramiko.ECDSAKey.generate().write_private_key_file(str(path))
    return Credential(user="sf", key=KeySource(file=str(path)))


WRONG = Credential(user="sf", password=SecretSource(env="SF_WRONG_PASSWORD"))
RIGHT = Credential(user="sf", password=SecretSource(env="SF_TEST_PASSWORD"))


def failure(port, *credentials, effect=None, **options):
    session = session_with(port, *credentials, **options)
    try:
        with pytest.raises(errors.HostError) as caught:
            session.answer(effect or RunScript("id", deadline_s=2))
    finally:
        session.close()
    return caught.value


def silent(client):
    time.sleep(30)


def greets_and_falls_silent(client):
    client.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
    time.sleep(30)


def speaks_http(client):
    client.recv(100)
    client.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
    client.close()


def floods_before_greeting(client):
    while True:
        client.sendall(b"x" * 65536)


def hangs_up(client):
    client.close()


def turns_away(client):
    client.sendall(b"Exceeded MaxStartups\r\n")
    client.close()


@pytest.mark.parametrize(
    ("server", "kind", "words"),
    [
        (silent, errors.TimedOut, "banner"),
        (greets_and_falls_silent, errors.TimedOut, "key exchange"),
        (speaks_http, errors.NotSsh, "does not speak SSH"),
        (floods_before_greeting, errors.NotSsh, "does not speak SSH"),
        (hangs_up, errors.Dropped, "banner"),
    ],
)
def test_a_server_that_never_becomes_ssh_is_named_in_its_phase(server, kind, words):
    with raw_server(server) as port:
        error = failure(port, limits=Limits(banner_s=0.5, login_s=0.5))
    assert type(error) is kind
    assert words in str(error)


def test_a_closed_port_is_refused():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert type(failure(port)) is errors.Refused


def test_a_port_that_takes_no_connection_times_out_in_the_tcp_phase():
    with socket.socket() as full:  # a backlog of nothing: the kernel drops every further SYN
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
        error = failure(full.getsockname()[1])
        for filler in fillers:
            filler.close()
    assert type(error) is errors.TimedOut
    assert "TCP" in str(error)


def test_a_name_that_does_not_resolve_is_named():
    host = host_at(22)
    host = type(host)(
        **{field: getattr(host, field) for field in host.__struct_fields__} | {"address": "no.such.invalid"}
    )
    with pytest.raises(errors.NameUnknown):
        connector_for().session(host, time.monotonic() + 10).answer(RunScript("id"))


@pytest.mark.parametrize("address", ["-oProxyCommand=x", "a b", "`id`", "a;b", "h\n"])
def test_what_is_no_host_name_is_never_connected(address):
    host = host_at(22)
    host = type(host)(**{field: getattr(host, field) for field in host.__struct_fields__} | {"address": address})
    with pytest.raises(errors.NameUnknown, match="neither an address"):
        connector_for().session(host, time.monotonic() + 10).answer(RunScript("id"))


def test_a_changed_host_key_is_refused_before_any_credential_is_sent():
    device = Device()
    other = paramiko.ECDSAKey.generate()
    with ssh_server(device, key=other) as port:
        error = failure(port)
    assert type(error) is errors.HostKeyChanged
    assert PINNED.fingerprint in str(error)
    assert other.fingerprint in str(error)
    assert "hostkeys trust" in str(error)
    assert device.seen == []


def test_an_unknown_host_key_is_refused_before_any_credential_is_sent():
    device = Device()
    with ssh_server(device) as port:
        error = failure(port, keys=())
    assert type(error) is errors.HostKeyUnknown
    assert PINNED.fingerprint in str(error)
    assert device.seen == []


def test_a_pinned_key_of_another_type_is_a_changed_key():
    rsa = paramiko.RSAKey.generate(2048)
    with ssh_server(Device()) as port:
        error = failure(port, keys=(PinnedKey("ssh-rsa", rsa.asbytes()),))
    assert type(error) is errors.HostKeyChanged


def test_a_password_only_server_gets_no_password_where_only_a_key_is_declared(client_key):
    device = Device()
    with ssh_server(device) as port:
        error = failure(port, client_key)
    assert type(error) is errors.LoginRefused
    assert device.seen == ["publickey"]


def test_a_password_login_works_and_a_script_runs():
    with ssh_server(Device()) as port:
        session = session_with(port)
        assert session.answer(RunScript("id")).stdout == b"hello\n"
        session.close()


class Interactive(Device):
    allowed = "keyboard-interactive"


class AsksTwice(Interactive):
    prompts = (("Password: ", False), ("Old password: ", False))


class AsksAloud(Interactive):
    prompts = (("Password: ", True),)


def test_keyboard_interactive_answers_one_hidden_prompt():
    device = Interactive()
    with ssh_server(device) as port:
        session = session_with(port)
        assert session.answer(RunScript("id")).exit_status == 0
        session.close()
    assert device.answers == [PASSWORD]


@pytest.mark.parametrize("kind", [AsksTwice, AsksAloud])
def test_keyboard_interactive_gives_nothing_to_any_other_question(kind):
    device = kind()
    with ssh_server(device) as port:
        error = failure(port)
    assert type(error) is errors.LoginRefused
    assert device.answers == []


def test_a_wrong_password_is_one_attempt_and_says_so():
    device = Device()
    with ssh_server(device) as port:
        error = failure(port, WRONG)
    assert type(error) is errors.LoginRefused
    assert device.seen == ["wrong-password"]
    assert "wrong-password" not in str(error)


def test_the_declared_order_is_kept_and_the_next_sibling_gets_in():
    device = Device()
    with ssh_server(device) as port:
        session = session_with(port, WRONG, RIGHT)
        assert session.answer(RunScript("id")).exit_status == 0
        session.close()
    assert device.seen == ["wrong-password", PASSWORD]


def test_a_credential_refused_on_many_hosts_is_not_tried_on_the_next():
    device = Device()
    connector = connector_for(WRONG, lockout=Lockout(per_host=1, fleet=3))
    connector.known_hosts.by_name.update({f"S{n}-router": (PINNED,) for n in range(40)})  # type: ignore[attr-defined]
    kinds: list[type] = []

    def one(number):
        try:
            connector.session(host_at(port, name=f"S{number}-router"), time.monotonic() + 20).open_shell()
        except errors.HostError as fault:
            kinds.append(type(fault))

    with ssh_server(device) as port:
        threads = [threading.Thread(target=one, args=(number,)) for number in range(40)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(device.seen) == 3
    assert kinds.count(errors.LoginRefused) == 3
    assert kinds.count(errors.CredentialLocked) == 37


def test_a_sha1_only_server_is_refused_with_what_it_offers_and_the_remedy():
    with ssh_server(Device(), disabled=SHA1_ONLY) as port:
        error = failure(port)
    assert type(error) is errors.CryptoMismatch
    assert "diffie-hellman-group14-sha1" in str(error)
    assert "legacy_ssh" in str(error)


def test_legacy_ssh_lets_exactly_the_named_algorithm_in_until_it_expires():
    granted = LegacySsh(algorithms=("diffie-hellman-group14-sha1",), expires="2099-01-01")
    with ssh_server(Device(), disabled=SHA1_ONLY) as port:
        session = session_with(port, legacy=granted)
        assert session.answer(RunScript("id")).exit_status == 0
        session.close()
        expired = failure(port, legacy=LegacySsh(algorithms=granted.algorithms, expires="2020-01-01"))
    assert type(expired) is errors.CryptoMismatch
    assert "expired on 2020-01-01" in str(expired)


class DropsAfterLogin(Device):
    def check_channel_request(self, kind, chanid):
        threading.current_thread().sock.shutdown(socket.SHUT_RDWR)
        return paramiko.OPEN_SUCCEEDED


class DropsInTheMidst(Device):
    def run(self, channel, command):
        channel.sendall(b"half an ans")
        channel.get_transport().sock.shutdown(socket.SHUT_RDWR)


class NeverEnds(Device):
    def run(self, channel, command):
        channel.sendall(b"partial\n")
        time.sleep(60)


class NeverAnswersExec(Device):
    def check_channel_exec_request(self, channel, command):
        time.sleep(60)
        return False


class RefusesExec(Device):
    def check_channel_exec_request(self, channel, command):
        return False


class DripsOneByte(Device):
    def run(self, channel, command):
        while True:
            channel.sendall(b"x")
            time.sleep(0.3)


class FloodsStdout(Device):
    def run(self, channel, command):
        while True:
            channel.sendall(b"y\n" * 16000)


class FloodsStderr(Device):
    def run(self, channel, command):
        while True:
            channel.sendall_stderr(b"y\n" * 16000)


class OneEndlessLine(Device):
    def run(self, channel, command):
        while True:
            channel.sendall(b"y" * 32000)


class LotsOnBoth(Device):
    """More than a window on stderr before stdout: reading one stream after the other would wait for ever."""

    def run(self, channel, command):
        for _ in range(96):
            channel.sendall_stderr(b"e" * 1023 * 32 + b"\n" * 32)
        channel.sendall(b"done\n")
        channel.send_exit_status(0)
        channel.close()


class TakesNoInput(Device):
    """Opens a window of almost nothing and never reads."""

    def check_channel_exec_request(self, channel, command):
        return True


class SaysGoingDown(Device):
    def run(self, channel, command):
        channel.sendall_stderr(b"System is going down. Unprivileged users are not permitted to log in anymore.\n")
        channel.send_exit_status(254)
        channel.close()


@pytest.mark.parametrize(
    ("device", "kind"),
    [
        (DropsAfterLogin, errors.Dropped),
        (DropsInTheMidst, errors.Dropped),
        (NeverEnds, errors.DeadlineExceeded),
        (NeverAnswersExec, errors.DeadlineExceeded),
        (RefusesExec, errors.CommandRefused),
        (DripsOneByte, errors.DeadlineExceeded),
        (FloodsStdout, errors.BudgetExceeded),
        (FloodsStderr, errors.BudgetExceeded),
        (OneEndlessLine, errors.BudgetExceeded),
        (SaysGoingDown, errors.Rebooting),
    ],
)
def test_a_command_that_goes_wrong_is_a_named_error_soon(device, kind):
    started = time.monotonic()
    with ssh_server(device()) as port:
        error = failure(port, effect=RunScript("x" * 100, deadline_s=1.5, max_bytes=2_000_000))
    assert type(error) is kind
    assert time.monotonic() - started < 15


def test_input_that_the_device_does_not_take_ends_at_the_deadline():
    with ssh_server(TakesNoInput()) as port:
        error = failure(port, effect=RunScript("x" * 8_000_000, deadline_s=1.5))
    assert type(error) is errors.DeadlineExceeded


def test_both_streams_are_drained_together():
    with ssh_server(LotsOnBoth()) as port:
        session = session_with(port)
        output = session.answer(RunScript("id", deadline_s=20))
        session.close()
    assert output.stdout == b"done\n"
    assert len(output.stderr) == 96 * 32 * 1024


class Swells(ZlibCompressor):
    """Every packet becomes a thousand times as large at the other end."""

    def __call__(self, data):
        return self.z.compress(data + b"\0" * 30_000_000) + self.z.flush(zlib.Z_FULL_FLUSH)


class Garbles(ZlibCompressor):
    """What comes is no stream of zlib at all."""

    def __call__(self, data):
        return b"\xff" * 100


@pytest.mark.parametrize(("compressor", "words"), [(Swells, "swells beyond"), (Garbles, "no honest device")])
def test_a_packet_that_no_honest_device_compresses_ends_the_connection(compressor, words):
    with ssh_server(Device(), compressor=compressor) as port:
        error = failure(port, effect=RunScript("id", deadline_s=10))
    assert type(error) is errors.BudgetExceeded
    assert words in str(error)


class SpeaksGbk(Device):
    def run(self, channel, command):
        channel.sendall("收银\n".encode("gbk") + b"\xff\xfe\x00\x1b[2J\n")
        channel.send_exit_status(0)
        channel.close()


def test_output_of_any_charset_is_returned_as_the_bytes_that_came():
    with ssh_server(SpeaksGbk()) as port:
        session = session_with(port)
        assert session.answer(RunScript("id")).stdout == "收银\n".encode("gbk") + b"\xff\xfe\x00\x1b[2J\n"
        session.close()


def threads_and_files():
    return threading.active_count(), len(list(Path("/proc/self/fd").iterdir()))


def test_a_hundred_failed_connections_leave_no_thread_and_no_descriptor():
    with ssh_server(Device()) as port, raw_server(hangs_up) as other:
        failure(port, WRONG)
        before = threads_and_files()
        for _ in range(50):
            failure(port, keys=())
            failure(other)
        for _ in range(100):
            after = threads_and_files()
            if after[0] <= before[0] + 2:
                break
            time.sleep(0.05)
        connections = 50 + 50 + 1  # the server's side of each stays open in this very process until the test ends
    assert after[0] <= before[0] + 2
    assert after[1] <= before[1] + connections


def test_no_key_of_the_machine_is_ever_offered(monkeypatch, tmp_path, client_key):
    home = tmp_path / "home" / ".ssh"
    home.mkdir(parents=True)
    HOST_KEY.write_private_key_file(str(home / "id_ecdsa"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))

    class KeyOnly(Device):
        allowed = "publickey,password"

    device = KeyOnly()
    with ssh_server(device) as port:
        failure(port, client_key)
    assert device.seen == ["publickey"]


class DiesBeforeTheStatus(Device):
    """Says all it has to say, ends the stream, and loses the line before it says how the script ended."""

    def run(self, channel, command):
        while channel.recv(4096):
            pass
        channel.sendall(b"hello\n")
        channel.shutdown_write()
        time.sleep(0.3)
        channel.transport.sock.close()


class GivesNoStatus(Device):
    """Ends the channel without a status; the line is well."""

    def run(self, channel, command):
        while channel.recv(4096):
            pass
        channel.sendall(b"hello\n")
        channel.close()


def test_a_line_that_dies_between_the_end_of_the_stream_and_the_status_is_an_error():
    with ssh_server(DiesBeforeTheStatus()) as port:
        assert type(failure(port)) is errors.Dropped


def test_a_device_that_gives_no_status_over_a_line_that_lives_is_taken_at_its_word():
    with ssh_server(GivesNoStatus()) as port:
        session = session_with(port)
        output = session.answer(RunScript("id"))
        session.close()
    assert (output.stdout, output.exit_status) == (b"hello\n", None)


class EchoesThePassword(Device):
    def check_auth_password(self, username, password):
        super().check_auth_password(username, password)
        return paramiko.AUTH_FAILED


def test_a_password_stands_in_no_log_no_message_and_no_process_list(caplog, client_key):
    caplog.set_level(logging.DEBUG)
    logging.getLogger("paramiko").setLevel(logging.DEBUG)
    connector_for()  # making it quiets the libraries; until then a server of the test before may still be logging here
    caplog.clear()
    with ssh_server(EchoesThePassword()) as port:
        error = failure(port)
    with ssh_server(Device()) as port:
        session = session_with(port)
        session.answer(RunScript("id"))
        shown = repr(session) + repr(vars(session))
        session.close()
    trace = "".join(traceback.format_exception(error))
    commands = "".join(path.read_text() for path in Path("/proc/self/task").glob("*/cmdline"))
    assert PASSWORD not in caplog.text + trace + commands + shown
    assert not [record for record in caplog.records if record.name.startswith(("paramiko", "netmiko"))]


def test_nornir_opens_and_closes_our_connections_by_name():
    plugins.register()
    with ssh_server(Device()) as port:
        host = host_at(port, platform="linux")
        extras = {"connector": connector_for(), "host": host, "expires_at": time.monotonic() + 20}
        node = NornirHost(
            host.name,
            connection_options={plugins.SSH: ConnectionOptions(None, None, None, None, None, extras)},
            defaults=Defaults(),
        )
        session = node.get_connection(plugins.SSH, Config())
        assert session.answer(RunScript("id")).stdout == b"hello\n"
        transport = session.open_shell()
        node.close_connections()
    assert node.connections == {}
    assert not transport.is_active()


def test_a_login_that_gets_no_answer_times_out_in_its_phase():
    class ThinksForEver(Device):
        def check_auth_password(self, username, password):
            time.sleep(20)
            return paramiko.AUTH_FAILED

    with ssh_server(ThinksForEver()) as port:
        error = failure(port, limits=Limits(login_s=0.5))
    assert type(error) is errors.TimedOut
    assert "login" in str(error)


def test_a_hosts_own_expiry_ends_whatever_phase_it_is_in():
    with raw_server(silent) as port:
        error = failure(port, seconds=0.5, limits=Limits(banner_s=60))
    assert type(error) is errors.TimedOut


def test_a_credential_without_a_source_is_no_wrong_answer(monkeypatch):
    monkeypatch.delenv("SF_TEST_PASSWORD")
    device = Device()
    with ssh_server(device) as port:
        assert type(failure(port)) is errors.CredentialError
    assert device.seen == []


def test_a_revoked_host_key_is_refused_even_where_it_is_pinned():
    connector = connector_for()
    connector.known_hosts = KnownHosts({"S0001-router": (PINNED,)}, frozenset({PINNED.blob}))
    with ssh_server(Device()) as port, pytest.raises(errors.HostKeyChanged, match="revoked"):
        connector.session(host_at(port), time.monotonic() + 10).open_shell()


def test_a_credential_that_is_put_aside_or_has_no_source_leaves_its_sibling_a_chance(monkeypatch):
    missing = Credential(user="sf", password=SecretSource(env="SF_NOT_THERE"))
    device = Device()
    connector = connector_for(WRONG, missing, RIGHT, lockout=Lockout(per_host=3, fleet=1))
    connector.known_hosts.by_name["S2-router"] = (PINNED,)  # type: ignore[index]
    with ssh_server(device) as port:
        for name in ("S0001-router", "S2-router"):
            session = connector.session(host_at(port, name=name), time.monotonic() + 20)
            assert session.answer(RunScript("id")).exit_status == 0
            session.close()
