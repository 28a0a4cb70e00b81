"""Which modules there are, under Ansible's names, and which arguments each takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from storefleet.modules import commands, files, plain, undoing, units
from storefleet.modules.base import Module

UNDO = "undo run"
"""What `storefleet undo` has a host do; no playbook can write this name of a module."""

PREFIXES = ("ansible.builtin.", "ansible.legacy.", "ansible.posix.", "community.general.", "storefleet.")

_ATTRIBUTES = frozenset({"mode", "owner", "group"})
_COMMAND = frozenset({"cmd", "chdir", "creates", "removes", "stdin", "stdin_add_newline", "strip_empty_ends"})
_SCRIPT = frozenset({"chdir", "creates", "removes", "executable"})


@dataclass(frozen=True)
class Entry:
    """A module and its arguments, ``None`` where any name is one.

    ``looks`` says that it never changes the host. ``options`` are the arguments that may stand in a command line, which
    is what the module's own text then is.
    """

    module: Module
    arguments: frozenset[str] | None
    looks: bool = False
    options: frozenset[str] | None = None


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
    "debug": Entry(plain.debug, frozenset({"msg", "var", "verbosity"}), looks=True),
    "fail": Entry(plain.fail, frozenset({"msg"}), looks=True),
    "set_fact": Entry(plain.set_fact, None, looks=True),
    "command": Entry(commands.command, _COMMAND | {"argv"}, options=_COMMAND - {"cmd"}),
    "shell": Entry(commands.shell, _COMMAND | {"executable"}, options=_COMMAND - {"cmd"} | {"executable"}),
    "script": Entry(commands.script, _SCRIPT | {"cmd"}, options=_SCRIPT),
    UNDO: Entry(undoing.undo_run, frozenset({"run"})),
    "raw": Entry(commands.raw, frozenset({"cmd", "executable"}), options=frozenset({"executable"})),
}


def plain_name(name: str) -> str:
    """Return a module's name without the collection it comes from in Ansible."""
    for prefix in PREFIXES:
        if name.startswith(prefix):
            return name.removeprefix(prefix)
    return name
