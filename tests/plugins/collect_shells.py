"""Running the real script in the shells that stores have, on this machine."""

from __future__ import annotations

import datetime
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from collect_harness import NONCE, plan

from storefleet.collect.registry import collector
from storefleet.model.effects import NONCE as MARK
from storefleet.model.effects import Output, RunScript
from storefleet.model.state import StateDocument

FIXED_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
SHELLS = {"dash": ("dash",), "busybox": ("busybox", "ash")}


def missing_tools(*names: str) -> str | None:
    """Return why a test cannot run here, or nothing."""
    lost = [name for name in names if shutil.which(name) is None]
    return f"not on this machine: {', '.join(lost)}" if lost else None


def collect(
    argv: Sequence[str], path: str | None = None, env: dict[str, str] | None = None, timeout: float = 60, **parts: Any
) -> StateDocument:
    """Run the Linux collector through a real shell; ``path`` replaces the fixed PATH, to take tools away."""
    return finish(argv, plan(**parts), path=path, env=env, timeout=timeout)[0]


def finish(
    argv: Sequence[str], asked: Any, path: str | None = None, env: dict[str, str] | None = None, timeout: float = 60
) -> tuple[StateDocument, subprocess.CompletedProcess[bytes]]:
    step = collector("linux").step(asked, lambda: datetime.datetime.now(datetime.UTC))
    effect = next(step)
    assert isinstance(effect, RunScript)
    script = effect.script.replace(MARK, NONCE)
    # The tests wait one second for silence, not five.
    assert "WAIT=5" in script
    script = script.replace("WAIT=5", "WAIT=1")
    if path is not None:
        assert FIXED_PATH in script
        script = script.replace(FIXED_PATH, f"PATH={path}")
    done = subprocess.run(
        [*argv, "-s"],
        input=script.encode(),
        capture_output=True,
        timeout=timeout,
        env=env or dict(os.environ),
        check=False,
    )
    try:
        step.send(Output(done.stdout, done.stderr, done.returncode, NONCE))
    except StopIteration as end:
        return end.value, done
    raise AssertionError("the collector asked for more")


def applets(folder: Path, *without: str) -> str:
    """Make a folder that holds BusyBox and its applets, and nothing of this machine but them; return it as a PATH."""
    folder.mkdir(exist_ok=True)
    busybox = shutil.which("busybox")
    assert busybox is not None
    names = subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True).stdout.split()
    for name in sorted({*names, "busybox"}):
        if name not in without:
            (folder / name).symlink_to(busybox)
    return str(folder)


def tools(folder: Path, *names: str) -> str:
    """Make a folder with exactly these tools of this machine; return it as a PATH."""
    folder.mkdir(exist_ok=True)
    for name in names:
        found = shutil.which(name)
        if found is not None:
            (folder / name).symlink_to(found)
    return str(folder)


def gaps(document: StateDocument) -> dict[str, str]:
    return {gap.path: gap.reason for gap in document.missing}
