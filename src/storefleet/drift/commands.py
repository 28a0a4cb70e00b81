"""What a command of a shell is about: whether it names what has changed, or is one that changes such things."""

from __future__ import annotations

import re
import shlex

from storefleet.drift.compare import Delta
from storefleet.drift.who_files import itself

_PROGRAMS: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = tuple(
    (re.compile(key), words)
    for key, words in (
        (r"/security/firewall.*", ("nft", "iptables", "ip6tables", "nftables", "nftables.service")),
        (r"/kernel/sysctl/.*", ("sysctl",)),
        (r"/network/(routes|interfaces).*", ("ip", "ifconfig", "route", "networkctl", "ifup", "ifdown")),
        (r"/system/timezone", ("timedatectl", "/etc/localtime", "tzdata")),
        (r"/system/hostname", ("hostname", "hostnamectl", "/etc/hostname")),
    )
)
"""What a command is called that changes such a fact without naming it."""

_READERS = frozenset(
    {
        "cat",
        "less",
        "more",
        "head",
        "tail",
        "grep",
        "ls",
        "stat",
        "journalctl",
        "diff",
        "dpkg-query",
        "su",
        "id",
        "getent",
    }
)
_READS = re.compile(
    r"\S*?(systemctl|ip|nft|networkctl|timedatectl|apt|dpkg)( -\S+)* "
    r"(a|r|addr|address|route|rule|list|ls|show|status|cat|is-\w+|list-\w+|policy|search|-l|-L|-s|--list)"
    r"( (show|list|ls|ruleset|\S+\.service|[\w@-]+))?"
)


def names(command: str, delta: Delta) -> bool:
    """Tell whether a command that does not merely look names what has changed."""
    if reads(command):
        return False
    if any(_holds(command, path) for path in itself(delta) if "*" not in path):
        return True
    words = {word.strip("'\",;") for word in command.split()}
    element = re.search(r"/(?:services|packages)/([^/]+)|/sysctl/([^/]+)|\[([^\],]+)", delta.key)
    name = next((one for one in element.groups() if one), "") if element else ""
    return bool(name) and any(name in (word, f"{word}.service", word.partition("=")[0]) for word in words)


def changes(command: str, delta: Delta) -> bool:
    """Tell whether a command is one of those that change such a thing."""
    words = {word.strip("'\",;") for word in command.split()}
    return not reads(command) and any(
        key.fullmatch(delta.key) and any(word.rpartition("/")[2] in programs or word in programs for word in words)
        for key, programs in _PROGRAMS
    )


def reads(command: str) -> bool:
    """Tell whether a command merely looks."""
    try:
        words = shlex.split(command)
    except ValueError:
        return False
    return bool(words) and (words[0].rpartition("/")[2] in _READERS or _READS.fullmatch(command) is not None)


def _holds(command: str, path: str) -> bool:
    return re.search(rf"(?<![\w./-]){re.escape(path)}(?![\w-]|\.\w|/\w)", command) is not None
