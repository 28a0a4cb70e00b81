"""The database as the rest of storefleet sees it: open, record a run, ask what was."""

from __future__ import annotations

import contextlib
import datetime
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Self, TypeVar

import sqlalchemy as sa

from storefleet.documents.ownership import PRIVATE, Ownership
from storefleet.errors import StorageError
from storefleet.model.findings import Result
from storefleet.model.report import AuditDocument, Recorded, RunInfo
from storefleet.model.runs import Run
from storefleet.model.state import StateDocument
from storefleet.settings.settings import KeepSettings
from storefleet.storage import bodies, documents, history
from storefleet.storage.address import shown
from storefleet.storage.engine import WRITE, open_engine
from storefleet.storage.faults import translated
from storefleet.storage.intervals import Scope, storable
from storefleet.storage.leases import Guards
from storefleet.storage.prune import Pruned, prune
from storefleet.storage.recording import HostRecorder
from storefleet.storage.tables import runs, store_totals

T = TypeVar("T")


class Recorder:
    """Records hosts inside one transaction of the caller; each host is written whole or not at all."""

    def __init__(self, connection: sa.Connection, hosts: HostRecorder, address: sa.URL, busy_s: float) -> None:
        self._connection = connection
        self._hosts = hosts
        self._address = address
        self._busy_s = busy_s
        self.fault: StorageError | None = None
        """The error after which the transaction is gone: a full disk makes SQLite roll all of it back by itself."""

    def record_host(
        self, host: str, store: str, document: StateDocument | None, results: Sequence[Result], at: str
    ) -> Recorded:
        """Record one host at the instant ``at`` (UTC); ``document`` is ``None`` when it was not reached."""
        return self._whole(host, lambda: self._hosts.record(host, store, document, results, at))

    def record_results(self, host: str, store: str, results: Sequence[Result], at: str) -> Recorded:
        """Record what was judged of a host whose document this run has kept."""
        return self._whole(host, lambda: self._hosts.decide(host, store, results, at))

    def _whole(self, host: str, record: Callable[[], T]) -> T:
        if self.fault is not None:
            raise self.fault
        try:
            with translated(f"recording {host}", self._address, self._busy_s), self._connection.begin_nested():
                return record()
        except StorageError as fault:
            if isinstance(fault.__cause__, sa.exc.OperationalError):
                self.fault = fault
            raise


class Database:
    """One open database. Reading takes no lock; each write is one short transaction that waits up to ``busy_s``.

    Every error is a :class:`~storefleet.errors.StorageError` with what to do.
    """

    def __init__(self, engine: sa.Engine, busy_s: float) -> None:
        self._engine = engine
        self._busy_s = busy_s
        self._address = engine.url
        self._where = shown(engine.url)

    @classmethod
    def open(cls, url: str, *, busy_s: float = 30.0, owner: Ownership = PRIVATE) -> Database:
        """Open ``url``, creating an SQLite file, its folder and the tables where there are none."""
        return cls(open_engine(url, busy_s=busy_s, owner=owner), busy_s)

    @property
    def url(self) -> str:
        """Return the address by which another process opens the same database; it may hold a password."""
        return self._engine.url.render_as_string(hide_password=False)

    def close(self) -> None:
        """Close every connection; SQLite then folds its WAL back into the file."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def begin_run(self, info: RunInfo, scope: Scope = "named-audits") -> None:
        """Enter a run; until it is finished, readers see it as running, or interrupted when its process is gone.

        ``scope`` says what the run evaluates on each host that it judges: only findings inside it can be retired.
        """
        machine, process = history.this_process()
        values = {"id": info.id, "verb": info.verb, "started_at": info.started_at, "info": bodies.text_of(info)}
        with self._write(f"beginning run {info.id}") as connection:
            connection.execute(
                runs.insert().values(**values, machine=machine, process=process, scope=scope),
            )

    @contextlib.contextmanager
    def batch(self, run_id: str) -> Iterator[Recorder]:
        """Record many hosts in one transaction; keep it short, since other writers wait for its end."""
        with self._write(f"recording run {run_id}") as connection:
            row = connection.execute(sa.select(runs.c.scope, runs.c.finished_at).where(runs.c.id == run_id)).first()
            if row is None or row.finished_at is not None:
                message = f"{self._where}: run {run_id} {'was never begun' if row is None else 'is finished'}"
                raise StorageError(message)
            recorder = Recorder(connection, HostRecorder(connection, run_id, row.scope), self._address, self._busy_s)
            yield recorder
            if recorder.fault is not None:
                raise recorder.fault

    def record_host(
        self, run_id: str, host: str, store: str, document: StateDocument | None, results: Sequence[Result], at: str
    ) -> Recorded:
        """Record one host in a transaction of its own."""
        with self.batch(run_id) as recorder:
            return recorder.record_host(host, store, document, results, at)

    def keep_document(self, run_id: str, document: StateDocument, at: str) -> None:
        """Keep what a host showed, before anybody has judged it: a run that dies has not read in vain."""
        with self._write(f"keeping the document of {document.host}") as connection:
            HostRecorder(connection, run_id).keep(document.host, document.store, document, at)

    def finish_run(self, document: AuditDocument) -> None:
        """Finish the run of the document, and keep verdict, totals, changes and the document itself."""
        values = {
            "finished_at": document.run.finished_at or document.run.started_at,
            "info": bodies.text_of(document.run),
            "exit": document.verdict.exit,
            "words": storable(document.verdict.words),
            "totals": bodies.text_of(document.totals),
            "changes": bodies.text_of(document.changes),
            "document": bodies.pack_text(document.json_pieces()),
        }
        columns = ("store", "state", "worst", "hosts", "judged", "open", "new")
        rows = [
            {"run": document.run.id, **{name: getattr(store, name) for name in columns}} for store in document.stores
        ]
        with self._write(f"finishing run {document.run.id}") as connection:
            changed = connection.execute(runs.update().where(runs.c.id == document.run.id).values(**values))
            if changed.rowcount != 1:
                message = f"{self._where}: run {document.run.id} was never begun"
                raise StorageError(message)
            connection.execute(store_totals.delete().where(store_totals.c.run == document.run.id))
            if rows:
                connection.execute(store_totals.insert(), rows)

    def end_run(self, run_id: str, finished_at: str, exit_code: int, words: str) -> None:
        """Finish a run that leaves no audit document: a change."""
        values = {"finished_at": finished_at, "exit": exit_code, "words": storable(words)}
        with self._write(f"finishing run {run_id}") as connection:
            connection.execute(runs.update().where(runs.c.id == run_id).values(**values))

    def prune(self, now: datetime.datetime, keep: KeepSettings) -> Pruned:
        """Let go of what is older than ``keep`` says; open findings and what a run in progress needs stay."""
        return prune(self._write, now, keep)

    def pruned_at(self, host: str) -> str | None:
        """Return when the last document of a host was let go of; ``None`` while it has one, or never had."""
        with self._read("reading the state of hosts") as connection:
            return documents.pruned_at(connection, host)

    def last_document(self, host: str) -> StateDocument | None:
        """Return the last facts of a host, or ``None`` when it was never read."""
        return self.last_documents([host]).get(host)

    def last_documents(self, hosts: Collection[str]) -> Mapping[str, StateDocument]:
        """Return the last facts of each of these hosts that has any (``--offline``)."""
        return {document.host: document for document in self.each_last_document(hosts)}

    def each_last_document(
        self, hosts: Collection[str], parts: Collection[str] | None = None
    ) -> Iterator[StateDocument]:
        """Yield the last facts one by one: a fleet's documents together are gigabytes in memory.

        ``parts`` names the top-level parts that are wanted; without it all are there.
        """
        with self._read("reading the last documents") as connection:
            yield from documents.last_documents(connection, hosts, parts)

    def dark_since(self, *hosts: str) -> str | None:
        """Return since when none of these hosts has answered: the instant at which the last of them went dark.

        For a store, name the hosts that are still asked: one that left it says nothing more, and never went dark.
        """
        with self._read("reading the state of hosts") as connection:
            return documents.dark_since(connection, hosts)

    def dark_hosts(self) -> Mapping[str, str]:
        """Return every host that does not answer, with since when."""
        with self._read("reading which hosts are dark") as connection:
            return documents.dark_hosts(connection)

    def known_findings(self, hosts: Collection[str] | None) -> Mapping[str, Sequence[documents.KnownFinding]]:
        """Return of each of these hosts, or of all, the findings that are open or were fixed."""
        with self._read("reading findings") as connection:
            return documents.known_findings(connection, hosts)

    @property
    def guards(self) -> Guards:
        """Return who changes which store, and whether anybody may."""
        return Guards(self._write, self._read)

    def runs(self, limit: int | None = None) -> tuple[Run, ...]:
        """Return the newest runs first."""
        with self._read("listing runs") as connection:
            return history.list_runs(connection, limit)

    def run(self, run_id: str) -> Run | None:
        """Return one run."""
        with self._read("reading a run") as connection:
            return history.one_run(connection, run_id)

    def audit_document(self, run_id: str) -> AuditDocument | None:
        """Return the document of a finished run, so that any report can be printed again."""
        with self._read("reading the document of a run") as connection:
            return history.stored_document(connection, run_id)

    @contextlib.contextmanager
    def _write(self, attempt: str) -> Iterator[sa.Connection]:
        with translated(attempt, self._address, self._busy_s), contextlib.ExitStack() as stack:
            yield self._begun(stack)

    def _begun(self, stack: contextlib.ExitStack) -> sa.Connection:
        """Begin to write; the stack ends it.

        SQLite makes its files beside the database under the umask and widens them in a second step. Another user who
        opens them in between may only read; a new connection a moment later may write.
        """
        for pause in (0.05, 0.2, 0.8, None):
            with contextlib.ExitStack() as trying:
                plain = trying.enter_context(self._engine.connect())
                connection = plain.execution_options(**{WRITE: True})
                try:
                    trying.enter_context(connection.begin())
                except sa.exc.OperationalError as fault:
                    if pause is None or "readonly" not in str(fault.orig):
                        raise
                    plain.invalidate()
                else:
                    stack.push(trying.pop_all())
                    return connection
            time.sleep(pause)
        raise AssertionError

    @contextlib.contextmanager
    def _read(self, attempt: str) -> Iterator[sa.Connection]:
        with translated(attempt, self._address, self._busy_s), self._engine.connect() as connection:
            yield connection
