"""What apt is about to do, as text that a plan can bind: the shell that shows it, and its reading."""

from __future__ import annotations

import re
from dataclasses import dataclass

from storefleet.collect.quote import command, quote
from storefleet.model.changes import ChangeClass

INSTALLED = """command -v dpkg-query >/dev/null || { echo none; exit 0; }
dpkg-query -W -f '${db:Status-Abbrev}|${Package}|${Version}\\n' | sed -n 's/^.\\(.\\).|/\\1|/p'"""
"""Prints one line for each package that dpkg knows: the letter of its state, its name, its version."""

TRANSACTION = (
    "sed -n -e 's/^Inst \\([^ ]*\\) \\[\\([^]]*\\)\\] (\\([^ )]*\\).*/\\1|\\2|\\3/p'"
    " -e 's/^Inst \\([^ ]*\\) (\\([^ )]*\\).*/\\1||\\2/p'"
    " -e 's/^Remv \\([^ ]*\\) \\[\\([^]]*\\)\\].*/\\1|\\2|/p' -e 's/^Purg \\([^ ]*\\) .*/\\1|purged|/p' | sort"
)
"""Reads what ``apt-get -s`` prints and leaves the bare transaction: name, old version, new version; in order."""

_ENVIRONMENT = "DEBIAN_FRONTEND=noninteractive DEBIAN_PRIORITY=critical"
_OPTIONS = ("-q", "-y", "-o", "Dpkg::Options::=--force-confdef", "-o", "Dpkg::Options::=--force-confold")
_WAITS = ("-o", "DPkg::Lock::Timeout=60")
_CUTTING = re.compile(
    r"(openssh|dropbear|systemd|frr|network|ifupdown|nftables|iptables|linux-image|wireguard|wpasupplicant).*|isc-dhcp-client"
    r"|netplan.*|udev|libc6|libc-bin|libpam.*|libsystemd.*|libnss.*|dpkg|apt|dash|bash|busybox.*|sudo|passwd|login|coreutils"
    r"|libssl.*|openssl|grub.*|init.*|dbus.*|libcrypt1|libselinux1|base-files|base-passwd"
)
"""Packages without which nobody comes in, or nothing can be put right by a shell."""


def apt_get(words: tuple[str, ...], *, simulate: bool = False) -> str:
    """Return apt-get as a line of shell that asks nobody anything."""
    options = ("-s", "-q", "-y") if simulate else (*_OPTIONS, *_WAITS)
    return f"{_ENVIRONMENT} apt-get {command((*options, *words))} </dev/null"


def transaction(words: tuple[str, ...], more: str = "") -> str:
    """Return the script that simulates, and prints the transaction and nothing else; it fails where apt does."""
    return f"""said=$({apt_get(words, simulate=True)} 2>&1) || {{ printf '%s\\n' "$said" >&2; exit 1; }}
printf '%s\\n' "$said" | {TRANSACTION}{more}"""


@dataclass(frozen=True)
class Package:
    """One package of a transaction; ``old`` is empty where it is new, ``new`` where it goes."""

    name: str
    old: str
    new: str
    purged: bool = False

    @property
    def bare(self) -> str:
        """Return its name without its architecture."""
        return self.name.partition(":")[0]

    @property
    def words(self) -> str:
        """Return what happens to it."""
        return f"{self.name} {self.old or '(new)'} -> {self.new or ('(purged)' if self.purged else '(removed)')}"

    @property
    def text(self) -> str:
        """Return it as :data:`TRANSACTION` prints it."""
        return f"{self.name}|{'purged' if self.purged else self.old}|{self.new}"


@dataclass(frozen=True)
class Installed:
    """What dpkg knows: versions by name, names that left only their settings, and what is only half there."""

    versions: dict[str, str]
    remains: frozenset[str]
    half: tuple[str, ...]
    asked: tuple[tuple[str, ...], ...] = ()

    @property
    def text(self) -> str:
        """Return it as :data:`INSTALLED` prints it, and what tasks of a plan have asked for after it."""
        lines = [f"i|{name}|{version}" for name, version in sorted(self.versions.items())]
        lines += [f"c|{name}|" for name in sorted(self.remains)]
        return "\n".join([*lines, *("~|" + "|".join(words) for words in self.asked)])

    def after(self, packages: tuple[Package, ...], asked: tuple[str, ...]) -> Installed:
        """Return what will be known when a transaction is done."""
        versions, remains = dict(self.versions), set(self.remains)
        for one in packages:
            if one.new:
                versions[one.bare] = one.new
                remains.discard(one.bare)
                continue
            versions.pop(one.bare, None)
            (remains.discard if one.purged else remains.add)(one.bare)
        return Installed(versions, frozenset(remains), self.half, (*self.asked, asked))


def installed(text: str) -> Installed:
    """Read what :data:`INSTALLED` or :attr:`Installed.text` gave."""
    versions: dict[str, str] = {}
    remains, half, asked = set(), [], []
    for line in text.splitlines() if text != "none" else ():
        state, *words = line.split("|")
        if state == "~":
            asked.append(tuple(words))
        elif state == "c":
            remains.add(words[0])
        elif state != "n":
            versions[words[0]] = words[1]
            if state in "UFH":
                half.append(words[0])
    return Installed(versions, frozenset(remains), tuple(half), tuple(asked))


def packages(text: str, known: Installed) -> tuple[Package, ...]:
    """Read a transaction; what earlier tasks of the same plan will have done is left out of it."""
    found = []
    for line in text.splitlines():
        name, old, new = line.split("|")
        bare, purged = name.partition(":")[0], old == "purged"
        have = known.versions.get(bare, "")
        done = have == new if new else not have and not (purged and bare in known.remains)
        if not done:
            found.append(Package(name, have or ("" if purged else old), new, purged))
    return tuple(found)


def text_of(parts: tuple[Package, ...]) -> str:
    """Return a transaction as the device prints it."""
    return "\n".join(sorted(one.text for one in parts))


def cost_of(parts: tuple[Package, ...]) -> ChangeClass:
    """Return what a transaction can cost: scripts of packages restart what they like."""
    return "path" if any(_CUTTING.fullmatch(one.bare) for one in parts) else "service"


def way_back(parts: tuple[Package, ...], sources: frozenset[str]) -> tuple[str, tuple[str, ...]]:
    """Return the script that takes a transaction back, and the words where it is not sure to be one.

    ``sources`` holds ``name|version`` of what can be had again.
    """
    words: list[str] = []
    unsure = []
    for one in parts:
        if one.new and not one.old:
            words.append(f"{one.name}-")
        elif one.old and f"{one.bare}|{one.old}" in sources:
            words.append(f"{one.name}={one.old}")
        else:
            unsure.append(
                f"no way back is sure: {one.name} {one.old} is in no package source of this host".replace("  ", " ")
            )
    script = apt_get(("--allow-downgrades", "--purge", "install", *words)) if words else ""
    return script, tuple(unsure)


def versions_known(names: str) -> str:
    """Return the shell that prints ``name|version`` of all that the package sources hold of these names."""
    return f"apt-cache madison {names} 2>/dev/null </dev/null | sed 's/ *| */|/g; s/^ *//' | cut -d'|' -f1,2 | sort -u"


def exists(name: str) -> str:
    """Return the shell that fails where apt would take a name for a pattern."""
    missing = f"echo {quote(f'E: No package matching {name} is available')} >&2"
    return f"{{ apt-cache pkgnames {quote(name)} | grep -qFx {quote(name)} || {{ {missing}; false; }}; }}"
