"""A real PostgreSQL on a socket of its own, started for the tests and ended by its own process id."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

QUIET = ["fsync=off", "synchronous_commit=off", "full_page_writes=off", "listen_addresses=", "shared_buffers=32MB"]


def binaries() -> Path | None:
    """Return where initdb and postgres are; Debian keeps them off the PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else None


class Server:
    """One server; ``new_url`` makes an empty database and returns its address."""

    def __init__(self, socket: Path) -> None:
        self.socket = socket
        self._count = 0

    def url(self, name: str, driver: str = "postgresql") -> str:
        return f"{driver}://postgres@/{name}?host={self.socket}"

    def new_url(self) -> str:
        self._count += 1
        name = f"t{self._count}"
        engine = sa.create_engine(self.url("postgres", "postgresql+psycopg"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE template0")
        engine.dispose()
        return self.url(name)


@contextlib.contextmanager
def running(folder: Path, bin_: Path) -> Iterator[Server]:
    """Run a server until the end; as an account of its own where we are root, since PostgreSQL refuses root."""
    account = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
    if account:
        shutil.chown(folder, "postgres", "postgres")
    data = folder / "data"
    environment = {"PATH": f"{bin_}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8"}
    initdb = [
        *account,
        str(bin_ / "initdb"),
        "-D",
        str(data),
        "-U",
        "postgres",
        "-A",
        "trust",
        "--no-sync",
        "-E",
        "UTF8",
    ]
    subprocess.run(initdb, check=True, capture_output=True, env=environment, cwd=folder)
    options = [word for setting in (*QUIET, f"unix_socket_directories={folder}") for word in ("-c", setting)]
    with (folder / "log").open("wb") as log:
        argv = [*account, str(bin_ / "postgres"), "-D", str(data), *options]
        process = subprocess.Popen(argv, stdout=log, stderr=log, env=environment, cwd=folder)
    try:
        for _ in range(300):
            if (folder / ".s.PGSQL.5432").exists() and process.poll() is None:
                break
            time.sleep(0.1)
        else:
            raise RuntimeError((folder / "log").read_text())
        time.sleep(0.3)
        yield Server(folder)
    finally:
        process.terminate()
        process.wait(60)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """Skip by name where there is no PostgreSQL; in CI that is a failure."""
    bin_ = binaries()
    if bin_ is None and os.environ.get("CI") == "true":
        pytest.fail("CI must have PostgreSQL (scripts/test-packages.txt)")
    if bin_ is None:
        pytest.skip("needs PostgreSQL")
    with (
        tempfile.TemporaryDirectory(prefix="sfpg-", ignore_cleanup_errors=True) as folder,
        running(Path(folder), bin_) as server,
    ):
        yield server
