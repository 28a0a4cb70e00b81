"""Reading hosts: what `collect` and `audit` share."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import TracebackType
from typing import Protocol, Self, cast

import msgspec

from storefleet.audit.language import Audit
from storefleet.collect.plan import CollectPlan, Endpoint, WatchedFiles
from storefleet.collect.probes import Probes
from storefleet.collect.registry import Registry, standard
from storefleet.fleet import run as fleet_run
from storefleet.fleet.run import Sessions
from storefleet.inventory.nornir_plugin import to_nornir_inventory
from storefleet.model.base import Json
from storefleet.model.effects import Step
from storefleet.model.limits import Limits
from storefleet.model.outcome import Answer
from storefleet.model.selection import parse
from storefleet.model.state import StateDocument
from storefleet.model.store import Host, Store
from storefleet.templating.filters import for_role
from storefleet.workflows.intents import Intents
from storefleet.workflows.sessions import clock_of
from storefleet.workflows.workspace import Workspace

_CERTIFICATES = re.compile(r"/security/certificates\[path=([^\]]+)\]")


class Progress(Protocol):
    """Counts hosts as they answer; a context manager."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def step(self, host: str, *, answered: bool) -> None:
        """Count one host."""
        ...


ShowProgress = Callable[[str, int], Progress]


@dataclass(frozen=True)
class Reader:
    """What is to be read of each host, and through which sessions."""

    workspace: Workspace
    sessions: Sessions
    limits: Limits
    probes: Probes
    redaction_key: bytes
    certificates: tuple[str, ...] = ()
    registry: Registry = field(default_factory=standard)
    light_stores: set[str] = field(default_factory=set)
    """Stores of which only the light part is read, filled as their routers answer."""

    @cached_property
    def intents(self) -> Intents:
        """Return the golden configurations, which say what is secret besides."""
        return Intents(self.workspace)

    def read(
        self,
        hosts: Sequence[Host],
        on_answer: Callable[[Answer[StateDocument]], None],
        show: ShowProgress,
        words: str = "reading",
    ) -> None:
        """Read every host; ``on_answer`` is called in this thread, host by host. Ctrl-C stops the starting of new ones.

        An interrupt lets the hosts that run answer (reading changes nothing, so the second one leaves at once), and is
        raised again afterwards.
        """
        with show(words, len(hosts)) as progress:

            def answered(answer: Answer[StateDocument]) -> None:
                progress.step(answer.host, answered=answer.failure is None)
                on_answer(answer)

            inventory = to_nornir_inventory(self.workspace.fleet, hosts)
            fleet_run.run(inventory, self._step, self.sessions, self.limits, answered)

    def _step(self, host: Host) -> Step[StateDocument]:
        clock = clock_of(self.sessions)
        plan = whole_plan(self.workspace, host, self.probes, self.redaction_key, self.certificates)
        plan = msgspec.structs.replace(plan, secret_lines=self.intents.secret_lines(host))
        light = host.store in self.light_stores and host.role != "router"
        plan = msgspec.structs.replace(plan, light=light)
        return self.registry.collector(host.platform).step(plan, lambda: clock(host))


def whole_plan(
    workspace: Workspace, host: Host, probes: Probes, redaction_key: bytes, certificates: tuple[str, ...]
) -> CollectPlan:
    """Return what an audit needs to be read of a host."""
    store = workspace.store(host)
    return CollectPlan(
        host=host,
        endpoints=endpoints_for(host, store),
        probes=tuple(probe for probe in probes.probes if parse(probe.applies_to or "all").matches(host, store)),
        watch=tuple(
            WatchedFiles(rule.files, rule.max_bytes) for rule in probes.watch if parse(rule.hosts).matches(host, store)
        ),
        certificates=certificates,
        redaction_key=redaction_key,
    )


def endpoints_for(host: Host, store: Store) -> tuple[Endpoint, ...]:
    """Return the endpoints that the host itself must reach, from the store's ``intended.endpoints``."""
    declared = store.intended.get("endpoints")
    entries = declared if isinstance(declared, list) else []
    return tuple(
        Endpoint(
            str(entry["name"]), str(entry["host"]), cast("int", entry["port"]), cast("str | None", entry.get("tls"))
        )
        for entry in for_role(cast("list[dict[str, Json]]", entries), host.role)
    )


def certificate_paths(audits: Iterable[Audit]) -> tuple[str, ...]:
    """Return the certificate files that any control names: the collector reads exactly these."""
    found = {
        path.strip()
        for audit in audits
        for control in audit.controls
        for match in _CERTIFICATES.finditer(control.at)
        for path in match[1].split(",")
    }
    return tuple(sorted(found))
