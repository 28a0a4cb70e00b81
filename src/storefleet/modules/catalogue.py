"""Which modules there are, under Ansible's names, and which arguments each takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from storefleet.modules import files, plain, routers, units
from storefleet.modules.base import Module

PREFIXES = ("ansible.builtin.", "ansible.legacy.", "ansible.posix.", "community.general.", "storefleet.")

_ATTRIBUTES = frozenset({"mode", "owner", "group"})


@dataclass(frozen=True)
class Entry:
    """A module, its arguments, and the argument that a bare text stands for."""

    module: Module
    arguments: frozenset[str] | None
    free: str | None = None


CATALOGUE: Mapping[str, Entry] = {
    "copy": Entry(files.copy, _ATTRIBUTES | {"src", "content", "dest", "force"}),
    "template": Entry(files.template, _ATTRIBUTES | {"src", "dest", "force"}),
    "lineinfile": Entry(
        files.lineinfile,
        _ATTRIBUTES
        | {"path", "dest", "destfile", "name", "line", "regexp", "state", "create", "insertafter", "insertbefore"},
    ),
    "file": Entry(files.file, _ATTRIBUTES | {"path", "dest", "name", "state"}),
    "service": Entry(units.systemd, frozenset({"name", "state", "enabled"})),
    "systemd": Entry(
        units.systemd, frozenset({"name", "service", "unit", "state", "enabled", "daemon_reload", "daemon-reload"})
    ),
    "systemd_service": Entry(
        units.systemd, frozenset({"name", "service", "unit", "state", "enabled", "daemon_reload", "daemon-reload"})
    ),
    "debug": Entry(plain.debug, frozenset({"msg"})),
    "fail": Entry(plain.fail, frozenset({"msg"})),
    "set_fact": Entry(plain.set_fact, None),
    "router_config": Entry(routers.router_config, frozenset({"lines", "parents", "src", "match", "save"})),
    "router_command": Entry(routers.router_command, frozenset({"commands"})),
    "router_save": Entry(routers.router_save, frozenset()),
}


def plain_name(name: str) -> str:
    """Return a module's name without the collection it comes from in Ansible."""
    for prefix in PREFIXES:
        if name.startswith(prefix):
            return name.removeprefix(prefix)
    return name
