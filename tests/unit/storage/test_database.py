"""The conformance suite of the database: what asks for ``url`` or ``database`` runs over both kinds alike."""

import os
import stat
import threading
from pathlib import Path

import audit_factory as factory
import pytest
import sqlalchemy as sa

from storefleet.errors import StorageError
from storefleet.model.findings import Expected, Finding, Result
from storefleet.storage import Database, tables
from storefleet.storage.address import understood
from storefleet.storage.engine import WRITE, bare_engine

DAY = "2026-11-{:02}T01:00:00Z"


@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_file_and_folder_have_our_modes_whatever_the_umask(tmp_path, umask):
    before = os.umask(umask)
    try:
        with Database.open(f"sqlite:///{tmp_path / 'var' / 'x.db'}") as database:
            database.begin_run(factory.run_info())
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "var").iterdir()}
    finally:
        os.umask(before)
    assert modes == {"x.db": 0o640, "x.db-wal": 0o640, "x.db-shm": 0o640}
    assert stat.S_IMODE((tmp_path / "var").stat().st_mode) == 0o750


def test_sqlite_is_in_wal_mode_with_foreign_keys(tmp_path):
    with Database.open(f"sqlite:///{tmp_path / 'x.db'}") as database, database._engine.connect() as connection:
        settings = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "foreign_keys")]
        assert settings == ["wal", 1]
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 1


@pytest.mark.parametrize(
    ("version", "words"), [(99, "newer than this storefleet"), (0, "run `storefleet db upgrade`"), (None, "older")]
)
def test_another_schema_is_refused_with_what_to_do(url, version, words):
    with Database.open(url) as database:
        _sql(database, "DELETE FROM schema_version")
        if version is not None:
            _sql(database, f"INSERT INTO schema_version VALUES ({version})")
    with pytest.raises(StorageError, match=words):
        Database.open(url)


def _sql(database, text):
    with database._write("test") as connection:
        connection.exec_driver_sql(text)


def test_a_database_of_somebody_else_is_not_touched(url):
    engine = bare_engine(understood(url), 1)
    if url.startswith("sqlite"):
        Path(engine.url.database).parent.mkdir()
    with engine.connect().execution_options(**{WRITE: True}) as connection, connection.begin():
        connection.exec_driver_sql("CREATE TABLE cash (amount integer)")
    with pytest.raises(StorageError, match=r"not storefleet's \(cash\)"):
        Database.open(url)
    assert sa.inspect(engine).get_table_names() == ["cash"]
    engine.dispose()


def test_what_cannot_be_opened_says_why(tmp_path):
    (tmp_path / "text.db").write_text("this is no database, but long enough to be read as one" * 100)
    (tmp_path / "folder.db").mkdir()
    (tmp_path / "file").write_text("")
    for name, words in (
        ("text.db", "no SQLite database"),
        ("folder.db", "cannot be opened"),
        ("file/x.db", "Not a dir|File exists"),
    ):
        with pytest.raises(StorageError, match=words):
            Database.open(f"sqlite:///{tmp_path / name}")


def test_a_finished_run_can_be_printed_again(database):
    document = factory.first_store()
    database.begin_run(document.run)
    assert database.run(document.run.id).state == "running"
    assert database.audit_document(document.run.id) is None
    database.finish_run(document)
    assert database.audit_document(document.run.id) == document
    run = database.run(document.run.id)
    assert (run.state, run.exit, run.words) == ("finished", 3, document.verdict.words)
    assert (run.totals, run.changes, run.info) == (document.totals, document.changes, document.run)


def test_a_reused_process_number_and_another_machine_are_not_mistaken_for_the_run(database):
    for name, process in (("reused", f"{os.getpid()}:1:some-boot"), ("elsewhere", None)):
        database.begin_run(factory.run_info(name))
        change = {"process": process} if process else {"machine": "another"}
        with database._write("test") as connection:
            connection.execute(tables.runs.update().where(tables.runs.c.id == name).values(**change))
    assert database.run("reused").state == "interrupted"
    assert database.run("elsewhere").state == "unfinished"


def test_runs_are_listed_newest_first_and_an_unknown_one_is_none(database):
    for day in (20, 22, 21):
        database.begin_run(factory.run_info(f"run-{day}", started_at=DAY.format(day)))
    assert [run.info.id for run in database.runs()] == ["run-22", "run-21", "run-20"]
    assert len(database.runs(limit=2)) == 2
    assert database.run("nothing") is None
    assert database.audit_document("nothing") is None


def test_a_run_must_be_begun_once_and_is_closed_when_finished(database):
    document = factory.first_store()
    with pytest.raises(StorageError, match="never begun"):
        database.record_host(document.run.id, "S0412-pos1", "S0412", None, [], factory.NIGHT)
    with pytest.raises(StorageError, match="never begun"):
        database.finish_run(document)
    database.begin_run(document.run)
    with pytest.raises(StorageError, match="beginning run"):
        database.begin_run(document.run)
    database.finish_run(document)
    with pytest.raises(StorageError, match="is finished"):
        database.record_host(document.run.id, "S0412-pos1", "S0412", None, [], factory.NIGHT)


def test_the_last_document_of_each_host_comes_back_and_equal_facts_are_stored_once(database):
    database.begin_run(factory.run_info("r"))
    for day in (20, 21, 22):
        for name in ("S0412-pos1", "S0412-pos2"):
            facts = factory.facts(name, DAY.format(day), software={"packages": {"pos-client": "2.4"}})
            database.record_host("r", name, "S0412", facts, [], DAY.format(day))
    assert database.last_document("S0412-pos1") == facts.__class__.from_json({**facts.to_json(), "host": "S0412-pos1"})
    assert set(database.last_documents(["S0412-pos1", "S0412-pos2", "S0412-pos3"])) == {"S0412-pos1", "S0412-pos2"}
    assert database.last_document("S0412-pos3") is None
    assert _count(database, "documents") == 2
    database.record_host(
        "r", "S0412-pos1", "S0412", factory.facts(app={"half": "\ud800", "nul": "\0"}), [], DAY.format(23)
    )
    assert _count(database, "documents") == 2, "what no host shows any more is dropped"
    assert database.last_document("S0412-pos1").facts == {"app": {"half": "\ud800", "nul": "\0"}}


def _count(database, table):
    with database._engine.connect() as connection:
        return connection.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar()


def test_a_host_is_dark_since_its_first_silence_and_a_store_since_its_last_host_fell_silent(database):
    database.begin_run(factory.run_info("r"))

    def record(device, day, reached):
        name = f"S0412-{device}"
        database.record_host("r", name, "S0412", factory.facts(name) if reached else None, [], DAY.format(day))

    record("pos1", 20, reached=True)
    record("pos1", 21, reached=False)
    record("pos2", 21, reached=True)
    record("pos1", 22, reached=False)
    assert database.dark_since("S0412-pos1") == DAY.format(21)
    both = ("S0412-pos1", "S0412-pos2")
    assert database.dark_since(*both) is None
    record("pos2", 22, reached=False)
    assert database.dark_since(*both) == DAY.format(22)
    assert database.dark_since(*both, "S0412-pos3") == DAY.format(22), "one that was never asked says nothing"
    assert database.last_document("S0412-pos1") is not None, "the last facts stay while the host is dark"
    record("pos1", 23, reached=True)
    assert database.dark_since("S0412-pos1") is None
    assert database.dark_since("S9999-pos1") is None
    assert database.dark_since() is None


def test_a_host_that_fails_inside_a_batch_is_undone_alone(database):
    database.begin_run(factory.run_info("r"))
    with database.batch("r") as batch:
        batch.record_host("S0412-pos1", "S0412", factory.facts(), [], factory.NIGHT)
        with pytest.raises(StorageError, match="recording S0412-pos2"):
            batch.record_host("S0412-pos2", None, factory.facts("S0412-pos2"), [], factory.NIGHT)
        batch.record_host("S0412-pos3", "S0412", factory.facts("S0412-pos3"), [], factory.NIGHT)
    assert set(database.last_documents(["S0412-pos1", "S0412-pos2", "S0412-pos3"])) == {"S0412-pos1", "S0412-pos3"}


def test_reading_waits_for_no_writer_and_sees_only_what_is_committed(url, database):
    database.begin_run(factory.run_info("r"))
    with database.batch("r") as batch, Database.open(url, busy_s=0.1) as reader:
        batch.record_host("S0412-pos1", "S0412", factory.facts(), [], factory.NIGHT)
        assert reader.last_document("S0412-pos1") is None
        assert len(reader.runs()) == 1
    assert database.last_document("S0412-pos1") is not None


def test_a_second_writer_waits_and_then_says_who_is_in_the_way(url, database):
    database.begin_run(factory.run_info("r"))
    with Database.open(url, busy_s=0.2) as second:
        with database.batch("r"), pytest.raises(StorageError, match=r"kept it locked for 0.2 s"):
            second.begin_run(factory.run_info("s"))
        second.begin_run(factory.run_info("s"))
    assert {run.info.id for run in database.runs()} == {"r", "s"}


def test_two_runs_at_once_lose_nothing(url, database):
    def work(number):
        with Database.open(url) as mine:
            mine.begin_run(factory.run_info(f"run-{number}"))
            for host in range(25):
                name = f"S{number:04}-pos{host}"
                mine.record_host(f"run-{number}", name, name[:5], factory.facts(name), [], factory.NIGHT)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert _count(database, "host_status") == 100


def test_a_host_costs_the_same_few_statements_however_many_came_before(database):
    results = [Result(f"T-{n:02}", "a", "t", "pass", "high") for n in range(27)]
    results += [
        Result(f"T-{n:02}", "a", "t", "fail", "high", findings=(Finding(f"/a[{n}]", Expected("w"), n),))
        for n in range(27, 30)
    ]
    database.begin_run(factory.run_info("r"))
    statements: list[str] = []
    sa.event.listen(database._engine, "before_cursor_execute", lambda *arguments: statements.append(arguments[2]))
    costs = []
    for number in range(60):
        before = len(statements)
        name = f"S{number // 10:04}-pos{number % 10}"
        database.keep_document("r", factory.facts(name, software={"packages": {"a": f"1.{number}"}}), factory.NIGHT)
        with database.batch("r") as batch:
            batch.record_results(name, name[:5], results, factory.NIGHT)
        costs.append(len(statements) - before)
    assert set(costs) == {costs[0]}
    assert costs[0] <= 14


def test_what_a_host_showed_outlives_a_run_that_died_before_judging_it(url):
    with Database.open(url) as database:
        database.begin_run(factory.run_info(id="r"))
        database.keep_document("r", factory.facts("S0412-pos1"), factory.NIGHT)
    with Database.open(url) as database:
        assert database.last_document("S0412-pos1") == factory.facts("S0412-pos1")


def test_results_of_a_kept_document_are_recorded_as_those_of_one_recorded_at_once(url, other_url):
    results = [Result("T-1", "a", "t", "fail", "high", findings=(Finding("/k", Expected("absent")),))]
    answers = []
    for address in (url, other_url):
        with Database.open(address) as database:
            database.begin_run(factory.run_info(id="r"))
            if address == url:
                database.keep_document("r", factory.facts("S0412-pos1"), factory.NIGHT)
                with database.batch("r") as batch:
                    answers.append(batch.record_results("S0412-pos1", "S0412", results, factory.NIGHT))
            else:
                answers.append(
                    database.record_host(
                        "r", "S0412-pos1", "S0412", factory.facts("S0412-pos1"), results, factory.NIGHT
                    )
                )
    assert answers[0] == answers[1]
    assert [life.change for life in answers[0].lives] == ["new"]


def test_one_part_of_every_document_can_be_read_without_the_rest(database):
    database.begin_run(factory.run_info("r"))
    whole = factory.facts("S0412-pos1", system={"machine_id": "m1"}, software={"packages": {"a": "1"}})
    odd = factory.facts("S0412-pos2", system={"machine_id": "\ud800"}, software={"packages": {"a": "1"}})
    for document in (whole, odd):
        database.keep_document("r", document, factory.NIGHT)
    found = list(database.each_last_document(["S0412-pos1", "S0412-pos2"], {"system"}))
    assert [(each.host, dict(each.facts)) for each in found] == [
        ("S0412-pos1", {"system": {"machine_id": "m1"}}),
        ("S0412-pos2", {"system": {"machine_id": "\ud800"}}),
    ]


def test_a_run_without_a_document_ends_with_its_exit_and_its_words(url):
    info = factory.run_info(verb="apply")
    with Database.open(url) as database:
        database.begin_run(info)
        database.end_run(info.id, "2026-11-22T01:00:00Z", 4, "p.yaml: 1 undone\x00")
        run = database.run(info.id)
        assert (run.state, run.exit, run.totals) == ("finished", 4, None)
        assert run.words.startswith("p.yaml: 1 undone")
        assert database.audit_document(info.id) is None


@pytest.mark.parametrize(("refusals", "passes"), [(2, True), (9, False)])
def test_a_file_that_another_user_is_just_making_is_written_a_moment_later(tmp_path, refusals, passes):
    info = factory.run_info()
    with Database.open(f"sqlite:///{tmp_path / 'x.db'}") as database:
        left = [refusals]

        def refuse(_connection):
            if left[0]:
                left[0] -= 1
                raise sa.exc.OperationalError("BEGIN", {}, Exception("attempt to write a readonly database"))

        sa.event.listen(database._engine, "begin", refuse, insert=True)
        if passes:
            database.begin_run(info)
        else:
            with pytest.raises(StorageError, match="readonly"):
                database.begin_run(info)
        left[0] = 0
        assert (database.run(info.id) is not None) is passes
