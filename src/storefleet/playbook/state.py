"""What is known of one playbook on one host while it runs: shared by the plays, their blocks and their tasks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from storefleet.compliance.golden import Rendered
from storefleet.model.changes import Chance
from storefleet.model.effects import Step
from storefleet.model.escape import encodable
from storefleet.model.plan import Recap, Undecided
from storefleet.modules.base import no_golden
from storefleet.playbook.language import Entry, Play
from storefleet.playbook.results import TaskEnd
from storefleet.playbook.scope import HostScope, Layer
from storefleet.playbook.sources import Sources

Word = Literal["on", "failed", "ended"]
"""How a list of tasks ended: it goes on, the host has failed, or its play is over."""

MOST_SAID, LONGEST_SAID = 50, 2000
"""Messages of `debug` that are kept of a host, and characters of each."""


@dataclass(frozen=True)
class Tags:
    """Which tasks run: those with one of ``only`` (all, where it is empty), but none with one of ``skipped``."""

    only: frozenset[str] = frozenset()
    skipped: frozenset[str] = frozenset()

    def select(self, tags: frozenset[str]) -> bool:
        """Tell whether a task with these tags runs."""
        if tags & self.skipped:
            return False
        if "never" in tags and not tags & self.only - {"all"}:
            return False
        return not self.only or "all" in self.only or "always" in tags or bool(tags & self.only)


@dataclass
class HostState:
    """One playbook on one host, with what was found out of it so far.

    ``planning`` says that nothing is made, so that results may be unknown; ``magic`` gives the names that a play has.
    ``looks_ahead`` says that the host is asked at the start of each play for all that is known to be looked at.
    ``golden`` gives a golden configuration of the fleet, rendered for this host.
    """

    plays: tuple[Play, ...]
    scope: HostScope
    sources: Sources
    planning: bool = False
    looks_ahead: bool = True
    magic: Callable[[Play], Layer] = lambda _play: {}
    golden: Callable[[str], Rendered] = no_golden
    tags: Tags = field(default_factory=Tags)
    ends: list[TaskEnd] = field(default_factory=list)
    undecided: list[Undecided] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    failure: TaskEnd | None = None
    notes: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    asked: int = 0
    """How many changes, or tasks that only the device decides, have come up: where one may fail, a rescue may run."""
    unknowns: int = 0
    """How often it came up that only the device will know: what stands behind that must wait for it."""
    blind: bool = False
    """Whether a command has come up whose doings nobody knows."""

    def say(self, text: str) -> None:
        """Keep what `debug` says for whoever reads the plan or its outcome, up to a bound."""
        if len(self.said) < MOST_SAID:
            self.said.append(encodable(text if len(text) <= LONGEST_SAID else f"{text[:LONGEST_SAID]} …"))

    @property
    def recap(self) -> Recap:
        """Return the counts in Ansible's words."""
        return Recap(**self.counts)


@dataclass
class PlayState:
    """One play on one host. ``entries`` and ``flush`` run what a task brings along: an include, its handlers."""

    host: HostState
    play: Play
    entries: Callable[[tuple[Entry, ...]], Step[Word]]
    flush: Callable[[], Step[Word]]
    chance: Chance = "sure"
    counted: bool = True
    """False while it is only looked at what a rescue would do."""
    pushed: tuple[Layer, ...] = ()
    """The loop variables of the includes around, the innermost first."""
    notified: dict[str, Chance] = field(default_factory=dict)

    def notify(self, names: tuple[str, ...], chance: Chance) -> None:
        """Remember that handlers were told."""
        for name in names:
            if self.notified.get(name) != "sure":
                self.notified[name] = chance
