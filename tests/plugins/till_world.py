"""Single modules without a playbook: on a till of the lab, planned and then made, or against scripted answers."""

from __future__ import annotations

import subprocess

import fidelity

from storefleet.errors import HostError, LabError, TaskFailed, Unreachable
from storefleet.fleet.binding import Binding, Bound, digest_of
from storefleet.fleet.drive import drive
from storefleet.fleet.making import Making
from storefleet.fleet.planning import Planning
from storefleet.model.changes import Change, Inquire, ReadFile, ReadText, ReadUnit
from storefleet.model.effects import NONCE, Output
from storefleet.modules.base import Done, Request
from storefleet.modules.catalogue import CATALOGUE

KEY = b"key"
WORD = "0123456789abcdef"


class Till:
    """Answers a script by running it as root on a till of the lab; one that is down is unreachable, as over SSH."""

    def __init__(self, lab, till):
        self.lab, self.till = lab, till
        self.scripts = []

    def answer(self, effect):
        script = effect.script.replace(NONCE, WORD)
        self.scripts.append(script)
        try:
            argv = self.lab.device_argv(self.till, ["sh", "-s"])
        except LabError as fault:
            raise Unreachable(str(fault)) from fault
        done = subprocess.run(argv, input=f"{{\n{script}\n}}\n".encode(), capture_output=True, timeout=300, check=False)
        return Output(done.stdout, done.stderr, done.returncode, WORD)

    def close(self):
        pass


def request(arguments, **more):
    return Request(arguments, lambda _kind, _name: b"", lambda text: text, **more)


def step(module, arguments):
    return CATALOGUE[module].module(request(arguments))


def run_all(session, tasks):
    """Run tasks one after the other, a failing one too; return how each ended, in Ansible's words, and its fault."""
    ends, faults = [], []
    for module, arguments in tasks:
        try:
            done = drive(step(module, arguments), session)
            ends.append("failed" if done.failed else "changed" if done.changed else "ok")
            faults.append(done.failed or done.why)
        except HostError as fault:
            ends.append("failed")
            faults.append(str(fault))
    return ends, faults


def plan_on(lab, till, tasks):
    session = Planning(Till(lab, till), till)
    ends, faults = run_all(session, tasks)
    return session.changes, ends, faults


def make_on(lab, till, tasks, changes, run="run-1"):
    binding = Binding(tuple(Bound(digest_of(change, KEY)) for change in changes))
    session = Making(Till(lab, till), till, binding, KEY, run)
    ends, faults = run_all(session, tasks)
    return session, ends, faults


def whole(lab, till, tasks):
    """Plan and make twice, as a recording is; return what each left and how its tasks ended."""
    told = {}
    for word in ("first", "second"):
        before = fidelity.look(lab, till)
        changes, planned, why = plan_on(lab, till, tasks)
        between = fidelity.look(lab, till)
        assert fidelity.changes(lab, till, before, between) == {}, "a plan changed the till"
        session, ends, faults = make_on(lab, till, tasks, changes, f"run-{word}")
        after = fidelity.look(lab, till)
        told[word] = {
            "planned": planned,
            "ends": ends,
            "why": why,
            "faults": faults,
            "changes": changes,
            "left_over": session.left,
            "left": fidelity.changes(lab, till, before, after),
        }
    return told


class Scripted:
    """A session that answers looks from mappings, and keeps the changes that it was asked for."""

    def __init__(self, files=(), units=(), texts=(), said=()):
        self.files, self.units, self.texts, self.said = dict(files), dict(units), dict(texts), dict(said)
        self.changes = []

    def answer(self, effect):
        if isinstance(effect, Change):
            self.changes.append(effect)
            return None
        if isinstance(effect, ReadFile):
            return self.files.get(effect.path)
        if isinstance(effect, ReadUnit):
            return self.units.get(effect.unit)
        if isinstance(effect, ReadText):
            return self.texts[effect.subject]
        assert isinstance(effect, Inquire), effect
        text, error, status = self.said[effect.subject]
        return Output(text.encode(), error.encode(), status)

    def close(self):
        pass


def decide(module, arguments, **world):
    """Return how a module ended against scripted answers, and its changes; a fault as its words."""
    session = Scripted(**world)
    try:
        return drive(step(module, arguments), session), session.changes
    except TaskFailed as fault:
        return str(fault), session.changes


__all__ = ["Done", "Scripted", "Till", "decide", "make_on", "plan_on", "whole"]
