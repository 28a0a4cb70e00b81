"""Keeping the archive quick: every run leaves a pack, and what reads has to look into each of them."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

from storefleet.errors import StorageError
from storefleet.storage.git import GIT, environment, words
from storefleet.storage.snapshots import Snapshots

MANY_PACKS = 20
_DEADLINE_S = 3600
_LEFT_S = 2 * 86_400
"""The age at which a file that git writes into is one that a killed git left; a run writes into its own for hours."""


def tidy(snapshots: Snapshots) -> bool:
    """Make few packs of many, where there are many; raises :class:`StorageError` where that failed, harming nothing.

    Geometrically: young packs are put together, an old one is only written again once the young ones weigh as much.
    Git writes the new pack whole before it removes one, so whoever reads meanwhile finds everything, and a kill leaves
    no more than a file that is removed another time. Nothing that was ever kept is dropped.
    """
    packs = snapshots.folder / "objects" / "pack"
    if sum(1 for _ in packs.glob("*.pack")) <= MANY_PACKS:
        return False
    with snapshots.alone() as lock:
        _remove_left(packs)
        settings = ("-c", "pack.windowMemory=64m", "-c", "pack.deltaCacheSize=64m", "-c", "pack.threads=2")
        command = [*GIT, *settings, f"--git-dir={snapshots.folder}", "repack", "-d", "-l", "-n", "-q", "--geometric=2"]
        _repack(command, lock)
    return True


def _repack(command: list[str], lock: int) -> None:
    """Run it; git holds the lock too, so that it keeps others out even where we are killed and it is not."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=_DEADLINE_S,
            env=environment(),
            pass_fds=(lock,),
        )
    except (OSError, subprocess.SubprocessError) as fault:
        raise StorageError(f"git repack: {fault}") from fault
    if done.returncode != 0:
        raise StorageError(f"git repack: {words(done.stderr)}")


def _remove_left(packs: Path) -> None:
    for pattern in (".tmp-*", "tmp_*"):
        for path in packs.glob(pattern):
            try:
                if time.time() - path.stat().st_mtime > _LEFT_S:
                    path.unlink()
            except OSError:
                continue  # whoever owns it removes it
