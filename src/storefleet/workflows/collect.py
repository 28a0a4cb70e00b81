"""`collect`: read devices, judge nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from storefleet.model.base import Json
from storefleet.model.outcome import Answer, Failure
from storefleet.model.state import StateDocument
from storefleet.workflows.reading import Reader, ShowProgress, certificate_paths
from storefleet.workflows.scope import scope
from storefleet.workflows.sessions import check_folders, open_sessions
from storefleet.workflows.validation import validated_rules
from storefleet.workflows.workspace import Workspace, redaction_key


@dataclass(frozen=True)
class CollectRequest:
    """What the command line asked for."""

    limit: str | None = None
    record: Path | None = None
    replay: Path | None = None
    workers: int | None = None


@dataclass(frozen=True)
class Collected:
    """What came: documents and failures in the order of the inventory, who was left out, and what cut it short."""

    documents: tuple[StateDocument, ...]
    failures: Mapping[str, Failure]
    skipped: Mapping[str, str]
    interrupt: KeyboardInterrupt | None = None

    def to_json(self) -> dict[str, Json]:
        """Return the one document that `--format json` prints (``storefleet.collection/1``)."""
        return {
            "format": "storefleet.collection/1",
            "documents": [document.to_json() for document in self.documents],
            "failures": {name: {"code": fault.code, "reason": fault.reason} for name, fault in self.failures.items()},
            "skipped": dict(self.skipped),
        }


def collect_fleet(workspace: Workspace, request: CollectRequest, show: ShowProgress) -> Collected:
    """Read the selected hosts; everything wrong with the input is said before any is touched."""
    check_folders(workspace, request.record, request.replay)
    rules = validated_rules(workspace)
    chosen = scope(workspace.select(request.limit), workspace.store)
    limits = workspace.limits(request.workers)
    answers: dict[str, Answer[StateDocument]] = {}
    interrupt: KeyboardInterrupt | None = None

    def keep(answer: Answer[StateDocument]) -> None:
        answers[answer.host] = answer

    with open_sessions(workspace, limits, request.record, request.replay) as sessions:
        reader = Reader(
            workspace, sessions, limits, rules.probes, redaction_key(workspace), certificate_paths(rules.audits)
        )
        try:
            reader.read(chosen.contacted, keep, show)
        except KeyboardInterrupt as fault:
            interrupt = fault
    ordered = [answers[host.name] for host in chosen.contacted if host.name in answers]
    return Collected(
        documents=tuple(answer.result for answer in ordered if answer.result is not None),
        failures={answer.host: answer.failure for answer in ordered if answer.failure is not None},
        skipped=chosen.skipped,
        interrupt=interrupt,
    )
