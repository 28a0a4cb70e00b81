"""The nightly audit: read, judge, record, sum up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from storefleet.audit.language import Audit
from storefleet.errors import InputError, StorageError
from storefleet.storage.database import Database
from storefleet.workflows import clock
from storefleet.workflows.archive import Archive
from storefleet.workflows.exclusive import exclusively
from storefleet.workflows.judge import AuditOutcome, AuditRequest, Judge
from storefleet.workflows.judging import Judging
from storefleet.workflows.panel import Panel, processes_for
from storefleet.workflows.reading import ShowProgress
from storefleet.workflows.scope import scope
from storefleet.workflows.sessions import check_folders
from storefleet.workflows.validation import Rules, validated_rules
from storefleet.workflows.verdict import verdict_rules
from storefleet.workflows.workspace import Workspace, run_info


def audit_fleet(workspace: Workspace, request: AuditRequest, show: ShowProgress) -> AuditOutcome:
    """Run the audit. Everything wrong with the input is said before any device is touched."""
    check_folders(workspace, request.record, request.replay, offline=request.offline)
    rules = validated_rules(workspace)
    audits = chosen_audits(rules, request.audits)
    chosen = scope(workspace.select(request.limit), workspace.store)
    failing = verdict_rules(
        workspace.settings.audit,
        named=request.limit is not None,
        min_coverage=request.min_coverage,
        fail_on=request.fail_on,
    )
    info = run_info(workspace, "audit", limit=request.limit, reason=request.reason, ticket=request.ticket)
    passes = request.all_results or request.keep_passes
    judging = Judging(workspace, audits, rules.waivers, diffs=request.diffs, all_results=passes)
    judges = processes_for(len(chosen.contacted), workspace.settings.audit.processes)
    with (
        exclusively(workspace, request.name, info),
        Panel(judging, judges) as panel,
        workspace.open_database() as database,
    ):
        judge = Judge(
            workspace, rules, audits, database, info, request.all_results, request.keep_passes, panel, judging
        )
        if request.offline:
            judge.offline(chosen)
        else:
            database.begin_run(info, "named-audits" if request.audits else "all-audits")
            judge.archive = Archive.of(workspace)
            try:
                judge.online(chosen, request, show)
                judge.archive.end(info, [host.name for host in chosen.contacted])
            finally:
                judge.archive.give_up()
        outcome = judge.outcome(chosen, failing, keep=not request.offline, with_trend=request.trend)
        if request.offline:
            return outcome
        judge.archive.tidy()
        return replace(outcome, warnings=(*judge.archive.faults, *let_go(workspace, database)))


def let_go(workspace: Workspace, database: Database) -> tuple[str, ...]:
    """Let go of what was kept long enough; the night is over and told, so a failure is no more than a warning."""
    try:
        database.prune(clock.now(), workspace.settings.keep)
    except StorageError as fault:
        return (f"what is older than keep.results and keep.documents stays for now: {fault}",)
    return ()


def chosen_audits(rules: Rules, names: Sequence[str]) -> tuple[Audit, ...]:
    """Return the audits named on the command line, or all."""
    known = {audit.id: audit for audit in rules.audits}
    missing = [name for name in names if name not in known]
    if missing:
        raise InputError(f"no audit {', '.join(missing)}; there are: {', '.join(sorted(known))}")
    return tuple(known[name] for name in names) if names else rules.audits
