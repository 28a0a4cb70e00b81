"""Which changes can cost the way to the device: those are made only where an undo is armed on the device itself."""

from __future__ import annotations

import re
from collections.abc import Iterable

from storefleet.model.changes import CLASSES, ActOnUnit, Alter, Change, ChangeClass

_PATH_FILES = re.compile(
    r"/etc/(network|netplan|NetworkManager|systemd/network|ssh|dropbear|frr|nftables\.d|iptables|ufw|firewalld|pam\.d"
    r"|security|sudoers\.d|udev|modprobe\.d|modules-load\.d|wpa_supplicant|wireguard|openvpn|ppp|init\.d)(/.*)?"
    r"|/etc/(interfaces|network\.conf|rc\.local|nftables\.conf|sudoers|passwd|shadow|group|gshadow|hosts\.allow|hosts\.deny|fstab|inittab)"
    r"|/etc/(nsswitch\.conf|ld\.so\.preload|securetty|nologin|shells|login\.defs|crypttab)"
    r"|/etc/systemd/.*|/(usr/)?lib/.*|/(usr/(local/)?)?s?bin/.*|/boot(/.*)?|/(root|home/[^/]+)(/\.ssh(/.*)?)?"
    r"|/etc|/usr|/var|/home|/|/dev/.*|/proc/.*|/sys/.*|/run/.*"
)
_PATH_UNITS = re.compile(
    r"(ssh|sshd|dropbear|networking|systemd-networkd|systemd-resolved|systemd-logind|NetworkManager|nftables|iptables"
    r"|netfilter-persistent|ufw|firewalld|frr|dbus|systemd-udevd|wpa_supplicant.*|wg-quick.*|openvpn.*|nscd|sssd"
    r"|dbus-broker|ifup@.*|ssh@.*|user@.*|init\.scope)(\.service|\.socket)?"
    r"|.*\.(target|mount|automount|slice|scope|swap|device)"
)

NO_UNDO_FILES = re.compile(
    r"/(usr/)?lib(32|64|x32)?(/.*)?|/(usr/(local/)?)?s?bin(/.*)?|/boot(/.*)?|/etc/(fstab|crypttab|inittab|ld\.so\..*|nologin)"
    r"|/etc/systemd/(system|user)/storefleet-.*|/etc/systemd/(system|user)\.conf|/var/lib/storefleet(/.*)?"
    r"|/dev/.*|/proc/.*|/sys/.*|/run/.*|/etc|/usr|/var|/home|/root|/"
)
"""Where an undo on the device might not come to run, or could not put back what was there."""

_SYSTEM_FOLDERS = re.compile(
    r"/|/(boot|dev|etc|home|media|mnt|opt|proc|root|run|srv|sys|tmp|usr|var)|/(usr/(local/)?)?(s?bin|lib(32|64|x32)?)"
    r"|/usr/(local|share)|/etc/(systemd(/(system|network))?|ssh|pam\.d|sudoers\.d|network|apt)|/var/(lib|log|spool|cache)"
    r"|/(boot|dev|proc|sys|run)/.*|/var/lib/(storefleet|dpkg|apt|systemd)(/.*)?|/home/[^/]+/\.ssh|/root/\.ssh"
)


def is_system_folder(path: str) -> bool:
    """Tell whether the device might not live, or not let us in, without such a folder and all that it holds."""
    return _SYSTEM_FOLDERS.fullmatch(path) is not None


NO_UNDO_UNITS = re.compile(
    r"storefleet-.*|init\.scope|.*\.(target|mount|automount|slice|scope|swap|device)|user@.*|dbus.*"
)


_HARMLESS_LINES = re.compile(
    r"(interface \S+\t)?(no )?description( .*)?|(no )?(hostname|domainname|log|banner)( .*)?"
    r"|line vty(\t(no )?exec-timeout.*)?|interface \S+"
)
"""Lines of a router, behind the sections they stand in, of which none decides about a packet or a log-in."""


def class_of_lines(paths: Iterable[tuple[str, ...]]) -> ChangeClass:
    """Return what lines of a router can cost; a line that is not known to be harmless can cut the way."""
    harmless = all(_HARMLESS_LINES.fullmatch("\t".join(path)) for path in paths)
    return "config" if harmless else "path"


def class_of(change: Change) -> ChangeClass:
    """Return what one change can cost. What is not known to be harmless for the way is judged by where it stands."""
    if isinstance(change, ActOnUnit) and change.action == "daemon-reload":
        return "none"
    if isinstance(change, ActOnUnit):
        if change.action == "enable" and not _PATH_UNITS.fullmatch(change.unit):
            return "config"
        return "path" if _PATH_UNITS.fullmatch(change.unit) else "service"
    if isinstance(change, Alter) and not change.subject.startswith("file:"):
        return change.cost
    if _PATH_FILES.fullmatch(change.target):
        return "path"
    return change.cost if isinstance(change, Alter) else "config"


def worst(classes: tuple[ChangeClass, ...]) -> ChangeClass:
    """Return the worst of several classes; of none it is ``none``."""
    return max(classes, key=CLASSES.index, default="none")


def at_most(one: ChangeClass, bound: ChangeClass) -> bool:
    """Tell whether a class is no worse than another."""
    return CLASSES.index(one) <= CLASSES.index(bound)
