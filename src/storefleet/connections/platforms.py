"""What the connection layer knows of each platform, as data: a new router type is a row here, not a subclass."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from storefleet.errors import NotAllowed
from storefleet.model.credentials import Purpose

MAX_COMMAND = 200
"""Longer lines would wrap on a terminal and spoil the comparison with their echo."""


@dataclass(frozen=True)
class CliPlatform:
    """A router's command line.

    ``driver`` is netmiko's device type; it prepares the terminal. ``comment`` begins a line that the device echoes and
    ignores. ``refusals`` are the vendor's words for "not accepted", found in the first lines of an answer.
    ``pagers`` are what stands at the end when it waits for a key. ``allowed`` is the whole read-only list.
    """

    driver: str
    comment: str
    refusals: tuple[re.Pattern[str], ...]
    pagers: tuple[re.Pattern[str], ...]
    allowed: tuple[re.Pattern[str], ...]


@dataclass(frozen=True)
class Platform:
    """How a kind of host is logged in to."""

    name: str
    shell_purpose: Purpose = "read"
    cli: CliPlatform | None = None

    def check(self, command: str, host: str) -> None:
        """Refuse what is not one printable line of the read-only list; raises :class:`NotAllowed`, nothing is sent."""
        if self.cli is None:
            raise NotAllowed(f"{host}: a {self.name} host has no command line to show things on")
        if len(command) > MAX_COMMAND or not (command.isascii() and command.isprintable()):
            raise NotAllowed(f"{host}: {command!r:.100} is not one printable ASCII line; it was not sent")
        if any(character in command for character in "|<>?;`$\\!"):
            raise NotAllowed(f"{host}: {command!r} holds a pipe, a redirection or a help key; it was not sent")
        if not any(pattern.fullmatch(command) for pattern in self.cli.allowed):
            raise NotAllowed(f"{host}: {command!r} is not on the read-only list of {self.name}; it was not sent")


def _patterns(*texts: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(text, re.IGNORECASE) for text in texts)


_PAGERS = _patterns(
    r"-+ ?\(?more\)? ?-+", r"press any key.*", r"\[confirm\]", r"\(?y(es)?/n(o)?\)?[?: ]*", r"password: ?"
)
_SHOW = _patterns(r"show( [A-Za-z0-9_./:,=+@-]+)+")

CISCO_LIKE = CliPlatform(
    driver="cisco_ios",
    comment="!",
    refusals=_patterns(
        r"% ?unknown command",  # FRR vtysh, IOS
        r"% ?invalid (input|command)",  # IOS
        r"% ?ambiguous command",  # IOS, FRR
        r"% ?(command )?incomplete",  # IOS "% Incomplete command.", FRR "% Command incomplete: show"
        r"% ?there is no matched command",  # FRR, Quagga
        r"% ?(bad|unrecognized) (ip|command|host)",  # IOS
        r"% ?(authorization failed|access denied|permission denied|command authorization failed)",  # IOS with AAA
        r"% ?can'?t (open|find|connect)",  # FRR: a daemon is not running
        r"\S+ is not running",  # FRR vtysh: "bgpd is not running"
        r"command not found",
        r"line has invalid autocommand",
    ),
    pagers=_PAGERS,
    allowed=_SHOW,
)
"""FRR's vtysh speaks IOS well enough for netmiko's ``cisco_ios`` (tried on FRR 8.4.4)."""

PLATFORMS: Mapping[str, Platform] = {
    "frr": Platform("frr", shell_purpose="shell", cli=CISCO_LIKE),
    "cisco_ios": Platform("cisco_ios", cli=CISCO_LIKE),
    "linux": Platform("linux"),
    "busybox": Platform("busybox"),
}


def platform_of(name: str) -> Platform:
    """Return what is known of a platform; an unknown one is a host with a shell and nothing more."""
    return PLATFORMS.get(name, Platform(name))
