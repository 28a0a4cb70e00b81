"""The floor: the same script on every host by a libssh2 client, once, and nothing done with what it prints.

``python floor.py SCRIPT HOSTS USER KEY WORKERS HOST_KEY [connect]``; prints how many hosts were read to their end.
"""

from __future__ import annotations

import base64
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

from ssh2.session import Session
from ssh2.utils import version

_CHUNK = 64 * 1024
_PATIENCE_MS = 60_000


class Job(NamedTuple):
    """What is the same for every host."""

    command: str
    script: bytes
    user: str
    key: str
    host_key: bytes
    reads: bool


def read(job: Job, address: str) -> bool:
    """Log in to one host, run the script, read what it prints to the end; tell whether its last line came."""
    with socket.create_connection((address, 22)) as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        line.settimeout(0)  # libssh2 waits by itself; on a line that blocks it would drain what never comes
        session = Session()
        session.set_timeout(_PATIENCE_MS)  # a host that hangs makes the run no measurement instead of an endless one
        session.handshake(line)
        if session.hostkey()[0] != job.host_key:
            raise ValueError(f"{address}: another host key")
        session.userauth_publickey_fromfile(job.user, job.key)
        complete = not job.reads or run(session, job)
        session.disconnect()
    return complete


def run(session: Session, job: Job) -> bool:
    """Run the script over one channel and drain it."""
    channel = session.open_session()
    channel.execute(job.command)
    rest = memoryview(job.script)
    while rest:
        rest = rest[channel.write(bytes(rest))[1] :]
    channel.send_eof()
    tail = b""
    size, data = channel.read(_CHUNK)
    while size > 0:
        tail = (tail + data)[-200:]
        size, data = channel.read(_CHUNK)
    return b"\nDONE " in tail


def main(script: str, hosts: str, user: str, key: str, workers: str, host_key: str, what: str = "read") -> None:
    """Read every host and print how many."""
    command, _, body = Path(script).read_bytes().partition(b"\n")
    addresses = [row.split()[1] for row in Path(hosts).read_text().splitlines()]
    pinned = base64.b64decode(Path(host_key).read_text().split()[1])
    job = Job(command.decode(), body, user, key, pinned, what == "read")
    with ThreadPoolExecutor(int(workers)) as pool:
        read_hosts = sum(pool.map(partial(read, job), addresses))
    print(f"read {read_hosts} with libssh2 {version()}")


if __name__ == "__main__":
    main(*sys.argv[1:])
