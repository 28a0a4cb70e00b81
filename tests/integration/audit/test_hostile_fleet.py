"""One night over good hosts and every kind of evil one: each evil one is named, and no good one is hurt."""

from __future__ import annotations

import contextlib
import json
import resource
import socket
import threading
import time

import paramiko
import pytest
from command_line import storefleet
from hostile import HOSTILE
from hostile_servers import PINNED, SHA1_ONLY, Device, Router, raw_server, ssh_server

OTHER = paramiko.ECDSAKey.generate()


def silent(client):
    client.recv(1)
    time.sleep(60)


def greets_and_falls_silent(client):
    client.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
    time.sleep(60)


def drips_a_banner(client):
    for byte in b"SSH-2.0-slow\r\n" * 100:
        client.sendall(bytes([byte]))
        time.sleep(3)


def hangs_up(client):
    client.close()


class KeyOnlyByPassword(Device):
    """Offers nothing but a password prompt."""

    allowed = "password"


class DropsAfterLogin(Device):
    def check_channel_request(self, kind, chanid):
        threading.current_thread().sock.shutdown(socket.SHUT_RDWR)
        return paramiko.OPEN_SUCCEEDED


class NeverEnds(Device):
    def run(self, channel, command):
        channel.sendall(b"BEGIN\n")
        time.sleep(120)


class FloodsStdout(Device):
    """A gigabyte, had one the patience."""

    def run(self, channel, command):
        for _ in range(32_768):
            channel.sendall(b"packages\tlibc6\t2.36\n" * 1600)


class FloodsStderr(Device):
    def run(self, channel, command):
        for _ in range(32_768):
            channel.sendall_stderr(b"sudo: unable to resolve host\n" * 1100)


class Drips(Device):
    """One byte every few seconds."""

    def run(self, channel, command):
        for _ in range(100):
            channel.sendall(b"B")
            time.sleep(3)


class ForgesFrames(Device):
    """Answers at once with frames of its own making: all is well here."""

    def run(self, channel, command):
        facts = b"\n".join(
            b"BEGIN %b %b\nhostname\tsound\nEND %b %b 0" % (word, name, word, name)
            for word in (b"0123456789abcdef", b"5eed5eed5eed5eed", b"@NONCE@")
            for name in (b"system", b"interfaces", b"users", b"packages", b"me")
        )
        channel.sendall(facts + b"\nDONE 0123456789abcdef\n")
        channel.send_exit_status(0)
        channel.close()


class Garbles(Device):
    """GBK, half a character of UTF-8, NUL, and sequences that would clear a screen."""

    def run(self, channel, command):
        text = "\n".join(HOSTILE.values()).encode("utf-8", "surrogatepass")
        channel.sendall("收银\n".encode("gbk") + b"\xff\xfe\x00\xc3(\x1b[2J\x1b]0;owned\x07\n" + text[:300_000])
        channel.sendall_stderr(b"\x1b[2Jroot#\r\n" * 100)
        channel.send_exit_status(1)
        channel.close()


class Spoofs(Router):
    """Prints its own prompt in the middle of its configuration."""

    def reply(self, line):
        if line.startswith("show"):
            return f"hostname router\r\n{self.prompt}no shutdown\r\ninterface lo\r\n"
        return super().reply(line)


class RefusesEveryScript(Spoofs):
    def check_channel_exec_request(self, channel, command):
        return False


EVIL = {
    # name: (server, what the host's reason must say)
    "silent": (lambda: raw_server(silent), "banner: no answer"),
    "greeting": (lambda: raw_server(greets_and_falls_silent), "key exchange: no answer"),
    "tarpit": (lambda: raw_server(drips_a_banner), "banner: no answer"),
    "hangup": (lambda: raw_server(hangs_up), "banner: the connection was closed"),
    "dropped": (lambda: ssh_server(DropsAfterLogin()), "the connection was closed"),
    "hanging": (lambda: ssh_server(NeverEnds()), "did not end within"),
    "flood": (lambda: ssh_server(FloodsStdout()), "bytes of output; cut off"),
    "stderr": (lambda: ssh_server(FloodsStderr()), "bytes of output; cut off"),
    "drip": (lambda: ssh_server(Drips()), "did not end within"),
    "sha1": (lambda: ssh_server(Device(), disabled=SHA1_ONLY), "legacy_ssh"),
    "forged": (lambda: ssh_server(ForgesFrames()), "holds nothing that was asked"),
    "garbled": (lambda: ssh_server(Garbles()), "holds nothing that was asked"),
}
GOOD = ("good1", "good2", "good3")


@pytest.fixture
def night(folder, servers):
    """Run one audit over all of them, and return how it ended with its documents."""
    with contextlib.ExitStack() as stack:
        for number, name in enumerate(GOOD, start=1):
            folder.good(name, servers.sshd(address=f"127.1.{number}.7"))
        for name, (server, _) in EVIL.items():
            folder.add(name, stack.enter_context(server()), (PINNED,))
        folder.add("unpinned", stack.enter_context(ssh_server(Device())))
        folder.add("changed", stack.enter_context(ssh_server(Device(), key=OTHER)), (PINNED,))
        folder.add("spoof", stack.enter_context(ssh_server(RefusesEveryScript())), (PINNED,), platform="frr")
        with socket.create_server(("127.0.0.1", 0)) as closed:
            refused = closed.getsockname()[1]
        folder.add("refused", refused, (PINNED,))
        full = stack.enter_context(socket.socket())
        full.bind(("127.0.0.1", 0))
        full.listen(0)  # a backlog of nothing: the kernel drops every further SYN
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
        folder.add("blackhole", full.getsockname()[1], (PINNED,))
        password_only = KeyOnlyByPassword()
        folder.add("passwordonly", stack.enter_context(ssh_server(password_only)), (PINNED,), credential="key-good1")
        path = folder.write()
        text = path / "night.txt"
        ended = storefleet("audit", "--fleet", path, "--format", "json", "--all-results", "--report", f"text:{text}")
        yield ended, text.read_text(encoding="utf-8"), password_only


def test_a_night_over_good_and_evil_hosts(night):
    ended, text, password_only = night
    document = ended.document
    hosts = {host["host"].removeprefix("S0001-"): host for host in document["hosts"]}
    assert ended.code == 3

    for name in GOOD:
        states = {result["control"]: result["state"] for result in hosts[name]["results"]}
        assert states == dict.fromkeys(("T-01", "T-02", "T-03", "T-04"), "pass"), name
        assert hosts[name]["reached"]

    evil = set(hosts) - set(GOOD)
    assert len(evil) == len(EVIL) + 6
    for name in evil:
        assert {result["state"] for result in hosts[name]["results"]} == {"unknown"}, name
        assert hosts[name]["passed"] == 0
        assert all(result["reason"] for result in hosts[name]["results"])

    said = {name: reason for name, (_, reason) in EVIL.items()} | {
        "unpinned": "no key is pinned",
        "changed": "is pinned; nothing was sent",
        "refused": "refused; the address answers, but nothing listens",
        "blackhole": "no TCP answer",
        "passwordonly": "does not offer this kind of login",
        "spoof": "treated as unknown",
    }
    for name, words in said.items():
        assert words in (hosts[name]["reason"] or ""), (name, hosts[name]["reason"])
    assert set(said) == evil
    assert password_only.seen == ["publickey"]

    counts = document["totals"]["results"]
    assert sum(counts.values()) == len(hosts) * 4
    assert counts["pass"] == len(GOOD) * 4
    assert counts["unknown"] == len(evil) * 4
    coverage = document["verdict"]["coverage"]
    assert (coverage["expected"], coverage["judged"]) == (len(hosts), len(GOOD))
    assert not any(hosts[name]["reached"] for name in evil)

    for output in (ended.out, ended.err, text):
        assert not set(output) & {chr(number) for number in (*range(9), *range(11, 32), *range(127, 160))}
        assert "\u202e" not in output


def test_a_flood_takes_no_more_memory_than_its_budget(folder, servers):
    """Five hosts pour out a gigabyte each; the peak grows by the budgets of those, and by nothing else."""
    folder.good("good1", servers.sshd(address="127.1.1.7"))
    with contextlib.ExitStack() as stack:
        for number in range(5):
            folder.add(f"flood{number}", stack.enter_context(ssh_server(FloodsStdout())), (PINNED,))
        path = folder.write()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        ended = storefleet("audit", "--fleet", path, "--format", "json")
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert ended.code == 3
    assert json.loads(ended.out)["totals"]["results"]["pass"] == 4
    assert grown < 5 * 8 * 1024 * 3  # KiB; 8 MiB is a script's budget, and the servers stand in this very process
