"""Fixtures of the connection tests; their servers stand in ``tests/support``."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "support"))  # tests are no package

from sshd_servers import Fleet


@pytest.fixture
def fleet() -> Iterator[Fleet]:
    made = Fleet()
    yield made
    made.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    missing = [tool for tool in ("sshd", "ssh-keygen", "sudo", "unshare") if not find(tool)]
    reason = f"needs {', '.join(missing)} (scripts/test-packages.txt)" if missing else ""
    reason = reason or ("" if os.geteuid() == 0 else "needs root: sshd with users of its own")
    for item in items:
        if here in item.path.parents and "fleet" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.sshd)
            if reason:
                item.add_marker(pytest.mark.skip(reason=reason))


def find(tool: str) -> str | None:
    return shutil.which(tool, path="/usr/sbin:/usr/bin:/sbin:/bin")
