"""Who did what on a host, out of the entries of its logs: commands through sudo, root shells, logins, accounts.

Where the journal says which account a line truly came from, a line that tells of somebody else's deed is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from storefleet.collect.log_lines import Entry
from storefleet.collect.redact import strip_secrets

Kind: TypeAlias = Literal[
    "file", "inode", "package", "sudo", "account", "login", "command", "history", "start", "boot", "kept", "clock"
]

ACCOUNTS = ("useradd", "usermod", "userdel", "groupadd", "groupmod", "groupdel", "gpasswd", "passwd", "chage")
LOGS = ("sudo", "su", "login", "sshd", "sshd-session", "dropbear", *ACCOUNTS)
"""Programs of whose lines something is known."""

TELLING = (
    r"COMMAND=|Accepted |auth succeeded|session (opened|closed)|Exit \(|new (user|group)|password changed"
    r"|(add|delete|remove|change)[a-z]* .*(user|group)|(user|group) .*(add|delete|remove|change)"
)
"""What a line holds that tells anything, as an extended regular expression."""

_LONGEST = 300
_NAME = r"[\w.@-]{1,64}"
_SUDO = re.compile(rf"\s*(?P<user>{_NAME}) : .*?\bUSER=\S+ ; (?:ENV=.*? ; )?COMMAND=(?P<command>.*)")
_SHELL = re.compile(rf".*session opened for user root(\(uid=0\))? by (?P<user>{_NAME})\(uid=(?P<uid>\d{{1,9}})\)")
_CONSOLE = re.compile(rf"pam_unix\(login:session\): session opened for user (?P<user>{_NAME}).*")
_LOGIN = re.compile(rf"Accepted \S+ for (?P<user>{_NAME}) from (?P<origin>[0-9A-Fa-f.:]{{2,45}}) port .*")
_DROPBEAR = re.compile(
    rf"\w+ auth succeeded for '(?P<user>{_NAME})' .*?from (?P<origin>[0-9A-Fa-f.:]{{2,45}}):\d{{1,5}}"
)
_END = re.compile(r".*session closed for user .*|Exit \(.*")


@dataclass(frozen=True)
class Trace:
    """One thing that the host wrote down; ``at`` in seconds since 1970.

    ``subject`` is the path, the package, the account, the command or the line; ``user`` who, where that is said;
    ``origin`` the address that a login came from, ``until`` when it, or a command, ended, 0 where nothing says so.
    ``detail`` is the section of a line, the command behind a package, or how a line is kept.
    """

    kind: Kind
    at: int
    subject: str
    user: str = ""
    origin: str = ""
    until: int = 0
    detail: str = ""


def deeds(entries: Sequence[Entry], uids: Mapping[int, str]) -> Iterator[Trace]:
    """Yield what was done, each with its end where a line tells it; ``uids`` are the host's accounts by number."""
    open_: dict[tuple[str, str], Trace] = {}
    for entry in entries:
        key = (_family(entry.program), entry.pid)
        if entry.pid and _END.fullmatch(entry.text) and _may_say(entry, uids, None):
            if (begun := open_.pop(key, None)) is not None:
                yield replace(begun, until=entry.at)
            continue
        found = _deed(entry)
        if found is None or not _may_say(entry, uids, found.user if found.kind == "sudo" else None):
            continue
        if found.kind == "account" or not entry.pid:
            yield found
            continue
        if (begun := open_.pop(key, None)) is not None:
            yield begun
        open_[key] = found
    yield from open_.values()


def _family(program: str) -> str:
    return "sshd" if program == "sshd-session" else program


def _may_say(entry: Entry, uids: Mapping[int, str], user: str | None) -> bool:
    """Tell whether the program of that name wrote it: one of another name, or another account, did not.

    ``sudo`` and ``su`` write as the account that calls them, so a line of theirs may tell of that account alone.
    """
    if entry.uid is None or entry.program not in LOGS:
        return True
    if entry.came_from and entry.came_from != entry.program:
        return False
    if entry.program in ("sudo", "su"):
        return user is None or entry.uid == 0 or uids.get(entry.uid) == user
    return entry.uid == 0


def _deed(entry: Entry) -> Trace | None:
    text = entry.text
    if entry.program == "sudo":
        found = _SUDO.fullmatch(text)
        return Trace("sudo", entry.at, shown(found["command"]), found["user"]) if found else None
    if entry.program == "su":
        found = _SHELL.fullmatch(text)
        return Trace("sudo", entry.at, "su", found["user"]) if found else None
    if entry.program == "login":
        found = _CONSOLE.fullmatch(text)
        return Trace("login", entry.at, "the console", found["user"]) if found else None
    if entry.program in ("sshd", "sshd-session", "dropbear"):
        found = (_DROPBEAR if entry.program == "dropbear" else _LOGIN).fullmatch(text)
        return Trace("login", entry.at, "", found["user"], found["origin"]) if found else None
    return Trace("account", entry.at, shown(text)) if entry.program in ACCOUNTS else None


def shown(text: str) -> str:
    """Return a command as it may be kept: without what its own words call a secret, and not without end."""
    return strip_secrets(text)[:_LONGEST]
