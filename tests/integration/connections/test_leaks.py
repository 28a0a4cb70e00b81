"""Ten thousand connections that fail in every way leave nothing behind: no descriptor, no thread, no memory."""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
import resource
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hostile_servers import HOST_KEY, PASSWORD, connector_for, host_at

from storefleet import errors
from storefleet.connections.known_hosts import PinnedKey
from storefleet.model.credentials import Credential, Lockout, SecretSource
from storefleet.model.effects import RunScript

SERVERS = """
import contextlib, sys, time
sys.path[:0] = sys.argv[1:3]
import paramiko
from hostile_servers import Device, raw_server, ssh_server
key = paramiko.ECDSAKey(filename=sys.argv[3])

def hangs_up(client):
    client.close()

def turns_away(client):
    client.sendall(b"Exceeded MaxStartups\\r\\n")
    client.close()

def speaks_http(client):
    client.recv(100)
    client.sendall(b"HTTP/1.1 400 Bad Request\\r\\n\\r\\n")
    client.close()

with contextlib.ExitStack() as stack:
    ports = [stack.enter_context(raw_server(one)) for one in (hangs_up, turns_away, speaks_http)]
    ports += [stack.enter_context(ssh_server(one, key=key)) for one in (Device(), Device())]
    print(*ports, flush=True)
    sys.stdin.read()
"""
MANY = int(os.environ.get("STOREFLEET_FAILED_CONNECTIONS", "10000"))


@pytest.fixture
def servers(tmp_path):
    """Serve from another process, so that what is counted here is ours alone."""
    HOST_KEY.write_private_key_file(str(tmp_path / "key"))
    tests = Path(__file__).parents[2]
    paths = [tests / "support", tests.parent / "src"]
    command = [sys.executable, "-c", SERVERS, *map(str, paths), str(tmp_path / "key")]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    yield [int(port) for port in process.stdout.readline().split()]
    process.stdin.close()
    process.wait(30)
    process.stdout.close()


def state():
    """Return descriptors, threads, log filters and handlers of this process, and its resident memory in MiB."""
    loggers = [logging.getLogger(name) for name in ("paramiko", "netmiko", "paramiko.transport")]
    logs = sum(len(logger.filters) + len(logger.handlers) for logger in loggers)
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return (
        len(list(Path("/proc/self/fd").iterdir())),
        threading.active_count(),
        logs,
        pages * resource.getpagesize() / 2**20,
    )


def test_ten_thousand_failed_connections_leave_nothing_behind(servers, monkeypatch):
    monkeypatch.setenv("SF_TEST_PASSWORD", PASSWORD)
    monkeypatch.setenv("SF_WRONG_PASSWORD", "wrong")
    with socket.create_server(("127.0.0.1", 0)) as closed:
        refused = closed.getsockname()[1]
    hangup, away, http, unpinned, refusing = servers
    wrong = Credential(user="sf", password=SecretSource(env="SF_WRONG_PASSWORD"))
    endless = Lockout(per_host=10**6, fleet=10**6)
    pinned = connector_for(wrong, lockout=endless)
    strangers = connector_for(keys=(PinnedKey("ssh-ed25519", b"another key"),))
    kinds = [(pinned, refused)] * 40 + [(pinned, hangup)] * 24 + [(pinned, away)] * 16 + [(pinned, http)] * 12
    kinds += [(strangers, unpinned)] * 4 + [(pinned, refusing)] * 4
    met = dict.fromkeys((errors.Refused, errors.Dropped, errors.NotSsh, errors.HostKeyChanged, errors.LoginRefused), 0)

    def one(kind):
        connector, port = kind
        session = connector.session(host_at(port), time.monotonic() + 60)
        with contextlib.closing(session):
            try:
                session.answer(RunScript("id"))
            except errors.HostError as fault:
                met[type(fault)] += 1

    def settled():
        for _ in range(100):
            before = state()
            time.sleep(0.05)
            if state()[:3] == before[:3]:
                break
        return state()

    with ThreadPoolExecutor(20) as pool:
        list(pool.map(one, itertools.islice(itertools.cycle(kinds), MANY // 5)))
        warm = settled()
        list(pool.map(one, itertools.islice(itertools.cycle(kinds), MANY - MANY // 5)))
        after = settled()
    assert sum(met.values()) == MANY
    assert all(met.values()), met
    assert after[0] <= warm[0] + 2
    assert after[1] <= warm[1]
    assert after[2] == warm[2]
    assert after[3] <= warm[3] + 12
