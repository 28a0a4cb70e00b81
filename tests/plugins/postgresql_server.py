"""A PostgreSQL server of our own in a temporary folder: no TCP, a Unix socket, an unprivileged user, nothing kept.

Its databases speak English rather than C, so that a query which leans on the order of bytes without saying so fails.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

USER = "storefleet"


def binaries() -> Path | None:
    """Return the folder of initdb and postgres: Debian keeps one for each version, and none on the path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).resolve().parent if on_path else None


def why_not() -> str | None:
    if binaries() is None:
        return "PostgreSQL is not installed (Debian's package postgresql)"
    if os.getuid() == 0 and _unprivileged() is None:
        return "PostgreSQL does not run as root, and there is neither a user postgres nor nobody"
    return None


def _unprivileged() -> pwd.struct_passwd | None:
    users = {entry.pw_name: entry for entry in pwd.getpwall()}
    return users.get("postgres") or users.get("nobody")


class Server:
    """One server; each database that it makes is empty."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="storefleet-pg-"))
        self.made = 0
        owner = _unprivileged() if os.getuid() == 0 else None
        self._as = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []} if owner else {}
        if owner:
            os.chown(self.folder, owner.pw_uid, owner.pw_gid)
        self.folder.chmod(0o755)
        self._run("initdb", "-D", self.data, "-U", USER, "-A", "trust", "-E", "UTF8", "--no-sync", "--no-instructions",
                  "--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en-US")  # fmt: skip
        self.start()

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def start(self) -> None:
        options = {"listen_addresses": "", "unix_socket_directories": self.folder, "fsync": "off",
                   "full_page_writes": "off", "synchronous_commit": "off", "max_connections": "60"}  # fmt: skip
        words = [f"--{name}={value}" for name, value in options.items()]
        with (self.folder / "log").open("ab") as log:
            program = str(binaries() / "postgres")
            self._process = subprocess.Popen(
                [program, "-D", str(self.data), *words], stdout=log, stderr=log, cwd=self.folder, **self._as
            )
        for _ in range(1200):
            if subprocess.run([binaries() / "pg_isready", "-q", "-h", self.folder], check=False).returncode == 0:
                return
            if self._process.poll() is not None:
                break
            time.sleep(0.05)
        raise AssertionError((self.folder / "log").read_text())

    def stop(self, how: signal.Signals = signal.SIGQUIT) -> None:
        """Stop; what is connected is cut off. SIGINT loses nothing, SIGQUIT is quicker."""
        self._process.send_signal(how)
        self._process.wait(60)

    def new(self) -> str:
        """Return the URL of an empty database, as a user writes it."""
        self.made += 1
        name = f"fleet{self.made}"
        self._run("createdb", "-h", self.folder, "-U", USER, name)
        return f"postgresql://{USER}@/{name}?host={self.folder}"

    def sql(self, url: str, text: str) -> str:
        """Run SQL as a person would, beside storefleet."""
        words = [str(binaries() / "psql"), "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", url]
        return subprocess.run(words, input=text, capture_output=True, text=True, check=True).stdout.strip()

    def _run(self, program: str, *words: object) -> None:
        command = [str(binaries() / program), *map(str, words)]
        subprocess.run(command, check=True, capture_output=True, cwd=self.folder, **self._as)


@pytest.fixture(scope="session")
def postgresql():
    """Give a server, or skip by name; in CI that is a failure."""
    reason = why_not()
    if reason and os.environ.get("CI") == "true":
        pytest.fail(f"CI must be able to run PostgreSQL: {reason}")
    if reason:
        pytest.skip(reason)
    server = Server()
    yield server
    server.stop()
    shutil.rmtree(server.folder)
