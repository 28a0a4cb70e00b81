"""What is intended of each router now: its golden configurations, with secrets hidden as in what is kept of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property

from storefleet.collect.frr.config import hide
from storefleet.collect.frr.platform import frr, with_secrets
from storefleet.compliance.golden import Golden, Rendered
from storefleet.errors import InputError, TaskFailed
from storefleet.model.drift import FeatureState
from storefleet.model.store import Host
from storefleet.workflows.golden import PLATFORM, Goldens
from storefleet.workflows.workspace import Workspace, redaction_key


@dataclass
class Intents:
    """The golden configurations of a fleet; one that cannot be rendered is told, and never taken for a pass."""

    workspace: Workspace
    faults: dict[str, str] = field(default_factory=dict)
    """Golden configuration → why it says nothing."""

    @cached_property
    def _goldens(self) -> Goldens:
        return Goldens(self.workspace)

    @cached_property
    def _documents(self) -> tuple[Golden, ...]:
        try:
            return self._goldens.documents
        except InputError as fault:
            self.faults["audits/golden"] = str(fault)
            return ()

    @cached_property
    def _key(self) -> bytes:
        return redaction_key(self.workspace)

    def secret_lines(self, host: Host) -> tuple[str, ...]:
        """Return patterns of the lines of a router that its golden configurations call secret.

        Raises :class:`InputError` where they cannot be read: better no picture than one with a secret in it.
        """
        if host.platform != PLATFORM:
            return ()
        return tuple(
            word
            for golden in self._goldens.documents
            if host.name in self._whose(golden)
            for word in golden.secrets.patterns
        )

    def _whose(self, golden: Golden) -> Collection[str]:
        """Return whose a golden configuration is; of one that is wrong about that, everybody's secrets are hidden."""
        try:
            return self._goldens.hosts(golden)
        except InputError:
            return self.workspace.fleet.hosts

    def of(self, host: Host) -> tuple[tuple[Rendered, ...], tuple[FeatureState, ...]]:
        """Return a router's golden configurations, and those that cannot be rendered for it."""
        if host.platform != PLATFORM:
            return (), ()
        rendered: list[Rendered] = []
        broken: list[FeatureState] = []
        for golden in self._documents:
            try:
                if host.name in self._goldens.hosts(golden):
                    rendered.append(self._hidden(self._goldens.rendered(golden.name, host)))
            except (InputError, TaskFailed) as fault:
                reason = f"the golden text: {fault}"
                self.faults.setdefault(golden.name, str(fault))
                broken.append(FeatureState(host=host.name, golden=golden.name, state="cannot_parse", reason=reason))
        return tuple(rendered), tuple(broken)

    def _hidden(self, rendered: Rendered) -> Rendered:
        platform = with_secrets(frr(), rendered.golden.secrets.patterns)
        return replace(
            rendered, paths=tuple(tuple(hide(line, platform, self._key) for line in path) for path in rendered.paths)
        )


def lines_of(rendered: Iterable[Rendered]) -> str:
    """Return golden lines as a text, each below its sections."""
    return "".join(f"{' ' * (len(path) - 1)}{path[-1]}\n" for one in rendered for path in one.paths)
