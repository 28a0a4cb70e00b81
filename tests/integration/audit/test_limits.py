"""What a busy server, a refused credential, a stalled sudo and a signal do to one night."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import select
import signal
import sqlite3
import subprocess
import sys
import time

import pytest
from command_line import ROOT, storefleet
from hostile_servers import PASSWORD, PINNED, Device, ssh_server

NAMES = [f"till{number}" for number in range(15)]


def audit(path, *words):
    return storefleet("audit", "--fleet", path, "--format", "json", *words)


def reasons(document):
    return {host["host"]: host["reason"] for host in document["hosts"]}


def test_a_server_that_turns_connections_away_is_asked_again_until_every_host_is_read(folder, servers):
    addresses = tuple(f"127.3.0.{number}" for number in range(1, len(NAMES) + 1))
    busy = servers.sshd("MaxStartups 2:100:4", also=addresses)
    for name, address in zip(NAMES, addresses, strict=True):
        folder.good(name, busy, address)
    ended = audit(folder.write())
    assert "drop connection" in busy.log(), "the limit must have been met"
    assert reasons(ended.document) == {f"S0001-{name}": None for name in NAMES}
    assert ended.code == 0


class RefusesAll(Device):
    def check_auth_password(self, username, password):
        super().check_auth_password(username, password)
        return 2  # paramiko.AUTH_FAILED


def test_a_credential_refused_on_five_hosts_is_tried_on_no_other_and_the_report_says_so_once(folder):
    device = RefusesAll()
    with contextlib.ExitStack() as stack:
        for name in NAMES:
            folder.add(name, stack.enter_context(ssh_server(device)), (PINNED,))
        path = folder.write()
        ended = audit(path, "--report", f"text:{path / 'report.txt'}")
    assert device.seen.count(PASSWORD) == 5
    told = reasons(ended.document)
    assert len(told) == len(NAMES)
    assert sum("does not take the credential" in reason for reason in told.values()) == 5
    assert sum("the credential password is put aside after 5 refusals" in reason for reason in told.values()) == 10
    assert ended.document["totals"]["results"]["pass"] == 0
    assert ended.code == 3
    assert PASSWORD not in ended.out + ended.err + (path / "report.txt").read_text()


@pytest.fixture
def stalled(servers, tmp_path):
    """Serve a till whose `sudo` hangs for some time, as it does when every name server is dead."""

    def make(seconds):
        fake = tmp_path / f"sudo-{seconds}"
        fake.write_text(f'#!/bin/sh\nsleep {seconds}\nshift\nexec "$@"\n')
        fake.chmod(0o755)
        return servers.sshd(mounts=f"mount --bind {fake} /usr/bin/sudo; ", shell="/bin/sh")

    return make


def as_till(folder, name, server):
    folder.credentials.append(f"  key-{name}: {{user: till, key: {{file: {server.client_key}}}}}")
    folder.add(name, server.port, tuple(server.keys.values()), credential=f"key-{name}")


def test_a_sudo_that_stalls_for_a_while_costs_time_and_no_fact(folder, stalled):
    as_till(folder, "slow", stalled(4))
    ended = audit(folder.write(), "--all-results")
    (host,) = ended.document["hosts"]
    assert host["reached"]
    assert {result["control"]: result["state"] for result in host["results"]} == dict.fromkeys(
        ("T-01", "T-02", "T-03", "T-04"), "pass"
    )


def test_a_sudo_that_never_comes_back_is_named_and_nothing_passes(folder, servers, stalled):
    folder.deadline = "8s"
    as_till(folder, "stuck", stalled(600))
    folder.good("good", servers.sshd())
    ended = audit(folder.write(), "--all-results")
    hosts = {host["host"]: host for host in ended.document["hosts"]}
    assert "did not end within" in hosts["S0001-stuck"]["reason"]
    assert "sudo may wait for a name server that is dead" in hosts["S0001-stuck"]["reason"]
    assert {result["state"] for result in hosts["S0001-stuck"]["results"]} == {"unknown"}
    assert {result["state"] for result in hosts["S0001-good"]["results"]} == {"pass"}
    assert ended.code == 3


class NeverEnds(Device):
    def run(self, channel, command):
        time.sleep(120)


@pytest.fixture
def waiting(folder, servers):
    """Yield a fleet of which one host answers at once and one never."""
    folder.deadline = "100s"
    folder.good("good", servers.sshd())
    with ssh_server(NeverEnds()) as port:
        folder.add("slow", port, (PINNED,))
        yield folder.write()


def started(path, *words, **options):
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-c", "from storefleet.cli.main import run; run()"]
    command += ["audit", "--fleet", str(path), "--format", "json", *words]
    return subprocess.Popen(command, env=environment, **options)


def until_the_first_answered(path):
    """Wait until the database holds the document of the host that answers."""
    for _ in range(1500):
        with (
            contextlib.suppress(sqlite3.Error),
            contextlib.closing(sqlite3.connect(path / "var/storefleet.db")) as data,
        ):
            if data.execute("SELECT count(*) FROM documents").fetchone()[0]:
                return
        time.sleep(0.02)
    pytest.fail("no host has answered")


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 143)], ids=str)
def test_a_signal_ends_the_night_with_the_report_of_what_was_seen(sent, code, waiting):
    run = started(waiting, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    until_the_first_answered(waiting)
    run.send_signal(sent)
    out, _ = run.communicate(timeout=60)
    assert run.returncode == code
    document = json.loads(out)
    told = reasons(document)
    assert told["S0001-good"] is None
    assert "the run was interrupted" in told["S0001-slow"]
    assert document["totals"]["results"]["pass"] == 4


def test_a_second_ctrl_c_leaves_at_once(waiting):
    run = started(waiting, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    until_the_first_answered(waiting)
    run.send_signal(signal.SIGINT)
    time.sleep(0.7)
    run.send_signal(signal.SIGINT)
    run.communicate(timeout=60)
    assert run.returncode == 130


def test_a_terminal_that_is_closed_costs_no_report(waiting):
    keeper, terminal = pty.openpty()
    report = waiting / "night.json"
    run = started(
        waiting, "--report", f"json:{report}", stdin=terminal, stdout=terminal, stderr=terminal, start_new_session=True
    )
    os.close(terminal)
    until_the_first_answered(waiting)
    select.select([keeper], [], [], 1)
    os.close(keeper)
    run.send_signal(signal.SIGHUP)  # what the kernel sends to a terminal's leader; a test has no controlling one
    run.wait(timeout=60)
    assert run.returncode == 143
    assert reasons(json.loads(report.read_text()))["S0001-good"] is None


def test_nohup_is_respected(waiting):
    run = started(
        waiting,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),
    )
    until_the_first_answered(waiting)
    run.send_signal(signal.SIGHUP)
    time.sleep(0.7)
    assert run.poll() is None
    run.send_signal(signal.SIGTERM)
    run.communicate(timeout=60)
    assert run.returncode == 143


def test_an_interrupted_collection_prints_what_was_read(waiting, servers):
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-c", "from storefleet.cli.main import run; run()", "collect", "--fleet", str(waiting)]
    run = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    for _ in range(1500):
        log = servers.servers[0].log()
        if "Accepted publickey" in log and "Connection closed by 127" in log.partition("Accepted publickey")[2]:
            break
        time.sleep(0.02)
    time.sleep(1)  # for the answer to be handed on
    run.send_signal(signal.SIGINT)
    out, err = run.communicate(timeout=60)
    assert run.returncode == 130, log
    assert "ok       S0001-good" in out
    assert "interrupted, so this ends with 130" in err
