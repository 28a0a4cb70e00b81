"""Which collector a platform has; ours enter by the same door as a stranger's."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Protocol

from storefleet.collect.frr import collector as frr
from storefleet.collect.linux import collector as linux
from storefleet.collect.plan import CollectPlan
from storefleet.errors import InputError
from storefleet.model.effects import Step
from storefleet.model.state import StateDocument

Clock = Callable[[], datetime.datetime]
"""Gives the controller's time, with its zone; a test gives a fixed one."""


class Collector(Protocol):
    """What one platform's collector can do."""

    def step(self, plan: CollectPlan, clock: Clock) -> Step[StateDocument]:
        """Return the step that learns what the plan asks of one host; a new one for every host."""
        ...


class _Function:
    """A collector that is one function."""

    def __init__(self, collect: Callable[[CollectPlan, Clock], Step[StateDocument]]) -> None:
        self._collect = collect

    def step(self, plan: CollectPlan, clock: Clock) -> Step[StateDocument]:
        return self._collect(plan, clock)


class Registry:
    """Platform → collector, one per run, so that two tests or two fleets in one process do not meet."""

    def __init__(self) -> None:
        self._collectors: dict[str, tuple[Collector, str]] = {}

    def add(self, platform: str, collector: Collector, owner: str) -> None:
        """Take a platform; raises :class:`InputError` that names both owners when it is taken already."""
        if platform in self._collectors:
            first = self._collectors[platform][1]
            raise InputError(f"the platform {platform!r} is collected by {first} and by {owner}; disable one of them")
        self._collectors[platform] = (collector, owner)

    def collector(self, platform: str) -> Collector:
        """Return the collector; raises :class:`InputError` that names the platforms there are."""
        if platform not in self._collectors:
            known = ", ".join(sorted(self._collectors))
            raise InputError(f"nothing collects the platform {platform!r}; known are {known}")
        return self._collectors[platform][0]

    def platforms(self) -> tuple[str, ...]:
        """Return the platforms that can be collected."""
        return tuple(sorted(self._collectors))


def standard() -> Registry:
    """Return a registry with the collectors that come with storefleet."""
    registry = Registry()
    registry.add("linux", _Function(linux.collect), "storefleet")
    registry.add("busybox", _Function(linux.collect), "storefleet")
    registry.add("frr", _Function(frr.collect), "storefleet")
    return registry


def collector(platform: str) -> Collector:
    """Return the collector that comes with storefleet for a platform."""
    return standard().collector(platform)
