"""Which modules there are, under Ansible's names, and which arguments each takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from storefleet.modules import (
    authorized_keys,
    crontabs,
    files,
    groups,
    kernel,
    machine,
    network,
    packages,
    plain,
    resolver,
    units,
    users,
)
from storefleet.modules.base import Module

PREFIXES = ("ansible.builtin.", "ansible.legacy.", "ansible.posix.", "community.general.", "storefleet.")

_ATTRIBUTES = frozenset({"mode", "owner", "group"})
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
    "debug": Entry(plain.debug, frozenset({"msg"})),
    "fail": Entry(plain.fail, frozenset({"msg"})),
    "set_fact": Entry(plain.set_fact, None),
}


def plain_name(name: str) -> str:
    """Return a module's name without the collection it comes from in Ansible."""
    for prefix in PREFIXES:
        if name.startswith(prefix):
            return name.removeprefix(prefix)
    return name
