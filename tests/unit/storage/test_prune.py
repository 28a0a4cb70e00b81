"""Retention: what goes, what stays whatever its age, and that it is told."""

import datetime

import audit_factory as factory
import msgspec
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from storefleet.model.findings import Expected, Finding, Result
from storefleet.settings.settings import KeepSettings
from storefleet.storage import Database, Pruned
from storefleet.storage.prune import CHUNK

DAY = 86_400.0
START = datetime.datetime(2026, 1, 1, 1, tzinfo=datetime.UTC)
KEEP = KeepSettings(documents_s=35 * DAY, results_s=100 * DAY, changes_s=None, transcripts_s=None)
FOREVER = KeepSettings(None, None, None, None)


def day(number):
    return START + datetime.timedelta(days=number)


def at(number):
    return day(number).strftime("%Y-%m-%dT%H:%M:%SZ")


def night(database, number, found=None, verb="audit", finish=True, dark=()):
    """Record one night: host → keys of its findings."""
    run = f"{verb}-{number:04}"
    info = factory.run_info(run, verb=verb, started_at=at(number), finished_at=at(number))
    database.begin_run(info, "all-audits")
    for host, keys in (found or {}).items():
        findings = tuple(Finding(key, Expected("w"), number) for key in keys)
        results = [Result("T-1", "a", "t", "fail" if keys else "pass", "high", findings=findings)]
        facts = None if host in dark else factory.facts(host, at(number), app={"day": number})
        database.record_host(run, host, host[:5], facts, results, at(number))
    if finish:
        database.finish_run(factory.document(factory.first_store().hosts[:0], run=info))
    return run


def count(database, table, where="1 = 1"):
    with database._read("test") as connection:
        return connection.execute(sa.text(f"SELECT count(*) FROM {table} WHERE {where}")).scalar()


def test_what_is_old_goes_and_the_line_of_each_run_stays(database):
    for number in range(0, 200, 20):
        night(database, number, {"S0001-pos1": ["/a"] if number == 0 else ["/b"]})
    pruned = database.prune(day(200), KEEP)
    assert pruned == Pruned(run_documents=5, store_totals=0, findings=1, host_documents=0)
    assert [database.audit_document(run.info.id) is None for run in database.runs()] == [False] * 5 + [True] * 5
    assert all(run.totals is not None for run in database.runs())
    assert count(database, "findings") == 1
    assert database.prune(day(200), KEEP) == Pruned()


def test_an_open_finding_stays_however_old_it_is(database):
    night(database, 0, {"S0001-pos1": ["/a"]})
    night(database, 1)
    database.prune(day(5000), KEEP)
    night(database, 5001, {"S0001-pos1": ["/a"]})
    assert count(database, "findings", "closed_at IS NULL AND first_seen LIKE '2026-01-01%'") == 1


def test_the_newest_run_of_each_verb_stays_whole(database):
    runs = [night(database, number, verb=verb) for number, verb in ((0, "audit"), (1, "drift"), (2, "audit"))]
    night(database, 3, finish=False)
    database.prune(day(1000), KEEP)
    assert [database.audit_document(run) is not None for run in runs] == [False, True, True]


def test_what_a_run_in_progress_needs_stays(database):
    keep = KeepSettings(1.0, 1.0, None, None)
    night(database, 0, {"S0001-pos1": ["/a"], "S0002-pos1": []})
    night(database, 1, {"S0001-pos1": []}, finish=False)
    assert database.prune(day(2), keep) == Pruned(host_documents=1)
    assert database.last_document("S0001-pos1") is not None, "it has been read and not yet judged"
    assert count(database, "findings") == 1, "that it is fixed has been told to nobody"
    assert database.prune(day(60), keep) == Pruned(findings=1, host_documents=1), "a run without an end died long ago"


def test_a_host_that_was_not_seen_loses_its_document_and_says_so(database):
    night(database, 0, {"S0001-pos1": ["/a"], "S0001-pos2": []})
    for number in range(1, 61, 30):
        night(database, number, {"S0001-pos1": [], "S0001-pos2": []}, dark={"S0001-pos1"})
    assert database.prune(day(60), KEEP).host_documents == 1
    assert database.last_document("S0001-pos1") is None
    assert database.pruned_at("S0001-pos1") == at(60)
    assert database.dark_since("S0001-pos1") == at(1)
    assert count(database, "findings", "closed_at IS NULL") == 1
    assert database.pruned_at("S0001-pos2") is None
    night(database, 61, {"S0001-pos1": []})
    assert database.pruned_at("S0001-pos1") is None
    assert database.last_document("S0001-pos1") is not None
    assert count(database, "documents") == 2


def test_what_is_kept_for_ever_stays(database):
    for number in (0, 1, 2):
        night(database, number, {"S0001-pos1": ["/a"] if number == 0 else []})
    assert database.prune(day(100_000), FOREVER) == Pruned()
    assert database.prune(day(100_000), KeepSettings(9_999_999 * DAY, 9_999_999 * DAY, None, None)) == Pruned()


def test_each_transaction_is_short_and_another_writer_gets_its_turn(url):
    with Database.open(url) as database:
        night(database, 0, {"S0001-pos1": [f"/a[{number}]" for number in range(CHUNK * 2 + 1)]})
        night(database, 1, {"S0001-pos1": []})
        plain, turns = database._write, []
        with Database.open(url, busy_s=0.2) as other:

            def write(attempt):
                turns.append(other.begin_run(factory.run_info(f"between-{len(turns)}", started_at=at(2))))
                return plain(attempt)

            database._write = write
            assert database.prune(day(300), KEEP).findings == CHUNK * 2 + 1
        assert len(turns) >= 4


def test_totals_of_stores_go_with_the_document(database):
    for number, run in ((0, "old"), (200, "new")):
        info = factory.run_info(run, started_at=at(number), finished_at=at(number))
        database.begin_run(info)
        database.finish_run(msgspec.structs.replace(factory.first_store(), run=info))
    before = count(database, "store_totals")
    pruned = database.prune(day(200), KEEP)
    assert (pruned.run_documents, pruned.store_totals) == (1, before // 2)
    assert count(database, "store_totals", "run = 'new'") == before // 2 > 0


def test_a_prune_that_is_cut_short_leaves_whole_rows_and_the_next_goes_on(database):
    night(database, 0, {"S0001-pos1": [f"/a[{number}]" for number in range(CHUNK + 1)]})
    night(database, 1, {"S0001-pos1": []})
    night(database, 2)
    plain, left = database._write, [3]

    def dying(attempt):
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        return plain(attempt)

    database._write = dying
    with pytest.raises(KeyboardInterrupt):
        database.prune(day(300), KEEP)
    database._write = plain
    first = count(database, "findings")
    assert database.prune(day(300), KEEP).findings == first
    assert count(database, "findings") == 0


FOUND = st.dictionaries(st.sampled_from(["S0001-pos1", "S0002-pos1"]), st.sets(st.sampled_from("abc")))
NIGHTS = st.lists(
    st.tuples(st.integers(1, 90), FOUND, st.booleans(), st.sampled_from(["audit", "drift"])), min_size=1, max_size=8
)


@hypothesis_settings(max_examples=40, deadline=None)
@given(NIGHTS, st.integers(0, 400))
def test_pruning_touches_no_open_finding_breaks_no_reference_and_twice_is_as_once(nights, later):
    with Database.open("sqlite://") as database:
        number = 0
        for gap, found, finish, verb in nights:
            number += gap
            night(database, number, {host: sorted(keys) for host, keys in found.items()}, verb, finish)
        opened = _open(database)
        newest = {run.info.verb: run.info.id for run in reversed(database.runs()) if run.state == "finished"}
        database.prune(day(number + later), KEEP)
        assert _open(database) == opened
        assert all(database.audit_document(run) is not None for run in newest.values())
        assert database.prune(day(number + later), KEEP) == Pruned()
        with database._read("test") as connection:
            assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
            stand = "SELECT document FROM host_status WHERE document IS NOT NULL"
            orphans = f"SELECT count(*) FROM documents WHERE hash NOT IN ({stand})"
            assert connection.exec_driver_sql(orphans).scalar() == 0


def _open(database):
    with database._read("test") as connection:
        return connection.exec_driver_sql("SELECT * FROM findings WHERE closed_at IS NULL ORDER BY id").all()
