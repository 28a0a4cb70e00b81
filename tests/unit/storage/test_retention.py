"""Letting go: what is old and closed goes, what is open or the last word stays, and the second time changes nothing."""

import datetime

import audit_factory as factory
import sqlalchemy as sa

from storefleet.model.findings import Expected, Finding, Result
from storefleet.storage import Database
from storefleet.storage.retention import Keep
from storefleet.storage.tables import documents, findings, host_status, runs, store_totals

FIRST = datetime.datetime(2026, 1, 1, 1, tzinfo=datetime.UTC)
DAY = 86_400.0


def at(day):
    return (FIRST + datetime.timedelta(days=day)).strftime("%Y-%m-%dT%H:%M:%SZ")


def failing(*keys):
    found = tuple(Finding(key, Expected("", 1, True), 2) for key in keys)
    return Result("T-1", "a", "t", "fail" if keys else "pass", "high", findings=found)


def night(database, day, **hosts):
    run = factory.run_info(f"{day:04}-audit", started_at=at(day), finished_at=at(day))
    database.begin_run(run, "all-audits")
    for name, keys in hosts.items():
        document = None if keys is None else factory.facts(name, at(day), app={"day": day})
        database.record_host(run.id, name, "S1", document, [failing(*(keys or ()))], at(day))
    database.finish_run(factory.document([], run=run))


def count(database, table):
    with database._read("counting") as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(table))


def test_what_is_old_goes_and_what_is_open_or_last_stays():
    database = Database.open("sqlite://")
    night(database, 0, one=["/old", "/open"], two=["/gone"])
    night(database, 1, one=["/open"], two=[])
    for day in range(2, 30):
        night(database, day, one=["/open"], two=None)
    pruned = database.prune(FIRST + datetime.timedelta(days=40), Keep(results_s=20 * DAY, documents_s=15 * DAY))
    assert pruned.findings == 2, "closed on day 1"
    assert pruned.documents == 1, "one host was last reached more than 15 days before"
    assert count(database, findings) == 1
    assert count(database, documents) == 1
    assert count(database, host_status) == 2, "that a host is dark, and since when, stays known"
    assert database.dark_since("two") == at(2)
    assert {f"{day:04}-audit" for day in (0, *range(20, 30))} <= {run.info.id for run in database.runs()}
    assert len(database.runs()) < 30
    assert database.audit_document("0029-audit") is not None
    assert database.audit_document("0000-audit") is None, "the run that opened a finding stays, its report goes"
    assert database.prune(FIRST + datetime.timedelta(days=40), Keep(20 * DAY, 15 * DAY)) == type(pruned)()


def test_the_newest_run_stays_however_old_and_for_ever_is_for_ever():
    database = Database.open("sqlite://")
    night(database, 0, one=["/open"])
    night(database, 1, one=["/open"])
    later = FIRST + datetime.timedelta(days=4000)
    assert database.prune(later, Keep()) == type(database.prune(later, Keep()))()
    database.prune(later, Keep(results_s=DAY, documents_s=None))
    assert database.audit_document("0001-audit") is not None
    assert count(database, documents) == 1
    assert count(database, findings) == 1


def test_a_run_at_work_is_not_touched():
    database = Database.open("sqlite://")
    database.begin_run(factory.run_info("0000-audit", started_at=at(0)), "all-audits")
    database.record_host("0000-audit", "one", "S1", factory.facts("one", at(0)), [failing("/x")], at(0))
    night(database, 1, two=[])
    database.prune(FIRST + datetime.timedelta(days=4000), Keep(results_s=DAY, documents_s=None))
    assert {run.info.id for run in database.runs()} == {"0000-audit", "0001-audit"}
    database.finish_run(factory.document([], run=factory.run_info("0000-audit", started_at=at(0), finished_at=at(2))))


def test_many_rows_go_in_short_transactions(monkeypatch):
    monkeypatch.setattr("storefleet.storage.retention.CHUNK", 3)
    database = Database.open("sqlite://")
    night(database, 0, one=[f"/k{n}" for n in range(10)])
    night(database, 1, one=[])
    pruned = database.prune(FIRST + datetime.timedelta(days=100), Keep(results_s=DAY))
    assert pruned.findings == 10
    assert count(database, store_totals) == 0
    assert count(database, runs) <= 2
