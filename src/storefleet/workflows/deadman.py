"""Arming hosts before a change that could cut their line, and disarming them over a new connection afterwards."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import partial

import msgspec

from storefleet.connections.connector import Connector
from storefleet.connections.platforms import platform_of
from storefleet.connections.session import DeviceSession
from storefleet.fleet import run as fleet_run
from storefleet.inventory.nornir_plugin import to_nornir_inventory
from storefleet.model.credentials import Purpose
from storefleet.model.effects import Output, RunScript, ShowCommands, Step, ask
from storefleet.model.outcome import Answer
from storefleet.model.store import Host
from storefleet.modules import undo
from storefleet.workflows.sessions import live
from storefleet.workflows.workspace import Workspace

UNDO_AFTER_S = 120
"""Seconds until a device goes back by itself: enough to come in again over a bad line, few for a shop that waits."""

GRACE_S = 60.0
"""How long after that a device is still asked what it has done."""

AGAIN_S = 2.0


@dataclass(frozen=True)
class _Sessions:
    connector: Connector
    purpose: Purpose

    def session(self, host: Host, expires_at: float) -> DeviceSession:
        """Return a new session under the purpose's credential."""
        return self.connector.session(host, expires_at, self.purpose)


@dataclass
class DeadMan:
    """The dead-man switch of one run over some hosts; instants are of the monotonic clock."""

    workspace: Workspace
    run: str
    seconds: int = UNDO_AFTER_S
    armed_at: dict[str, float] = field(default_factory=dict)

    def arm(self, names: Collection[str]) -> dict[str, str]:
        """Arm hosts and look over a second connection that they are; return why others are not."""
        now = time.monotonic()
        failed = self._failed(self._ask(names, partial(_script, undo.arm(self.run, self.seconds))))
        armed = [name for name in names if name not in failed]
        failed |= self._failed(self._ask(armed, partial(_script, undo.is_armed(self.run))))
        self.armed_at |= {name: now for name in armed if name not in failed}
        return failed

    def disarm(self, names: Collection[str]) -> dict[str, tuple[str, str]]:
        """Come in anew with both credentials and take the undo away; return of each host the word and its account."""
        return self._settled(names, undo.disarm(self.run), check=True)

    def undo(self, names: Collection[str]) -> dict[str, tuple[str, str]]:
        """Have hosts go back now, or wait until they have by themselves; return the same."""
        return self._settled(names, undo.undo_now(self.run), check=False)

    def _settled(self, names: Collection[str], script: str, *, check: bool) -> dict[str, tuple[str, str]]:
        told: dict[str, tuple[str, str]] = {}
        waiting = list(names)
        while waiting:
            can = self._reading(waiting) if check else waiting
            for name, answer in self._ask(can, partial(_script, script)).items():
                word, account = _words(answer.result)
                if word in ("disarmed", "undone"):
                    told[name] = word, account
            waiting = [name for name in waiting if name not in told]
            late = [name for name in waiting if time.monotonic() > self.armed_at[name] + self.seconds + GRACE_S]
            told |= dict.fromkeys(late, ("silent", "it has not answered since; its own undo was to go off"))
            waiting = [name for name in waiting if name not in late]
            time.sleep(AGAIN_S if waiting else 0)
        return told

    def _reading(self, names: Collection[str]) -> list[str]:
        """Return the hosts that can be read too; of those that cannot, ask once their undo must have gone off."""
        found = self._ask(names, _come_in, "read")
        now = time.monotonic()
        gone_off = {name for name in names if now > self.armed_at[name] + self.seconds}
        return [name for name in names if name in gone_off or not self._failed({name: found[name]})]

    @staticmethod
    def _failed(answers: Mapping[str, Answer[Output]]) -> dict[str, str]:
        failed: dict[str, str] = {}
        for name, answer in answers.items():
            if answer.failure is not None:
                failed[name] = answer.failure.reason
            elif answer.result is None or answer.result.exit_status != 0:
                said = answer.result.stderr.decode("utf-8", "replace").strip()[-300:] if answer.result else ""
                failed[name] = said or "the device said no"
        return failed

    def _ask(
        self, names: Collection[str], step: Callable[[Host], Step[Output]], purpose: Purpose = "change"
    ) -> dict[str, Answer[Output]]:
        """Run a step on hosts, each over a connection of its own, and return what came."""
        answers: dict[str, Answer[Output]] = {}
        limits = msgspec.structs.replace(self.workspace.limits(None), host_s=30.0)
        connector = live(self.workspace, limits)
        hosts = [self.workspace.fleet.hosts[name] for name in names]
        try:
            inventory = to_nornir_inventory(self.workspace.fleet, hosts)
            sessions = _Sessions(connector, purpose)
            fleet_run.run(inventory, step, sessions, limits, lambda one: answers.update({one.host: one}), retries=0)
        finally:
            connector.close()
        return answers


def _script(script: str, _host: Host) -> Step[Output]:
    output = yield from ask(RunScript(script))
    return output


def _come_in(host: Host) -> Step[Output]:
    """Come in as a reader does: to a router by its command line, elsewhere by a script."""
    if platform_of(host.platform).cli is None:
        return (yield from _script("exit 0", host))
    yield from ask(ShowCommands(("show version",)))
    return Output(b"")


def _words(output: Output | None) -> tuple[str, str]:
    """Return the word after the run's own, and the account that follows it."""
    if output is None:
        return "", ""
    lines = output.stdout.decode("utf-8", "replace").splitlines()
    if not lines or not output.nonce or not lines[0].startswith(f"{output.nonce} "):
        return "", ""
    return lines[0].removeprefix(f"{output.nonce} "), "; ".join(lines[1:21])
