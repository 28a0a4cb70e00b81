"""`storefleet plan`, `apply` and `push`: what would change, exactly that, and both with a question between."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from storefleet.cli.options import (
    EmergencyOption,
    FleetOption,
    FormatOption,
    LimitOption,
    NoColorOption,
    OutputFormat,
    ReasonOption,
    TicketOption,
    WorkersOption,
    check_out,
    colour,
    emit,
    width,
)
from storefleet.cli.progress import HostProgress
from storefleet.cli.signals import ended_by
from storefleet.cli.streams import write
from storefleet.errors import InputError
from storefleet.model.plan import AppliedDocument, Plan
from storefleet.reports.escape import visible
from storefleet.reports.plan_text import applied_lines, plan_lines
from storefleet.reports.terminal import audit_text, render
from storefleet.workflows.apply import Applied, apply_plan, check_size
from storefleet.workflows.audit import audit_fleet
from storefleet.workflows.deadman import UNDO_AFTER_S
from storefleet.workflows.judge import AuditRequest
from storefleet.workflows.leasing import stop_if_frozen
from storefleet.workflows.permission import check_emergency, consent_of, signature_due
from storefleet.workflows.plan import PlanRequest, make_plan, plan_json, read_plan, write_plan
from storefleet.workflows.runs import past_run
from storefleet.workflows.sessions import keeping_lines
from storefleet.workflows.undo import make_undo
from storefleet.workflows.validation import validated_rules
from storefleet.workflows.workspace import Workspace, open_workspace

PlaybookArgument = Annotated[
    Path, typer.Argument(metavar="PLAYBOOK", help="A file in playbooks/, or from the current folder.")
]
OutOption = Annotated[Path | None, typer.Option("-o", "--out", metavar="FILE", help="Where the plan is written.")]
ConfirmOption = Annotated[
    int | None, typer.Option("--confirm-stores", min=1, metavar="N", help="The number of stores that it changes.")
]
UndoOption = Annotated[
    int,
    typer.Option(
        "--undo-after",
        min=20,
        max=3600,
        metavar="SECONDS",
        help="When a device whose line was cut goes back by itself.",
    ),
]
YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask.")]

TagsOption = Annotated[str | None, typer.Option("--tags", metavar="TAG,...", help="Only tasks with one of these tags.")]
SkipTagsOption = Annotated[
    str | None, typer.Option("--skip-tags", metavar="TAG,...", help="No task with one of these tags.")
]


def plan(
    playbook: PlaybookArgument,
    fleet: FleetOption = None,
    limit: LimitOption = None,
    tags: TagsOption = None,
    skip_tags: SkipTagsOption = None,
    out: OutOption = None,
    output: FormatOption = OutputFormat.text,
    reason: ReasonOption = None,
    ticket: TicketOption = None,
    workers: WorkersOption = None,
    no_color: NoColorOption = False,
) -> int:
    """Show what a playbook would change on each host; nothing is changed.

    \b
    storefleet plan resolver.yaml -l region=north -o plan.json
    storefleet plan resolver.yaml -l S0412-pos2
    """
    workspace = open_workspace(fleet)
    check_out(out)
    made = make_plan(
        workspace, PlanRequest(playbook, limit, reason, ticket, workers, _words(tags), _words(skip_tags)), HostProgress
    )
    return _planned(workspace, made, out, output, no_color=no_color)


def apply(
    file: Annotated[Path, typer.Argument(metavar="PLAN", help="What `storefleet plan -o` wrote.")],
    fleet: FleetOption = None,
    confirm_stores: ConfirmOption = None,
    undo_after: UndoOption = UNDO_AFTER_S,
    output: FormatOption = OutputFormat.text,
    reason: ReasonOption = None,
    ticket: TicketOption = None,
    emergency: EmergencyOption = False,
    workers: WorkersOption = None,
    no_color: NoColorOption = False,
) -> int:
    """Make exactly the changes of a plan, store by store, then audit those hosts again.

    \b
    storefleet apply plan.json --ticket CHG-1042
    """
    workspace = open_workspace(fleet)
    read = read_plan(workspace, file)
    check_emergency(emergency=emergency, reason=reason, ticket=ticket)
    check_size(read, confirm_stores)
    consent = consent_of(workspace, read, file, emergency=emergency)
    done = apply_plan(
        workspace,
        read,
        HostProgress,
        reason=reason,
        ticket=ticket,
        workers=workers,
        undo_after=undo_after,
        consent=consent,
    )
    return _finish(workspace, read, done, output, no_color=no_color, workers=workers)


def push(
    playbook: PlaybookArgument,
    fleet: FleetOption = None,
    limit: LimitOption = None,
    tags: TagsOption = None,
    skip_tags: SkipTagsOption = None,
    out: OutOption = None,
    confirm_stores: ConfirmOption = None,
    undo_after: UndoOption = UNDO_AFTER_S,
    yes: YesOption = False,
    output: FormatOption = OutputFormat.text,
    reason: ReasonOption = None,
    ticket: TicketOption = None,
    emergency: EmergencyOption = False,
    workers: WorkersOption = None,
    no_color: NoColorOption = False,
) -> int:
    """Plan, show the plan, ask, and apply it, over one connection to each host.

    \b
    storefleet push pos-endpoint.yaml -l S0412
    """
    workspace = open_workspace(fleet)
    if not yes:
        _check_can_ask(output)
    check_emergency(emergency=emergency, reason=reason, ticket=ticket)
    check_out(out)
    stop_if_frozen(workspace)
    with keeping_lines(workspace, workers) as lines:
        request = PlanRequest(playbook, limit, reason, ticket, workers, _words(tags), _words(skip_tags))
        made = make_plan(workspace, request, HostProgress, lines=lines)
        if out is not None:
            write_plan(workspace, made, out)
        if output is OutputFormat.text:
            _show_plan(workspace, made, no_color=no_color)
        else:
            _tell_what_is_left_out(made)
        if not made.to_change:
            if output is OutputFormat.json:
                emit(msgspec.json.encode(AppliedDocument(run=made.run.id, hosts=())).decode() + "\n")
            return _incomplete(made)
        check_size(made, confirm_stores)
        due = signature_due(workspace, made, emergency=emergency)
        if not yes and not _confirmed(made, out if due else None):
            write("nothing was changed\n", err=True)
            return 0
        consent = consent_of(workspace, made, out, emergency=emergency)
        done = apply_plan(
            workspace,
            made,
            HostProgress,
            reason=reason,
            ticket=ticket,
            workers=workers,
            undo_after=undo_after,
            consent=consent,
            lines=lines,
        )
    return _finish(workspace, made, done, output, no_color=no_color, workers=workers)


def _check_can_ask(output: OutputFormat) -> None:
    """Refuse to ask where nobody answers, or where the plan that is asked about is not shown."""
    if output is OutputFormat.json:
        why = "push --format json shows no plan to ask about"
    elif not sys.stdin.isatty():
        why = "push asks before it changes anything, and there is no terminal"
    else:
        return
    raise InputError(f"{why}; write --yes, or plan and apply")


def _tell_what_is_left_out(made: Plan) -> None:
    """Say beside the one document which hosts the plan does not change, and why."""
    refused = {host.host: host.refused for host in made.hosts if host.refused}
    for host, why in {**made.unread, **refused}.items():
        write(f"{host}: {visible(why, limit=400)}\n", err=True)


def _confirmed(made: Plan, to_be_signed: Path | None) -> bool:
    question = f"Change {len(made.to_change)} hosts now?"
    if to_be_signed is not None:
        question = f"Have author and approver sign {to_be_signed} (storefleet sign). {question}"
    return typer.confirm(question, err=True)


def undo(
    run: Annotated[
        str, typer.Argument(metavar="RUN", help="The apply to be taken back, as `runs` names it; or `last`.")
    ],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="FILE", help="Where the plan is written.")],
    fleet: FleetOption = None,
    limit: LimitOption = None,
    output: FormatOption = OutputFormat.text,
    reason: ReasonOption = None,
    ticket: TicketOption = None,
    workers: WorkersOption = None,
    no_color: NoColorOption = False,
) -> int:
    """Plan the way back of an earlier apply, out of what its hosts kept; nothing is changed before `apply`.

    \b
    storefleet undo 20261127T190412Z-apply-7f3a -o undo.json
    storefleet apply undo.json
    """
    workspace = open_workspace(fleet)
    check_out(out)
    found = past_run(workspace, run, verb="apply")
    made = make_undo(workspace, found.info.id, PlanRequest(Path(), limit, reason, ticket, workers), HostProgress)
    return _planned(workspace, made, out, output, no_color=no_color)


def _planned(workspace: Workspace, made: Plan, out: Path | None, output: OutputFormat, *, no_color: bool) -> int:
    """Write a plan where it is wanted, show it, and say what to do with one that would change something."""
    if out is not None:
        write_plan(workspace, made, out)
    if output is OutputFormat.json:
        emit(plan_json(made))
    else:
        _show_plan(workspace, made, no_color=no_color)
    if out is not None and made.to_change:
        write(f"the plan is in {out}: storefleet apply {out}\n", err=True)
    return _incomplete(made)


def _words(text: str | None) -> frozenset[str]:
    return frozenset(word.strip() for word in (text or "").split(",") if word.strip())


def _show_plan(workspace: Workspace, made: Plan, *, no_color: bool) -> None:
    emit(render(plan_lines(made, workspace.settings.display.timezone, width()), colour=colour(no_color)))


def _incomplete(made: Plan) -> int:
    return 3 if made.unread or any(host.refused for host in made.hosts) else 0


def _finish(
    workspace: Workspace, made: Plan, done: Applied, output: OutputFormat, *, no_color: bool, workers: int | None
) -> int:
    """Tell how it came out, audit what was changed, and leave by the worst of both."""
    for note in done.notes:
        write(f"{visible(note, limit=400)}\n", err=True)
    if not made.to_change:
        write("the plan has no change to make; no host was touched\n", err=True)
    if output is OutputFormat.text:
        emit(render(applied_lines(done.hosts, width()), colour=colour(no_color)))
    else:
        document = AppliedDocument(run=done.run.id, hosts=tuple(done.hosts))
        emit(msgspec.json.encode(document).decode() + "\n")
    if done.interrupt is not None:
        return ended_by(done.interrupt)
    touched = [host.host for host in done.hosts if host.made]
    verdict = 0
    if touched and validated_rules(workspace).audits:
        request = AuditRequest(limit=",".join(touched), reason=f"after {done.run.id}", workers=workers)
        audited = audit_fleet(workspace, request, HostProgress)
        verdict = audited.document.verdict.exit
        text = audit_text(
            audited.document, width=width(), timezone=workspace.settings.display.timezone, colour=colour(no_color)
        )
        write(text, err=output is OutputFormat.json)
    if done.exit > verdict:
        ends = Counter(host.ended for host in done.hosts)
        words = ", ".join(f"{number} {ended}" for ended, number in ends.items())
        write(f"{words}  →  exit {done.exit}; again: storefleet runs show {done.run.id}\n", err=True)
    return max(done.exit, _incomplete(made), verdict)
