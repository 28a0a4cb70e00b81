"""Running a collector over recorded output, as the driver would."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from storefleet.collect.plan import CollectPlan
from storefleet.collect.registry import collector
from storefleet.errors import HostError
from storefleet.model.effects import Effect, Output, RunScript, ShowCommands, Step
from storefleet.model.state import StateDocument
from storefleet.model.store import Host

NONCE = "5eed5eed5eed5eed"
NOW = datetime.datetime(2026, 11, 23, 9, 31, 0, tzinfo=datetime.UTC)


def host(platform: str = "linux", role: str = "till") -> Host:
    return Host(name="S0001-pos1", store="S0001", device="pos1", role=role, platform=platform)


def plan(platform: str = "linux", **parts: Any) -> CollectPlan:
    return CollectPlan(host=host(platform), redaction_key=b"the fleet's own key", **parts)


def ticking() -> Iterator[datetime.datetime]:
    moment = NOW
    while True:
        yield moment
        moment += datetime.timedelta(seconds=2)


def run(step: Step[StateDocument], stdout: bytes, cli: dict[str, str] | None = None) -> StateDocument:
    """Answer every effect of a step from what was recorded; an answer that is an error is thrown into the step."""
    try:
        effect: Effect[Any] = next(step)
        while True:
            effect = step.send(answer(effect, stdout, cli or {}))
    except StopIteration as end:
        document: StateDocument = end.value
        return document


def answer(effect: Effect[Any], stdout: bytes, cli: dict[str, str]) -> Any:
    if isinstance(effect, RunScript):
        return Output(stdout, nonce=NONCE)
    assert isinstance(effect, ShowCommands)
    return tuple(cli.get(command, "") for command in effect.commands)


def fail(step: Step[StateDocument], answers: list[Any]) -> StateDocument:
    """Answer effects in turn; a :class:`HostError` among the answers is thrown."""
    try:
        next(step)
        for given in answers:
            if isinstance(given, HostError):
                step.throw(given)
            else:
                step.send(given)
    except StopIteration as end:
        document: StateDocument = end.value
        return document
    raise AssertionError("the step asked for more")


def clock() -> Any:
    ticks = ticking()
    return lambda: next(ticks)


def replay(case: Path) -> StateDocument:
    """Return the document of one case folder: ``stdout.txt``, ``plan.json`` and ``cli/*.txt`` are its parts."""
    platform = case.parent.name
    parts: dict[str, Any] = {"host": msgspec.to_builtins(host(platform, "router" if platform == "frr" else "till"))}
    if (case / "plan.json").is_file():
        parts |= json.loads((case / "plan.json").read_text())
    asked = msgspec.structs.replace(msgspec.convert(parts, CollectPlan), redaction_key=b"the fleet's own key")
    shown = {path.stem.replace("-", " "): path.read_text() for path in (case / "cli").glob("*.txt")}
    shown = {"show running-config" if name == "show running config" else name: text for name, text in shown.items()}
    return run(collector(platform).step(asked, clock()), (case / "stdout.txt").read_bytes(), shown)
