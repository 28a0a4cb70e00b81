"""What earlier runs were: the list of them, one of them again, and the line that they make."""

from __future__ import annotations

from storefleet.errors import InputError
from storefleet.model.report import AuditDocument
from storefleet.model.runs import Run
from storefleet.reports.trend import TrendPoint
from storefleet.storage.database import Database
from storefleet.workflows.workspace import Workspace

LAST = "last"
_TREND = 60
"""Points of a trend: two months of nights, as many as a line of a page can tell apart."""

_LOOK_BACK = 1000
"""Runs among which a short name is looked for."""


def past_runs(workspace: Workspace, limit: int) -> tuple[Run, ...]:
    """Return the newest runs first."""
    with workspace.open_database() as database:
        return database.runs(limit)


def find_run(database: Database, name: str, *, with_report: bool = False, verb: str | None = None) -> Run:
    """Return the run of an id, of its beginning or end where only one has it, or the newest finished one (``last``).

    ``with_report`` makes the last one an audit: a change leaves no document. ``verb`` makes it one of that verb.
    """
    known = database.runs(_LOOK_BACK)
    if name == LAST:
        finished = (run for run in known if run.state == "finished" and verb in (None, run.info.verb))
        matching = [run for run in finished if run.totals is not None or not with_report][:1]
    else:
        exact = database.run(name)
        matching = [exact] if exact else [run for run in known if _means(run, name)]
    if len(matching) == 1:
        return matching[0]
    if matching:
        ids = ", ".join(run.info.id for run in matching[:5])
        raise InputError(f"{name!r} means {len(matching)} runs: {ids}; write more of the one you mean")
    kind = f"{verb} among the runs" if verb and name == LAST else f"run {name!r}"
    raise InputError(f"there is no {kind}; `storefleet runs` lists them")


def _means(run: Run, name: str) -> bool:
    return bool(name) and (run.info.id.startswith(name) or run.info.id.endswith(name))


def past_run(workspace: Workspace, name: str, verb: str | None = None) -> Run:
    """Return one run; raises :class:`InputError` where the name means none, or several."""
    with workspace.open_database() as database:
        return find_run(database, name, verb=verb)


def past_document(workspace: Workspace, name: str) -> tuple[AuditDocument, tuple[TrendPoint, ...]]:
    """Return the document of an earlier run, and the trend up to it; raises :class:`InputError` where it left none."""
    with workspace.open_database() as database:
        run = find_run(database, name, with_report=True)
        document = database.audit_document(run.info.id)
        if document is None:
            if run.totals is None and run.state == "finished":
                raise InputError(
                    f"run {run.info.id} changed devices and has no report; `storefleet runs show` tells it"
                )
            why = {"finished": "its document was kept no longer (keep.results)"}.get(run.state, f"it is {run.state}")
            raise InputError(f"run {run.info.id} has no report: {why}")
        return document, trend(database, document)


def trend(database: Database, document: AuditDocument) -> tuple[TrendPoint, ...]:
    """Return the finished runs of the same verb over the same hosts (``-l``) up to this one, the oldest first."""
    until = document.run.started_at
    return tuple(
        TrendPoint.of(run.info, run.changes)
        for run in reversed(database.runs(_LOOK_BACK))
        if run.changes is not None
        and run.info.verb == document.run.verb
        and run.info.limit == document.run.limit
        and run.info.started_at <= until
    )[-_TREND:]
