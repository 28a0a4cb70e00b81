"""``python -m bench.archive``: how quick the archive of snapshots is and how large it gets over synthetic nights.

The product's own code writes and reads them. ``--fleet``: every host answers with a recorded document, changed a
little; the first night, then one on which a part of the fleet changed, then one on which half of that went back; then
the report of drift over the fleet and one store. ``--nights``: many nights, with the history of a store before the
archive was made few packs of many and after it, and the weight of a night.
"""

from __future__ import annotations

import argparse
import datetime
import os
import random
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias, TypeVar

from bench.archive_hosts import Hosts, recorded
from bench.big_fleet import DEVICES, write_big_fleet
from storefleet.drift.compare import deltas
from storefleet.storage import tidying
from storefleet.storage.snapshots import APPROVED, OBSERVED, Night, Snapshots
from storefleet.storage.versions import versions
from storefleet.workflows import clock
from storefleet.workflows.accepting import AcceptRequest, accept
from storefleet.workflows.archive import Archive
from storefleet.workflows.drift import drift_of
from storefleet.workflows.histories import Histories
from storefleet.workflows.lives import lived
from storefleet.workflows.snapshots import repository
from storefleet.workflows.trends import trend
from storefleet.workflows.workspace import Workspace, open_workspace, run_info

T = TypeVar("T")
Tree: TypeAlias = Mapping[str, Mapping[str, str]]
CHUNK = 500
"""Hosts whose documents are made beforehand; those of all would not fit."""
FIRST = datetime.datetime(2026, 1, 1, 1, tzinfo=datetime.UTC)


def timed(what: str, do: Callable[[], T]) -> T:
    """Do it, and print how long it took and how many processors' worth of time that was."""
    wall, cpu = time.perf_counter(), sum(os.times()[:4])
    found = do()
    print(f"| {what} | {time.perf_counter() - wall:.2f} s | {sum(os.times()[:4]) - cpu:.2f} s |", flush=True)
    return found


def night(workspace: Workspace, hosts: Hosts, at: datetime.datetime, words: str) -> None:
    """Write one night through the product's archive, as an audit does."""
    clock.now = lambda: at  # the run's own instant
    workspace = open_workspace(workspace.folder)
    chosen = workspace.select(None)
    archive = timed(f"{words}: what is known is read", lambda: Archive.of(workspace))
    wall = cpu = 0.0
    for some in (chosen[n : n + CHUNK] for n in range(0, len(chosen), CHUNK)):
        documents = [hosts.document(host.store, host.name) for host in some]
        wall, cpu = wall - time.perf_counter(), cpu - time.process_time()
        for one in documents:
            archive.add(one)
        wall, cpu = wall + time.perf_counter(), cpu + time.process_time()
    print(f"| {words}: {len(chosen)} hosts are compared and streamed | {wall:.2f} s | {cpu:.2f} s |", flush=True)
    info = run_info(workspace, "audit", limit=None, reason=None, ticket=None)
    timed(f"{words}: commit", lambda: archive.end(info, [host.name for host in chosen]))
    assert not archive.faults, archive.faults


def whole_fleet(folder: Path, hosts: Hosts, stores: int, many: int) -> None:
    """Measure the nights of a large fleet and its report."""
    fleet = folder / "fleet"
    write_big_fleet(fleet, stores)
    workspace = open_workspace(fleet)
    night(workspace, hosts, FIRST, "night 1")
    clock.now = lambda: FIRST + datetime.timedelta(hours=8)
    request = AcceptRequest("all", "day one", as_found=True)
    timed("drift accept all --as-found", lambda: accept(workspace, request))
    names = random.Random(20261128).sample([host.name for host in workspace.select(None)], many)
    hosts.changed = dict.fromkeys(names, 1)
    night(workspace, hosts, FIRST + datetime.timedelta(days=1), f"night 2, {many} changed")
    document = timed(f"drift of the fleet, {many} differ", lambda: drift_of(workspace, None))
    hosts.changed = dict.fromkeys(names[: many // 2], 1)
    night(workspace, hosts, FIRST + datetime.timedelta(days=2), f"night 3, {many // 2} went back")
    document = timed(f"drift of the fleet, {many // 2} differ, {many // 2} ended", lambda: drift_of(workspace, None))
    print(f"\n{sum(len(one.differences) for one in document.stores)} differences,", end=" ")
    print(f"{sum(len(one.ended) for one in document.stores)} ended, trend {[one.hosts for one in document.trend]}\n")
    snapshots = repository(workspace)
    chosen = workspace.select(None)
    timed("the trend alone", lambda: trend(snapshots, snapshots.commits(), chosen))
    store = workspace.fleet.hosts[names[0]].store
    approved = snapshots.tree(APPROVED)
    with snapshots.begin() as reading:
        timed("the history of one store alone", lambda: history(snapshots, reading, approved, store))
    timed("drift of one store", lambda: drift_of(workspace, store))
    print(
        f"\narchive: {_weight(snapshots) / 1e6:.0f} MB, {len(list(snapshots.folder.glob('objects/pack/*.pack')))} packs"
    )


def many_nights(folder: Path, hosts: Hosts, stores: int, many: int, nights: int) -> None:
    """Measure the history of a store over many nights before and after the packs are put together, and their weight."""
    snapshots = Snapshots(folder / "many.git")
    snapshots.make()
    names = {f"S{n:05}-pos{m}": f"S{n:05}" for n in range(stores) for m in range(1, DEVICES + 1)}
    chance = random.Random(20261128)
    weights: list[int] = []
    for number in range(nights):
        tonight = list(names) if not number else sorted({*chance.sample(list(names), many - 1), "S00000-pos1"})
        hosts.changed |= dict.fromkeys(tonight, number)
        with snapshots.begin() as writing:
            for name in tonight:
                writing.keep(f"{names[name]}/{name}", hosts.files(name))
            snapshots.end(writing, f"audit {number}", (), int((FIRST + datetime.timedelta(days=number)).timestamp()))
        if number == 0:
            with snapshots.begin(APPROVED) as writing:
                for name, files in snapshots.tree().items():
                    writing.take(name, files)
                snapshots.end(writing, "accept", (), int(FIRST.timestamp()) + 60)
        weights.append(_weight(snapshots))
    rows = [
        ("the first night", weights[0] / 1e6, "MB"),
        ("a later night, as it was written", (weights[-1] - weights[0]) / 1e6 / (nights - 1), "MB"),
    ]
    approved = snapshots.tree(APPROVED)
    with snapshots.begin() as reading:
        timed(f"history of a store, {_packs(snapshots)} packs", lambda: history(snapshots, reading, approved, "S00000"))
    timed(f"git log of the store, {_packs(snapshots)} packs", lambda: log(snapshots))
    tree = snapshots.tree()
    timed(f"what changed of {len(tree)} hosts", lambda: versions(snapshots, OBSERVED, tree.keys()))
    timed("made few packs of many", lambda: tidying.tidy(snapshots))
    approved = snapshots.tree(APPROVED)
    with snapshots.begin() as reading:
        timed(f"history of a store, {_packs(snapshots)} packs", lambda: history(snapshots, reading, approved, "S00000"))
    timed(f"git log of the store, {_packs(snapshots)} packs", lambda: log(snapshots))
    timed(f"what changed of {len(tree)} hosts", lambda: versions(snapshots, OBSERVED, tree.keys()))
    rows.append(("a later night, once packed", (_weight(snapshots) - weights[0]) / 1e6 / (nights - 1), "MB"))
    for what, value, unit in rows:
        print(f"| {what} | {value:.3f} {unit} | |")


def history(snapshots: Snapshots, reading: Night, approved: Tree, store: str) -> None:
    """Ask of the differences of one store since when they have been so, and how often they had gone."""
    folders = [name for name in reading.known if name.startswith(f"{store}/")]
    histories = Histories(snapshots, reading, folders)
    many = 0
    for name in folders:
        for part, content in reading.known[name].items():
            if content != approved[name][part]:
                sides = [{part: reading.content(one)} for one in (approved[name][part], content)]
                for delta in deltas(*sides):
                    first, _ = histories.since(f"{name}/{part}", delta)
                    lived(histories, f"{name}/{part}", delta, first)
                    many += 1
    assert many, "a store without differences has no history"


def log(snapshots: Snapshots) -> None:
    """Ask as a person does who has nothing but git."""
    command = ["git", f"--git-dir={snapshots.folder}", "log", "-p", "observed", "--", "S00000"]
    subprocess.run(command, check=True, capture_output=True)


def _weight(snapshots: Snapshots) -> int:
    return sum(path.stat().st_size for path in snapshots.folder.rglob("*") if path.is_file())


def _packs(snapshots: Snapshots) -> int:
    return sum(1 for _ in snapshots.folder.glob("objects/pack/*.pack"))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fleet", type=int, metavar="STORES", default=0, help="measure a fleet of so many stores")
    parser.add_argument("--nights", type=int, default=0, help="measure so many nights of a smaller fleet")
    parser.add_argument("--stores", type=int, default=500, help="stores of the smaller fleet (default 500)")
    parser.add_argument("--changed", type=int, default=0, help="hosts that change in a night (default: an eighth)")
    return parser.parse_args()


def main() -> None:
    """Measure what the command line asks for."""
    options = _arguments()
    with tempfile.TemporaryDirectory() as folder:
        hosts = Hosts(*recorded(Path(folder)))
        print(f"{os.cpu_count()} processors\n\n| what | wall | processor |\n|---|---|---|")
        if options.fleet:
            whole_fleet(Path(folder), hosts, options.fleet, options.changed or options.fleet * DEVICES * 12 // 100)
        if options.nights:
            many = options.changed or options.stores * DEVICES * 12 // 100
            many_nights(Path(folder), hosts, options.stores, many, options.nights)


if __name__ == "__main__":
    main()
