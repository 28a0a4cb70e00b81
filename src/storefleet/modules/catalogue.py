"""Which modules there are, under Ansible's names, and which arguments each takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from storefleet.modules import blocks, copying, filestate, lines, looking, plain, units, urls, waiting
from storefleet.modules.base import Module

PREFIXES = ("ansible.builtin.", "ansible.legacy.", "ansible.posix.", "community.general.", "storefleet.")

_ATTRIBUTES = frozenset({"mode", "owner", "group"})
_WRITING = _ATTRIBUTES | {"backup", "validate"}


@dataclass(frozen=True)
class Entry:
    """A module, its arguments, and the argument that a bare text stands for."""

    module: Module
    arguments: frozenset[str] | None
    free: str | None = None


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
    ),
    "slurp": Entry(looking.slurp, frozenset({"src", "path"})),
    "fetch": Entry(looking.fetch, frozenset({"src", "dest", "flat", "fail_on_missing", "validate_checksum"})),
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
    ),
    "wait_for_connection": Entry(
        waiting.wait_for_connection, frozenset({"delay", "timeout", "sleep", "connect_timeout"})
    ),
    "pause": Entry(waiting.pause, frozenset({"seconds", "minutes", "prompt", "echo"})),
    "ping": Entry(plain.ping, frozenset({"data"})),
    "assert": Entry(plain.assert_, frozenset({"that", "fail_msg", "msg", "success_msg", "quiet"})),
    "debug": Entry(plain.debug, frozenset({"msg", "var", "verbosity"})),
    "service": Entry(units.systemd, frozenset({"name", "state", "enabled"})),
    "systemd": Entry(
        units.systemd, frozenset({"name", "service", "unit", "state", "enabled", "daemon_reload", "daemon-reload"})
    ),
    "systemd_service": Entry(
        units.systemd, frozenset({"name", "service", "unit", "state", "enabled", "daemon_reload", "daemon-reload"})
    ),
    "fail": Entry(plain.fail, frozenset({"msg"})),
    "set_fact": Entry(plain.set_fact, None),
}


def plain_name(name: str) -> str:
    """Return a module's name without the collection it comes from in Ansible."""
    for prefix in PREFIXES:
        if name.startswith(prefix):
            return name.removeprefix(prefix)
    return name
