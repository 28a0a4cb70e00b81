"""At the size of a chain: loading its inventory, auditing all of it, judging all of it again."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

from bench.big_fleet import DEVICES, write_big_fleet
from bench.compare import Spread
from bench.machine import Spent
from bench.sides import OWN, ROOT, BenchError, judged
from bench.stage import Stage
from bench.table import Figure


def inventory(stage: Stage) -> list[Figure]:
    """Measure loading 5,000 stores of five devices."""
    hosts, rounds = stage.wishes.documents, stage.wishes.rounds
    fleet = _fleet(stage)
    log = fleet / "load.log"
    seconds: list[float] = []
    peaks: list[float] = []
    for _ in range(rounds):
        spent = _run(stage, [sys.executable, "-m", "bench.load_inventory", str(fleet)], log)
        found = re.search(rf"^loaded {hosts} ([\d.]+)", log.read_text(), re.MULTILINE)
        if spent.status or not found:
            raise BenchError(f"the inventory was not loaded: {log.read_text()[-500:]}")
        seconds.append(float(found[1]))
        peaks.append(spent.peak_mib)
    return [
        Figure("load stores.csv by blueprint", Spread.of(seconds), "s", hosts, rounds, 2),
        Figure("  its peak memory", Spread.of(peaks), "MiB", hosts, rounds, 200),
    ]


def streamed(stage: Stage) -> list[Figure]:
    """Audit 25,000 hosts that answer from a recording, then judge the stored documents again."""
    hosts = stage.wishes.documents
    fleet, recording = _fleet(stage), stage.folder / "one-till.txt"
    stage.recording().save(recording)
    report = stage.folder / "streamed.json"
    online = _run(
        stage, [sys.executable, "-m", "bench.streamed", str(fleet), str(recording), str(report)], fleet / "online.log"
    )
    _refuse_unless_judged(online, report, hosts, fleet / "online.log")
    report.unlink()
    argv = [str(OWN / "storefleet"), "audit", "--offline", "--fleet", str(fleet), "--report", f"json:{report}"]
    offline = _run(stage, argv, fleet / "offline.log")
    _refuse_unless_judged(offline, report, hosts, fleet / "offline.log")
    size = (fleet / "var/storefleet.db").stat().st_size / 2**20
    one = Spread.of
    return [
        Figure("audit of hosts that answer from a recording: memory", one([online.peak_mib]), "MiB", hosts, 1, 600),
        Figure("  wall", one([online.wall_s]), "s", hosts, 1),
        Figure(
            "  CPU a host: collect, parse, judge, store, report", one([online.cpu_s * 1000 / hosts]), "ms", hosts, 1
        ),
        Figure("  database", one([size]), "MiB", hosts, 1),
        Figure("30 controls on stored documents, --offline", one([offline.wall_s]), "s", hosts, 1, 60),
        Figure("  its memory", one([offline.peak_mib]), "MiB", hosts, 1),
        Figure("  its CPU a host", one([offline.cpu_s * 1000 / hosts]), "ms", hosts, 1),
    ]


def _fleet(stage: Stage) -> Path:
    folder = stage.folder / "big"
    if not folder.exists():
        write_big_fleet(folder, stage.wishes.documents // DEVICES)
    return folder


def _run(stage: Stage, argv: list[str], log: Path) -> Spent:
    return stage.meter(far=False).run(argv, cwd=ROOT, env={}, log=log)


def _refuse_unless_judged(spent: Spent, report: Path, hosts: int, log: Path) -> None:
    if spent.status not in (0, 1) or not report.exists():
        raise BenchError(f"exit status {spent.status}: {log.read_text()[-500:]}")
    found = judged(json.loads(report.read_text()), with_finding=hosts // DEVICES // 10 * DEVICES)
    if found != hosts:
        raise BenchError(f"{found} of {hosts} hosts were judged")
