"""How a task ended on a host, and what is kept of it under the name that `register` gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from storefleet.model.base import Json
from storefleet.model.escape import encodable
from storefleet.modules.base import Done
from storefleet.templating.unknown import Unknown

State = Literal["ok", "changed", "skipped", "failed", "unknown"]


@dataclass(frozen=True)
class TaskEnd:
    """How one task ended on a host, with the reason where it changed nothing."""

    task: str
    ended: Literal["ok", "changed", "skipped", "failed", "ignored", "unknown"]
    why: str = ""
    where: str = ""
    """The task's file and line."""

    @property
    def account(self) -> str:
        """Return what a person needs of it: where it stands, which task it is, and why."""
        return encodable(f"{self.where + ': ' if self.where else ''}task {self.task}: {self.why}")


@dataclass(frozen=True)
class Result:
    """One module call, or a whole loop of them. ``values`` are those of ``register``."""

    state: State
    values: Mapping[str, Json] = field(default_factory=dict)
    why: str = ""

    def registered(self, name: str) -> object:
        """Return what a template sees under the name."""
        return Unknown(name) if self.state == "unknown" else dict(self.values)

    def changed_to(self, state: State, **values: Json) -> Result:
        """Return the result in another state."""
        changed = bool(self.values.get("changed")) if state == "failed" else state == "changed"
        told = {"changed": changed, "failed": state == "failed"}
        return Result(state, {**self.values, **told, **values}, self.why)


def done(found: Done) -> Result:
    """Return a module's own account as a result."""
    if found.unknown:
        return Result("unknown", {"changed": found.changed}, found.why)
    state: State = "changed" if found.changed else "ok"
    if found.skipped:
        state = "skipped"
    if found.failed:
        state = "failed"
    values: dict[str, Json] = {**(found.values or {}), "changed": found.changed, "failed": bool(found.failed)}
    if found.skipped:
        values |= {"skipped": True, "rc": 0, "stdout": "", "stdout_lines": []}
    if found.failed:
        values["msg"] = found.failed
    return Result(state, values, found.failed or found.why)


def skipped(why: str) -> Result:
    """Return the result of a task that was not run."""
    values: dict[str, Json] = {"changed": False, "skipped": True, "skip_reason": "Conditional result was False"}
    return Result("skipped", values, why)


def failed(message: str) -> Result:
    """Return the result of a task that could not be done."""
    return Result("failed", {"changed": False, "failed": True, "msg": message}, message)


def together(results: Sequence[Result]) -> Result:
    """Sum up a loop as Ansible does: failed or changed where one item is, skipped only where all are."""
    states = {result.state for result in results}
    told: list[Json] = [dict(result.values) for result in results]
    values: dict[str, Json] = {"changed": "changed" in states, "results": told}
    if not states - {"skipped"}:
        why = results[-1].why if results else "there is nothing to loop over"
        return Result("skipped", {**values, "skipped": True}, why)
    values["failed"] = "failed" in states
    order: tuple[State, ...] = ("failed", "unknown", "changed", "ok")
    state = next(state for state in order if state in states)
    why = next((result.why for result in reversed(results) if result.state == state), "")
    if state == "failed":
        values["msg"] = "One or more items failed"
    return Result(state, values, why)
