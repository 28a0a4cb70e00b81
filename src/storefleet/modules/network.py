"""network_address: under which address a host stands in its store.

Ansible has no word for it that knows who manages the network of a host. It finds the manager first, and says which one
it is where it is none that it can write for.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from storefleet.collect.quote import quote
from storefleet.errors import TaskFailed
from storefleet.model.changes import ActOnUnit, Alter, ReadFile, ReadText, ReadUnit
from storefleet.model.effects import Step, ask
from storefleet.modules.base import Done, Request
from storefleet.modules.settings_files import address as address_of
from storefleet.modules.settings_files import file_of

_INTERFACE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,14}")


@dataclass(frozen=True)
class Wanted:
    """The address of an interface, and the way out; no gateway leaves none."""

    interface: str
    address: str
    gateway: str

    @property
    def live(self) -> str:
        """Return it as the device shows it."""
        return f"{self.address} via {self.gateway}" if self.gateway else self.address


def _found(interface: str) -> str:
    """Return the script that says who manages an interface, and in which file."""
    return f"""i={quote(interface)}
if [ ! -d "/sys/class/net/$i" ]; then echo none; exit 0; fi
if systemctl --quiet is-active NetworkManager.service 2>/dev/null; then echo NetworkManager; exit 0; fi
if systemctl --quiet is-active systemd-networkd.service 2>/dev/null; then
  networkctl --no-pager --no-legend status "$i" 2>/dev/null </dev/null | sed -n 's/^ *Network File: */networkd /p'
  exit 0
fi
if [ -f /etc/network/interfaces ] && grep -q "^ *iface  *$i " /etc/network/interfaces; then
  echo 'ifupdown /etc/network/interfaces'
fi"""


def _live(interface: str) -> str:
    """Return the script that shows the addresses that an interface has, and its way out."""
    return f"""i={quote(interface)}
ip -4 -o address show dev "$i" scope global </dev/null | sed 's/.* inet \\([^ ]*\\).*/\\1/' | sort | tr '\\n' ' '
ip -4 route show default dev "$i" </dev/null | sed -n 's/.*via \\([^ ]*\\).*/via \\1/p' | head -n 1"""


def network_address(request: Request) -> Step[Done]:
    """Have an interface stand under this address, now and after the next start."""
    wanted = _wanted(request)
    found = yield from ask(ReadText(f"network:{wanted.interface}", _found(wanted.interface)))
    manager, _, path = found.partition(" ")
    if manager == "none":
        raise TaskFailed(f"interface: this host has no {wanted.interface}")
    if manager not in ("networkd", "ifupdown"):
        words = f"{manager} manages it" if manager else "nobody is known to manage it"
        raise TaskFailed(f"{wanted.interface}: {words}; systemd-networkd and ifupdown are what can be written for here")
    if not path.startswith("/etc/"):
        raise TaskFailed(f"{wanted.interface}: its settings stand in {path or 'no file'}; a file below /etc is due")
    before = yield from ask(ReadFile(path))
    if before is None or before.kind != "file":
        raise TaskFailed(f"{path} is no file; it is left alone")
    text = before.content.decode("utf-8", "replace")
    edited = networkd(text, wanted) if manager == "networkd" else ifupdown(text, wanted)
    changed = edited != text
    if changed:
        yield from ask(file_of(path, edited.splitlines(), before))
    live = yield from ask(ReadText(f"address:{wanted.interface}", _live(wanted.interface)))
    if changed or live.split() != wanted.live.split():
        yield from _take_up(wanted, manager, live)
        changed = True
    return Done(changed=changed, why="" if changed else "it is as it must be", values={"dest": path})


def _wanted(request: Request) -> Wanted:
    interface = request.text("interface")
    if not _INTERFACE.fullmatch(interface):
        raise TaskFailed(f"interface: {interface!r:.60} is none")
    try:
        address = ipaddress.IPv4Interface(request.text("address"))
    except ValueError as fault:
        raise TaskFailed("address: an IPv4 address with its length is due here, as in 10.1.1.11/24") from fault
    if "/" not in request.text("address") or address.ip in (
        address.network.network_address,
        address.network.broadcast_address,
    ):
        raise TaskFailed("address: the address of a host with its length is due here, as in 10.1.1.11/24")
    gateway = address_of("gateway", request.text("gateway")) if request.has("gateway") else ""
    if gateway and (ipaddress.ip_address(gateway) not in address.network or gateway == str(address.ip)):
        raise TaskFailed(f"gateway: {gateway} is no other host of {address.network}")
    return Wanted(interface, str(address), gateway)


def networkd(text: str, wanted: Wanted) -> str:
    """Return a .network file with this address and way out, and all else as it was."""
    if re.search(r"(?m)^\[(Address|Route)\]", text):
        raise TaskFailed("the .network file has sections [Address] or [Route]; it is more than can be written here")
    if re.search(r"(?m)^Name=.*[*?! ]", text):
        raise TaskFailed("the .network file is meant for several interfaces; one of its own is due")
    mine = [f"Address={wanted.address}", *([f"Gateway={wanted.gateway}"] if wanted.gateway else [])]
    kept: list[str] = []
    had: list[str] = []
    section = ""
    for line in text.splitlines():
        section = line.strip() if line.startswith("[") else section
        ours = section == "[Network]" and re.match(r"(Address|Gateway|DHCP)\s*=", line)
        (had if ours else kept).append(line)
    if sorted(had) == sorted(mine):
        return text
    if "[Network]" not in kept:
        kept += ["", "[Network]"]
    place = kept.index("[Network]") + 1
    return "".join(f"{line}\n" for line in [*kept[:place], *mine, *kept[place:]])


def ifupdown(text: str, wanted: Wanted) -> str:
    """Return /etc/network/interfaces with this address and way out, and all else as it was."""
    lines = text.splitlines()
    heads = [n for n, line in enumerate(lines) if re.match(rf"\s*iface\s+{re.escape(wanted.interface)}\s+inet\s", line)]
    if len(heads) != 1 or any(re.match(r"\s*mapping\s", line) for line in lines):
        raise TaskFailed(
            f"/etc/network/interfaces has {len(heads)} stanzas of {wanted.interface}, or mappings; one is due"
        )
    start = heads[0]
    end = start + 1
    while end < len(lines) and not re.match(r"\s*(iface|auto|allow-\S+|source\S*|mapping|no-\S+)\s", lines[end]):
        end += 1
    kept = [
        one for one in lines[start + 1 : end] if not re.match(r"\s*(address|netmask|gateway|broadcast|network)\s", one)
    ]
    mine = [f"iface {wanted.interface} inet static", f"    address {wanted.address}"]
    mine += [f"    gateway {wanted.gateway}"] if wanted.gateway else []
    return "".join(f"{line}\n" for line in [*lines[:start], *mine, *kept, *lines[end:]])


def _take_up(wanted: Wanted, manager: str, live: str) -> Step[None]:
    """Have the manager read its file. The way back is the unit's: networkd drops an address only when it is told."""
    name = "systemd-networkd.service" if manager == "networkd" else "networking.service"
    unit = yield from ask(ReadUnit(name))
    yield from ask(ActOnUnit(unit=name, action="restart", before=unit))
    if manager == "networkd":
        yield from ask(
            Alter(
                subject=f"address:{wanted.interface}",
                action="take up",
                script=f"networkctl reload </dev/null && networkctl reconfigure {quote(wanted.interface)} </dev/null",
                cost="path",
                after=wanted.live,
                shown=(f"{wanted.interface} {live} -> {wanted.address} via {wanted.gateway or '(nobody)'}",),
                way_back=":",
            )
        )
