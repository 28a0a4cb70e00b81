"""Which modules there are, under Ansible's names, and which arguments each takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from storefleet.modules import (
    authorized_keys,
    blocks,
    commands,
    copying,
    crontabs,
    filestate,
    gates,
    groups,
    kernel,
    lines,
    looking,
    machine,
    network,
    packages,
    plain,
    resolver,
    routers,
    undoing,
    units,
    urls,
    users,
    waiting,
)
from storefleet.modules.base import Module

UNDO = "undo run"
"""What `storefleet undo` has a host do; no playbook can write this name of a module."""

PREFIXES = ("ansible.builtin.", "ansible.legacy.", "ansible.posix.", "community.general.", "storefleet.")

_ATTRIBUTES = frozenset({"mode", "owner", "group"})
_COMMAND = frozenset({"cmd", "chdir", "creates", "removes", "stdin", "stdin_add_newline", "strip_empty_ends"})
_SCRIPT = frozenset({"chdir", "creates", "removes", "executable"})
_UNIT = frozenset({"name", "service", "unit", "state", "enabled", "masked", "daemon_reload", "daemon-reload", "scope"})
_APT = frozenset(
    {"name", "package", "pkg", "state", "deb", "purge", "autoremove", "default_release", "cache_valid_time"}
    | {"update_cache", "update-cache", "install_recommends", "install-recommends"}
    | {"upgrade", "only_upgrade", "fail_on_autoremove", "force_apt_get", "lock_timeout"}
    | {"allow_downgrade", "allow_downgrades", "allow-downgrade", "allow-downgrades"}
)
_USER = frozenset(
    {"name", "user", "state", "uid", "non_unique", "group", "groups", "append", "comment", "home", "shell", "password"}
    | {"update_password", "password_lock", "create_home", "createhome", "move_home", "skeleton", "system", "remove"}
    | {"force", "expires", "generate_ssh_key"}
)
_CRON = frozenset(
    {"name", "state", "job", "value", "minute", "hour", "day", "dom", "month", "weekday", "dow", "special_time"}
    | {"user", "cron_file", "env", "insertafter", "insertbefore", "disabled", "backup"}
)
_WRITING = _ATTRIBUTES | {"backup", "validate"}


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
    "copy": Entry(
        copying.copy,
        _WRITING
        | {"src", "content", "dest", "force", "remote_src", "directory_mode", "follow", "local_follow", "checksum"},
    ),
    "template": Entry(copying.template, _WRITING | {"src", "dest", "force", "follow"}),
    "lineinfile": Entry(
        lines.lineinfile,
        _WRITING
        | {"path", "dest", "destfile", "name", "line", "value", "regexp", "regex", "search_string", "state", "create"}
        | {"insertafter", "insertbefore", "backrefs", "firstmatch"},
    ),
    "replace": Entry(
        lines.replace,
        _WRITING | {"path", "dest", "destfile", "name", "regexp", "replace", "after", "before", "encoding"},
    ),
    "blockinfile": Entry(
        blocks.blockinfile,
        _WRITING
        | {"path", "dest", "destfile", "name", "block", "content", "marker", "marker_begin", "marker_end", "state"}
        | {"insertafter", "insertbefore", "create", "prepend_newline", "append_newline"},
    ),
    "file": Entry(
        filestate.file,
        _ATTRIBUTES
        | {"path", "dest", "name", "state", "src", "force", "follow", "recurse", "modification_time", "access_time"}
        | {"modification_time_format", "access_time_format"},
    ),
    "stat": Entry(
        looking.stat,
        frozenset({"path", "dest", "name", "follow", "get_checksum", "checksum_algorithm", "checksum_algo", "checksum"})
        | {"get_mime", "mime", "mime_type", "mime-type", "get_attributes", "attributes", "attr"},
        looks=True,
    ),
    "slurp": Entry(looking.slurp, frozenset({"src", "path"}), looks=True),
    "fetch": Entry(
        looking.fetch, frozenset({"src", "dest", "flat", "fail_on_missing", "validate_checksum"}), looks=True
    ),
    "get_url": Entry(
        urls.get_url,
        _ATTRIBUTES
        | {"url", "dest", "checksum", "force", "timeout", "headers", "backup", "validate_certs", "use_proxy"}
        | {"url_username", "username", "url_password", "password", "http_agent", "force_basic_auth"},
    ),
    "wait_for": Entry(
        waiting.wait_for,
        frozenset({"host", "port", "path", "state", "timeout", "delay", "sleep", "search_regex", "connect_timeout"})
        | {"msg"},
        looks=True,
    ),
    "wait_for_connection": Entry(
        waiting.wait_for_connection, frozenset({"delay", "timeout", "sleep", "connect_timeout"}), looks=True
    ),
    "pause": Entry(waiting.pause, frozenset({"seconds", "minutes", "prompt", "echo"}), looks=True),
    "ping": Entry(plain.ping, frozenset({"data"}), looks=True),
    "assert": Entry(plain.assert_, frozenset({"that", "fail_msg", "msg", "success_msg", "quiet"}), looks=True),
    "debug": Entry(plain.debug, frozenset({"msg", "var", "verbosity"}), looks=True),
    "service": Entry(units.systemd, frozenset({"name", "state", "enabled"})),
    "systemd": Entry(units.systemd, _UNIT),
    "systemd_service": Entry(units.systemd, _UNIT),
    "apt": Entry(packages.apt, _APT),
    "package": Entry(packages.package, _APT),
    "group": Entry(groups.group, frozenset({"name", "gid", "state", "system", "non_unique"})),
    "user": Entry(users.user, _USER),
    "authorized_key": Entry(
        authorized_keys.authorized_key,
        frozenset({"user", "key", "state", "exclusive", "key_options", "comment", "path", "manage_dir"}),
    ),
    "cron": Entry(crontabs.cron, _CRON),
    "hostname": Entry(machine.hostname, frozenset({"name"})),
    "timezone": Entry(machine.timezone, frozenset({"name"})),
    "reboot": Entry(
        machine.reboot, frozenset({"reboot_timeout", "pre_reboot_delay", "post_reboot_delay", "connect_timeout", "msg"})
    ),
    "sysctl": Entry(
        kernel.sysctl,
        frozenset({"name", "key", "value", "val", "state", "sysctl_file", "sysctl_set", "reload", "ignoreerrors"}),
    ),
    "resolver": Entry(resolver.resolver, frozenset({"servers", "search", "options"})),
    "network_address": Entry(network.network_address, frozenset({"interface", "address", "gateway"})),
    "audit": Entry(gates.audit, frozenset({"audits", "severity"}), looks=True),
    "backup": Entry(gates.backup, frozenset({"paths"}), looks=True),
    "fail": Entry(plain.fail, frozenset({"msg"}), looks=True),
    "set_fact": Entry(plain.set_fact, None, looks=True),
    "command": Entry(commands.command, _COMMAND | {"argv"}, options=_COMMAND - {"cmd"}),
    "shell": Entry(commands.shell, _COMMAND | {"executable"}, options=_COMMAND - {"cmd"} | {"executable"}),
    "script": Entry(commands.script, _SCRIPT | {"cmd"}, options=_SCRIPT),
    UNDO: Entry(undoing.undo_run, frozenset({"run"})),
    "raw": Entry(commands.raw, frozenset({"cmd", "executable"}), options=frozenset({"executable"})),
    "router_config": Entry(
        routers.router_config, frozenset({"lines", "parents", "src", "match", "save", "golden", "features"})
    ),
    "router_command": Entry(routers.router_command, frozenset({"commands"}), looks=True),
    "router_save": Entry(routers.router_save, frozenset()),
}


def plain_name(name: str) -> str:
    """Return a module's name without the collection it comes from in Ansible."""
    for prefix in PREFIXES:
        if name.startswith(prefix):
            return name.removeprefix(prefix)
    return name
