"""Collecting an FRR router over its two accesses; one that fails costs only its own facts."""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import partial
from typing import Any

from storefleet.collect.facts import Findings, Gathered
from storefleet.collect.frames import frames_of
from storefleet.collect.frr import config, show
from storefleet.collect.frr.platform import Command, RouterPlatform, frr, with_secrets
from storefleet.collect.linux.collector import Clock, document, gather, parse_into, read_clock
from storefleet.collect.linux.readings import Reading, endpoints, readings
from storefleet.collect.linux.script import script
from storefleet.collect.plan import CollectPlan
from storefleet.collect.quote import command as argv
from storefleet.errors import CommandError, HostError
from storefleet.model.effects import Effect, RunScript, ShowCommands, Step, ask
from storefleet.model.state import StateDocument

_RUNNING = "show running-config"
_ONE_ACCESS = (CommandError,)
"""What can be wrong with one access while the other works. A refused login is not among them: it needs a person, and a
router of which half is dark must not look judged."""

_Asking = Generator[Effect[Any], Any, HostError | None]


def collect(plan: CollectPlan, clock: Clock) -> Step[StateDocument]:
    """Ask the command line, then the shell; raises the first error when neither gave anything."""
    platform = with_secrets(frr(), plan.secret_lines)
    gathered = Gathered()
    before = clock()
    shown: dict[str, str] = {}
    cli_fault = yield from _cli(plan, platform, shown, gathered)
    shell_fault = yield from _shell(plan, platform, shown, gathered, clock)
    if cli_fault is not None and shell_fault is not None:
        raise cli_fault
    return document(plan, gathered, before, clock())


def _cli(plan: CollectPlan, platform: RouterPlatform, shown: dict[str, str], gathered: Gathered) -> _Asking:
    commands = tuple(command.command for command in platform.cli)
    try:
        answers = yield from ask(ShowCommands(commands))
    except _ONE_ACCESS as fault:
        for command in platform.cli:
            for place in command.gives:
                gathered.miss(place, f"cli: {fault}")
        return fault
    shown.update(zip(commands, answers, strict=False))
    for command in platform.cli:
        answer = shown.get(command.command, "")
        parse = _parser(command, platform, plan.redaction_key)
        parse_into(gathered, command.command, command.gives, parse, answer.replace("\r", "").replace("\x00", ""))
    return None


def _parser(command: Command, platform: RouterPlatform, key: bytes) -> Callable[[str], Findings]:
    parsers: dict[str, Callable[[str], Findings]] = {
        "version": show.version,
        "interfaces": show.interfaces,
        "routes": show.routes,
        "running_config": partial(config.running, platform=platform, key=key),
    }
    return parsers[command.parse]


def _shell(
    plan: CollectPlan, platform: RouterPlatform, shown: dict[str, str], gathered: Gathered, clock: Clock
) -> _Asking:
    running = shown.get(_RUNNING)
    parse = partial(
        config.saved,
        platform=platform,
        key=plan.redaction_key,
        running_text=running.replace("\r", "") if running is not None else None,
    )
    call = argv(("content", "5", str(1024 * 1024), platform.saved))
    places = ("/config/startup", "/config/saved", "/config/unsaved")
    asked = [reading for reading in readings(plan) if _from_shell(reading, platform)]
    asked.append(Reading("saved-config", call, places, parse, cap=1024 * 1024, raw=True))
    before = clock()
    try:
        output = yield from ask(RunScript(script(asked, endpoints(plan))))
        frames = frames_of(output, plan.host.name)
    except _ONE_ACCESS as fault:
        for reading in asked:
            for place in reading.gives:
                gathered.miss(place, f"shell: {fault}")
        return fault
    gather(asked, frames, plan.host.charset, gathered)
    read_clock(frames, before, clock(), gathered)
    return None


def _from_shell(reading: Reading, platform: RouterPlatform) -> bool:
    """Tell whether a probe of the Linux script is asked here: those of the table, and all that the plan names."""
    named = ("files-", "app-", "certificates", "reachable")
    return reading.id in platform.shell or reading.id.startswith(named)
