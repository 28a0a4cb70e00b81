"""A program that records nights until somebody kills it: run by test_crash.py as a real process."""

import sys

import audit_factory as factory

from storefleet.model.findings import Expected, Finding, Result
from storefleet.storage import Database

database = Database.open(sys.argv[1])
night = int(sys.argv[2])
while True:
    night += 1
    run, at = f"run-{night:06}", f"2026-01-01T00:00:00.{night:06}Z"
    database.begin_run(factory.run_info(run, started_at=at))
    for number in range(20):
        name = f"S{number:04}-pos1"
        keys = [f"/a[{key}]" for key in range(8) if (night + key) % 3]
        found = tuple(Finding(key, Expected("w"), night) for key in keys)
        facts = factory.facts(name, at, app={"night": night})
        database.record_host(run, name, name[:5], facts, [Result("T-1", "a", "t", "fail", "high", findings=found)], at)
        sys.stdout.write(f"{night} {number}\n")
        sys.stdout.flush()
    database.finish_run(factory.document([], run=factory.run_info(run, started_at=at)))
