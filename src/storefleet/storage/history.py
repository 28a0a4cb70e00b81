"""Reading what earlier runs left. Nothing here takes a lock."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from pathlib import Path

import msgspec
import sqlalchemy as sa

from storefleet.model.report import AuditDocument, Changes, RunInfo, Totals
from storefleet.model.runs import Run, RunState
from storefleet.storage.bodies import unpack_json
from storefleet.storage.tables import runs


def this_process() -> tuple[str, str]:
    """Return machine and process so that neither a reboot nor a reused process number is mistaken for us."""
    return platform.node(), _mark(os.getpid())


def _mark(pid: int) -> str:
    """Return ``pid:start:boot``, or ``pid`` alone where the system does not tell."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        started = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return str(pid)
    return f"{pid}:{started}:{boot}"


def list_runs(connection: sa.Connection, limit: int | None) -> tuple[Run, ...]:
    """Return the newest runs first."""
    query = sa.select(*_COLUMNS).order_by(runs.c.started_at.desc(), runs.c.id.desc()).limit(limit)
    return tuple(_run(row) for row in connection.execute(query).mappings())


def one_run(connection: sa.Connection, run_id: str) -> Run | None:
    """Return one run, or ``None`` where there is no such."""
    row = connection.execute(sa.select(*_COLUMNS).where(runs.c.id == run_id)).mappings().first()
    return None if row is None else _run(row)


def stored_document(connection: sa.Connection, run_id: str) -> AuditDocument | None:
    """Return the audit document of a finished run."""
    body = connection.scalar(sa.select(runs.c.document).where(runs.c.id == run_id))
    return None if body is None else AuditDocument.from_json(unpack_json(body))


_COLUMNS: Sequence[sa.Column[object]] = [column for column in runs.columns if column.name != "document"]


def _run(fields: sa.RowMapping) -> Run:
    info = msgspec.convert(json.loads(fields["info"]), RunInfo)
    if info.finished_at is None:
        info = msgspec.structs.replace(info, finished_at=fields["finished_at"])
    return Run(
        info=info,
        state=_state(fields["finished_at"], fields["machine"], fields["process"]),
        exit=fields["exit"],
        words=fields["words"],
        totals=msgspec.convert(json.loads(fields["totals"]), Totals) if fields["totals"] else None,
        changes=msgspec.convert(json.loads(fields["changes"]), Changes) if fields["changes"] else None,
    )


def _state(finished_at: str | None, machine: str, process: str) -> RunState:
    if finished_at is not None:
        return "finished"
    if machine != platform.node():
        return "unfinished"
    pid = process.partition(":")[0]
    alive = Path(f"/proc/{pid}").exists() and _mark(int(pid)) == process
    return "running" if alive else "interrupted"
