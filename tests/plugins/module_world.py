"""One module call on a host without a host: planned, then made as planned, by the real scripts in a real shell."""

from __future__ import annotations

from dataclasses import dataclass, field

import yaml
from playbook_world import KEY, LOCAL

from storefleet.errors import ChangeFailed, TaskFailed
from storefleet.fleet.binding import Binding, Bound, digest_of
from storefleet.fleet.drive import drive
from storefleet.fleet.looking import Surroundings
from storefleet.fleet.making import Making
from storefleet.fleet.planning import Planning
from storefleet.modules.base import Request
from storefleet.modules.catalogue import CATALOGUE

HOST = "S0001-pos1"


@dataclass
class World:
    """A host and the fleet's own side: what a module may read of ours, and what it keeps there."""

    shell: object
    local: dict[str, str] = field(default_factory=lambda: dict(LOCAL))
    kept: dict[str, bytes] = field(default_factory=dict)
    holds: dict[str, bool] = field(default_factory=dict)
    render: object = staticmethod(lambda text: text.replace("{% if true %}\n", "").replace("{% endif %}\n", ""))

    def request(self, arguments):
        return Request(
            arguments,
            self.read,
            lambda text: self.render(text).replace("{{ host.name }}", HOST),
            list_local=self.names,
            local_mode=lambda _kind, _name: 0o644,
            holds=self.holds.__getitem__,
            host=HOST,
        )

    def read(self, kind, name):
        if f"{kind}/{name}" not in self.local:
            raise TaskFailed(f"{kind}/{name} is not there")
        return self.local[f"{kind}/{name}"].encode()

    def names(self, kind, name):
        start = f"{kind}/{name}/"
        return tuple(sorted(path.removeprefix(start) for path in self.local if path.startswith(start)))

    def keep(self, name, content):
        changed = self.kept.get(name) != content
        self.kept[name] = content
        return changed

    def around(self):
        return Surroundings(keep=self.keep, again=lambda: self.shell)

    def step(self, task):
        ((module, arguments),) = yaml.safe_load(task).items() if isinstance(task, str) else task.items()
        return CATALOGUE[module].module(self.request(arguments or {}))

    def plan(self, *tasks):
        """Return the changes that tasks would make, one after the other, and how each would end."""
        session = Planning(self.shell, HOST)
        return session.changes, [_end(self.step(task), session) for task in tasks]

    def make(self, *tasks, run="run-1"):
        """Make what tasks would change as it was planned; return what was made, and how each ended."""
        planned, _ = self.plan(*tasks)
        bounds = [Bound(digest_of(change, KEY)) for change in planned]
        session = Making(self.shell, HOST, Binding(bounds), KEY, run, self.around())
        ends = [_end(self.step(task), session) for task in tasks]
        return session.made, ends


@dataclass(frozen=True)
class End:
    ended: str
    why: str = ""
    values: dict = field(default_factory=dict)


def _end(step, session):
    try:
        done = drive(step, session)
    except (TaskFailed, ChangeFailed) as fault:
        return End("failed", str(fault))
    word = "failed" if done.failed else "changed" if done.changed else "skipped" if done.skipped else "ok"
    return End(word, done.failed or done.why, dict(done.values or {}))
