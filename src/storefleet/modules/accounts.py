"""What a host knows of a user and of a group, as one text each: looked at, foretold, and read again.

Numbers that only the device gives out (a uid, a gid) are ``?`` where they are foretold, so nothing may be decided on
them. A password is never read: the text holds the SHA-256 of its hash, enough to see whether it is the wanted one.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from storefleet.collect.quote import quote
from storefleet.errors import TaskFailed
from storefleet.model.changes import ReadText
from storefleet.model.effects import Step, ask

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,30}\$?")
NUMBER = re.compile(r"\d{1,10}")
WITH_ITS_GROUP = "absent, and its group"

DATABASE = """db() { if command -v getent >/dev/null; then getent "$1"; else cat "/etc/$1"; fi; }
"""
"""A shell function that prints a database of accounts, wherever it is kept."""

DEFAULTS = """command -v useradd >/dev/null || { echo none; exit 0; }
home=$(useradd -D | sed -n 's/^HOME=//p') shell=$(useradd -D | sed -n 's/^SHELL=//p')
groups=$(sed -n 's/^USERGROUPS_ENAB[[:space:]]*//p' /etc/login.defs 2>/dev/null)
umask=$(sed -n 's/^UMASK[[:space:]]*\\([0-9]*\\)[[:space:]]*$/\\1/p' /etc/login.defs 2>/dev/null)
printf '%s|' "${home:-/home}" "${shell:-/bin/sh}" "${groups:-no}" "${umask:-022}"
"""
LOGIN = 'printf %s "${SUDO_USER:-root}"'
"""Prints whose way in is in use."""


@dataclass(frozen=True)
class Tools:
    """What useradd does where it is not told: where homes stand, which shell, whether a user has a group of his own."""

    home: str
    shell: str
    own_groups: bool
    umask: str


def tools() -> Step[Tools]:
    """Look how accounts are made here."""
    text = yield from ask(ReadText("accounts:tools", DEFAULTS))
    if text == "none":
        raise TaskFailed(
            "this host has no useradd, groupadd and their kin (BusyBox); no account is made or changed on it"
        )
    home, shell, groups, umask, *_ = text.split("|")
    return Tools(home, shell, groups == "yes", umask)


@dataclass(frozen=True)
class Account:
    """A user as it is, or will be."""

    uid: str
    gid: str
    comment: str
    home: str
    shell: str
    primary: str
    groups: frozenset[str]
    password: str
    locked: bool
    expires: str
    has_home: bool
    alone: bool = False

    @property
    def text(self) -> str:
        """Return it as :func:`read_user` prints it."""
        lines = [f"passwd|{self.uid}|{self.gid}|{self.comment}|{self.home}|{self.shell}", f"primary|{self.primary}"]
        lines += [f"groups|{' '.join(sorted(self.groups))}", f"password|{self.password}"]
        lines += [f"locked|{'yes' if self.locked else 'no'}", f"expires|{self.expires}"]
        lines += [f"home|{'yes' if self.has_home else 'no'}", f"alone|{'yes' if self.alone else 'no'}"]
        return "\n".join(lines)


def digest(hashed: str) -> str:
    """Return what stands for a password's hash, whether it is locked or not."""
    return hashlib.sha256(hashed.lstrip("!").encode()).hexdigest()


def read_user(name: str) -> str:
    """Return the script that shows a user; ``alone`` says that a group of its name is nobody else's."""
    return f"""{DATABASE}u={quote(name)}
line=$(db passwd | awk -F: -v u="$u" '$1 == u {{ print $3 "|" $4 "|" $5 "|" $6 "|" $7; exit }}')
[ -n "$line" ] || {{ echo absent; exit 0; }}
gid=${{line#*|}} gid=${{gid%%|*}} home=$(db passwd | awk -F: -v u="$u" '$1 == u {{ print $6; exit }}')
echo "passwd|$line"
primary=$(db group | awk -F: -v g="$gid" '$3 == g {{ print $1; exit }}')
echo "primary|$primary"
groups=$(db group | awk -F: -v u="$u" 'index("," $4 ",", "," u ",") {{ print $1 }}' | sort | tr '\\n' ' ')
echo "groups|${{groups% }}"
secret=$(awk -F: -v u="$u" '$1 == u {{ print $2; exit }}' /etc/shadow 2>/dev/null)
echo "password|$(printf %s "$secret" | sed 's/^!*//' | sha256sum | cut -c1-64)"
case $secret in '!'*) echo 'locked|yes' ;; *) echo 'locked|no' ;; esac
echo "expires|$(awk -F: -v u="$u" '$1 == u {{ print $8; exit }}' /etc/shadow 2>/dev/null)"
if [ -e "$home" ]; then echo 'home|yes'; else echo 'home|no'; fi
others=$(db passwd | awk -F: -v u="$u" -v g="$gid" '$1 != u && $4 == g' | wc -l)
members=$(db group | awk -F: -v u="$u" '$1 == u && $4 != "" && $4 != u' | wc -l)
if [ "$primary" = "$u" ] && [ $((others + members)) = 0 ]; then echo 'alone|yes'; else echo 'alone|no'; fi"""


def user(name: str) -> Step[Account | None]:
    """Look at a user; the answer is ``None`` where there is none."""
    text = yield from ask(ReadText(f"user:{name}", read_user(name)))
    return parse(text)


def parse(text: str) -> Account | None:
    """Read what :func:`read_user` or :attr:`Account.text` gave."""
    if text.startswith("absent"):
        return None
    told = dict(line.partition("|")[::2] for line in text.splitlines())
    uid, gid, comment, home, shell = told["passwd"].split("|")
    return Account(
        *(uid, gid, comment, home, shell, told["primary"], frozenset(told["groups"].split()), told["password"]),
        locked=told["locked"] == "yes",
        expires=told["expires"],
        has_home=told["home"] == "yes",
        alone=told["alone"] == "yes",
    )


@dataclass(frozen=True)
class Group:
    """A group as it is, or will be."""

    name: str
    gid: str

    @property
    def text(self) -> str:
        """Return it as :func:`read_group` prints it."""
        return f"{self.name}|{self.gid}"


def read_group(name: str) -> str:
    """Return the script that shows a group, by its name or its number."""
    column = 3 if NUMBER.fullmatch(name) else 1
    shown = f"""db group | awk -F: -v g={quote(name)} '${column} == g {{ print $1 "|" $3; exit }}'"""
    return f"""{DATABASE}found=$({shown})
echo "${{found:-absent}}\""""


def group(name: str) -> Step[Group | None]:
    """Look at a group. One that a user of its name brings, or takes along, is known by that user."""
    text = yield from ask(ReadText(f"group:{name}", read_group(name)))
    found = None if text == "absent" else Group(*text.split("|"))
    if NUMBER.fullmatch(name):
        return found
    owner = yield from ask(ReadText(f"user:{name}", read_user(name)))
    if owner == WITH_ITS_GROUP:
        return None
    account = parse(owner)
    if found is None and account is not None and account.primary == name:
        return Group(name, account.gid)
    return found
