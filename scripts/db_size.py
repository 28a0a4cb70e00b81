"""How large the database of a fleet gets: each night of a small fleet is recorded for real, and the size is scaled.

The documents are those of a recorded till, changed a little on a share of the nights; findings come and go; each night
ends as an audit does, letting go of what the default settings keep no longer. The file is measured as it lies there.
"""

from __future__ import annotations

import argparse
import datetime
import random
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from storefleet.cli.main import call
from storefleet.model.findings import Expected, Finding, Result
from storefleet.model.report import Actor, HostReport, Inputs, Recorded, RunInfo
from storefleet.model.state import StateDocument
from storefleet.model.store import Host, Store
from storefleet.model.summary import audit_document, host_report, store_report
from storefleet.model.verdict import VerdictRules, decide
from storefleet.settings.load import load_settings
from storefleet.storage import Database
from storefleet.storage.database import Recorder

ROOT = Path(__file__).resolve().parent.parent
FIRST = datetime.datetime(2026, 1, 1, 1, tzinfo=datetime.UTC)
PER_STORE, CONTROLS = 5, 30
BEGINS, ENDS, DARK, CHANGES = 0.01, 0.07, 0.02, 0.2
"""Each night: hosts with a new finding, open findings that end, hosts that are dark, documents that changed."""


def recorded_till(folder: Path) -> StateDocument:
    """Return the document of a till of the practice fleet, as an audit of its recording keeps it."""
    fleet = folder / "fleet"
    shutil.copytree(ROOT / "recordings" / "fleet", fleet, ignore=shutil.ignore_patterns("var"))
    call(
        [
            "audit",
            "--fleet",
            str(fleet),
            "--replay",
            str(ROOT / "recordings" / "mended"),
            "--report",
            f"text:{fleet / 'x'}",
        ]
    )
    with Database.open(f"sqlite:///{fleet / 'var' / 'storefleet.db'}") as database:
        document = database.last_document("S0001-pos1")
    assert document is not None
    return document


class Nights:
    """A fleet of tills that lives night by night."""

    def __init__(self, database: Database, hosts: int, till: StateDocument) -> None:
        self.database, self.till, self.chance = database, till.to_json(), random.Random(20261127)
        self.stores = [
            Store(id=f"S{n:04}", name=f"Branch {n}", region="north", timezone="Europe/Berlin", format="big", number=n)
            for n in range(hosts // PER_STORE)
        ]
        self.hosts = [
            Host(name=f"{store.id}-pos{n}", store=store.id, device=f"pos{n}", role="till", platform="linux")
            for store in self.stores
            for n in range(PER_STORE)
        ]
        self.open: dict[str, set[int]] = {host.name: set() for host in self.hosts}
        self.packages: dict[str, int] = dict.fromkeys(self.open, 0)
        self.passes = [self._result(number, "pass") for number in range(CONTROLS)]

    def _result(self, number: int, state: str) -> Result:
        key = f"/services/unit{number}.service/active"
        found = (Finding(key, Expected('"active"', "active", has_value=True), "failed"),) if state == "fail" else ()
        title = "Every service that a till needs is running"
        cause = "software/service" if found else None
        return Result(f"T-CTL-{number:02}", "till-nightly", title, state, "medium", findings=found, cause=cause)  # type: ignore[arg-type]

    def night(self, number: int) -> None:
        at = (FIRST + datetime.timedelta(days=number)).strftime("%Y-%m-%dT%H:%M:%SZ")
        run = RunInfo(
            id=f"{at}-audit-{number:04x}", verb="audit", fleet="grocery", actor=Actor("storefleet", "ops1"),
            started_at=at, finished_at=at, inputs=Inputs("4be1c02", dirty=False), version="0.1.0",
        )  # fmt: skip
        self.database.begin_run(run, "all-audits")
        with self.database.batch(run.id) as recorder:
            reports = [self._host(recorder, host, at) for host in self.hosts]
        by_store = [
            store_report(store, reports[n * PER_STORE : (n + 1) * PER_STORE]) for n, store in enumerate(self.stores)
        ]
        verdict = decide(reports, by_store, VerdictRules(), FIRST + datetime.timedelta(days=number))
        self.database.finish_run(audit_document(run, verdict, by_store, reports))
        keep = load_settings(ROOT, {}, version="0.1.0").keep
        self.database.prune(FIRST + datetime.timedelta(days=number), keep)

    def _host(self, recorder: Recorder, host: Host, at: str) -> HostReport:
        if self.chance.random() < DARK:
            recorder.record_host(host.name, host.store, None, (), at)
            unknown = [Result(one.control, one.audit, one.title, "unknown", one.severity) for one in self.passes]
            reason = "no answer from 10.1.2.3:22 within 5 s"
            return host_report(host, unknown, Recorded(), judged=False, reached=False, reason=reason)
        results = self._results(host.name)
        recorded = recorder.record_host(host.name, host.store, self._document(host, at), results, at)
        return host_report(host, results, recorded, judged=True, reached=True)

    def _results(self, host: str) -> Sequence[Result]:
        failing = self.open[host]
        if self.chance.random() < BEGINS:
            failing.add(self.chance.randrange(CONTROLS))
        failing -= {number for number in failing if self.chance.random() < ENDS}
        return [self._result(n, "fail") if n in failing else self.passes[n] for n in range(CONTROLS)]

    def _document(self, host: Host, at: str) -> StateDocument:
        self.packages[host.name] += self.chance.random() < CHANGES
        facts = {**self.till, "host": host.name, "store": host.store, "collected_at": at}
        return StateDocument.from_json({**facts, "app": {"client": {"build": self.packages[host.name]}}})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hosts", type=int, default=2000)
    parser.add_argument("--nights", type=int, default=400)
    parser.add_argument("--fleet", type=int, default=25_000, help="hosts to scale up to")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        till = recorded_till(Path(folder))
        path = Path(folder) / "storefleet.db"
        with Database.open(f"sqlite:///{path}") as database:
            nights = Nights(database, options.hosts, till)
            for number in range(options.nights):
                nights.night(number)
                if number in {0, options.nights // 2 - 1}:
                    print(f"  after {number + 1} nights: {_size(path) / 1e6:.1f} MB", flush=True)
        size = _size(path)
    print(f"{options.hosts} hosts, {options.nights} nights: {size / 1e6:.1f} MB as it lies there")
    print(f"{options.fleet} hosts, the same nights: {size * options.fleet / options.hosts / 1e6:.0f} MB")


def _size(path: Path) -> int:
    """Return the bytes of the file and of the WAL that SQLite has not folded back yet."""
    wal = path.with_name(f"{path.name}-wal")
    return path.stat().st_size + (wal.stat().st_size if wal.exists() else 0)


if __name__ == "__main__":
    main()
