"""How large the database of a fleet grows: real nights are recorded for a part of it, and what they took is scaled up.

Two parts are measured apart: what grows with the nights (runs, their reports, store totals, intervals of findings) over
all nights of a part of the fleet, and the last document of each host, of which there is always one.
"""

import argparse
import datetime
import random
import sqlite3
import tempfile
from pathlib import Path

from storefleet.connections.transcript import ScriptTurn, Transcript
from storefleet.model.findings import Expected, Finding, Result
from storefleet.model.report import Actor, Inputs, Recorded, RunInfo
from storefleet.model.state import StateDocument
from storefleet.model.store import Host, Store
from storefleet.model.summary import audit_document, host_report, store_report
from storefleet.model.verdict import VerdictRules, decide
from storefleet.storage import Database

FIRST = datetime.datetime(2026, 1, 1, 1, tzinfo=datetime.UTC)
ROOT = Path(__file__).resolve().parent.parent
CONTROLS = 30
RUNS = Expected("", "active", has_value=True)
DEVICES = ("router", "pos1", "pos2", "pos3", "kiosk1")


def instant(night: int) -> str:
    return (FIRST + datetime.timedelta(days=night)).strftime("%Y-%m-%dT%H:%M:%SZ")


class Fleet:
    """Hosts whose findings come and go: one host in a hundred gets one each night, and half are mended within ten."""

    def __init__(self, stores: int, chance: random.Random) -> None:
        self.chance = chance
        fields = {"region": "north", "timezone": "Europe/Berlin", "format": "supermarket"}
        self.stores = [Store(id=f"S{n:05}", name=f"Branch {n}", number=n, **fields) for n in range(stores)]
        self.open: dict[str, set[int]] = {f"{store.id}-{device}": set() for store in self.stores for device in DEVICES}

    def night(self) -> None:
        for findings in self.open.values():
            if self.chance.random() < 0.01:
                findings.add(self.chance.randrange(CONTROLS))
            for control in list(findings):
                if self.chance.random() < 0.07:
                    findings.discard(control)

    def results(self, host: str) -> list[Result]:
        return [
            Result(
                f"T-CTL-{number:02}", "till-nightly", "Something of the till is as it should be",
                "fail" if number in self.open[host] else "pass", "medium",
                findings=(Finding(f"/services/unit{number}.service/active", RUNS, "failed"),)
                if number in self.open[host] else (),
                cause="software/service",
            )
            for number in range(CONTROLS)
        ]  # fmt: skip


def record(database: Database, fleet: Fleet, night: int, facts: dict[str, object]) -> None:
    at = instant(night)
    run = RunInfo(
        id=f"{at}-audit-{night:04x}", verb="audit", fleet="grocery", actor=Actor("storefleet", "ops1"), started_at=at,
        finished_at=at, inputs=Inputs("4be1c02", dirty=False), version="0.1.0",
    )  # fmt: skip
    database.begin_run(run, "all-audits")
    reports = {store.id: [] for store in fleet.stores}
    with database.batch(run.id) as recorder:
        for store in fleet.stores:
            for device in DEVICES:
                host = Host(name=f"{store.id}-{device}", store=store.id, device=device, role="till", platform="linux")
                results = fleet.results(host.name)
                dark = fleet.chance.random() < 0.02
                document = StateDocument(host.name, store.id, "till", "linux", at, 1.0, facts) if night == 0 else None
                if dark:
                    recorder.record_host(host.name, store.id, None, (), at)
                    unknown = [Result(one.control, one.audit, one.title, "unknown", "medium") for one in results]
                    report = host_report(host, unknown, judged=False, reason="no answer from 10.1.2.3:22 (timeout 5 s)")
                else:
                    if document is not None:
                        recorder.record_host(host.name, store.id, document, (), at)
                    lives = recorder.record_results(host.name, store.id, results, at)
                    report = host_report(host, results, lives or Recorded(), judged=True)
                reports[store.id].append(report)
    hosts = [report for row in reports.values() for report in row]
    stores = [store_report(store, reports[store.id]) for store in fleet.stores]
    verdict = decide(hosts, stores, VerdictRules(), FIRST)
    database.finish_run(audit_document(run, verdict, stores, hosts))


def recorded_facts() -> dict[str, object]:
    """Return facts of the size of a till's: the text of a recorded session."""
    turn = Transcript.load(ROOT / "recordings" / "mended" / "S0001-pos1.txt").turns[0]
    assert isinstance(turn, ScriptTurn)
    lines = turn.answer.stdout.decode("utf-8", "replace").splitlines()
    return {"app": {"lines": {"value": lines}}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stores", type=int, default=100)
    parser.add_argument("--nights", type=int, default=400)
    parser.add_argument("--fleet", type=int, default=5000, help="stores to scale up to")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.db"
        fleet = Fleet(options.stores, random.Random(1))
        with Database.open(f"sqlite:///{path}") as database:
            for night in range(options.nights):
                fleet.night()
                record(database, fleet, night, recorded_facts() if night == 0 else {})
        with sqlite3.connect(path) as connection:
            connection.execute("VACUUM")
            rows = connection.execute("SELECT count(*) FROM findings").fetchone()[0]
            bodies = connection.execute("SELECT coalesce(sum(length(body)), 0) FROM documents").fetchone()[0]
        size = path.stat().st_size
    scale = options.fleet / options.stores
    print(f"{options.stores} stores, {len(fleet.open)} hosts, {options.nights} nights: {size / 1e6:.1f} MB")
    print(f"  of it documents {bodies / 1e6:.1f} MB; {rows} intervals of findings")
    print(f"{options.fleet} stores, {int(len(fleet.open) * scale)} hosts, the same nights: {size * scale / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
