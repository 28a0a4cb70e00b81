"""One named fault: what is broken, how it is undone exactly, and how the device itself shows it.

A fault is data: three ``sh`` scripts that run as root on the device, out of band. ``inject`` and ``undo`` find in their
environment who the device is (see :func:`fault_script`); ``evident`` ends with 0 while the fault is there. A fault
outlives a reboot where the real one would. ``power`` and ``wan-down`` have no script: they are done to the device from
outside.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Literal

from storefleet.lab.plan import Device, Kind, LabStore
from storefleet.model.base import Value

Part = Literal["inject", "undo", "evident"]
TILL: tuple[Kind, ...] = ("till",)
ROUTER: tuple[Kind, ...] = ("router",)
KIOSK: tuple[Kind, ...] = ("kiosk",)


class Fault(Value, frozen=True):
    """One thing that can be broken on one kind of device; ``cause`` is the vocabulary's word for it."""

    name: str
    kinds: tuple[Kind, ...]
    summary: str
    cause: str
    inject: str = ""
    undo: str = ""
    evident: str = ""

    @property
    def from_outside(self) -> bool:
        """Tell whether it is done to the device and not on it."""
        return not self.inject


PRELUDE = r"""
keep() { mkdir -p "$KEPT/${1%/*}"; [ -e "$KEPT/$1" ] || cp -p "$1" "$KEPT/$1"; }
give_back() { cp -p "$KEPT/$1" "$1"; rm -f "$KEPT/$1"; }
planned() { find /etc/systemd/network -type f -exec sed -n "s/^$1=//p" {} +; }
renumber() {
    # A reload takes changed files into use by itself, and works on after networkctl has returned.
    networkctl reload
    settled=0
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        wanted=$(planned Address | sort; planned Gateway | sort -u)
        found=$(ip -4 -o address show dev eth0 | sed 's/.* inet \([^ ]*\).*/\1/' | sort
            ip route show | sed -n 's/.* via \([^ ]*\).*/\1/p' | sort -u)
        if [ "$wanted" = "$found" ]; then settled=$((settled + 1)); else settled=0; fi
        [ "$settled" -lt 2 ] || return 0
        sleep 0.2
    done
    echo "the network does not become what its file says: $found" >&2
    return 1
}
listens() {
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
        { ss -Hltn 2>/dev/null || netstat -ltn; } | grep -q ":$1 " && return
        sleep 0.2
    done
    return 1
}
configure() {
    set -- "$@" end "write memory"
    for line do shift; set -- "$@" -c "$line"; done
    vtysh -c "configure terminal" "$@" > /dev/null
}
new_host_key() {
    keep /etc/ssh/ssh_host_ed25519_key; keep /etc/ssh/ssh_host_ed25519_key.pub
    rm /etc/ssh/ssh_host_ed25519_key
    ssh-keygen -q -t ed25519 -N "" -C "" -f /etc/ssh/ssh_host_ed25519_key
    systemctl restart ssh
}
old_host_key() {
    give_back /etc/ssh/ssh_host_ed25519_key; give_back /etc/ssh/ssh_host_ed25519_key.pub
    systemctl restart ssh
}
pinned() { [ ! -e "$KEPT/etc/ssh/ssh_host_ed25519_key" ]; }
"""


def fault_script(
    fault: Fault, part: Part, device: Device, store: LabStore, extra: Mapping[str, str] | None = None
) -> str:
    """Return the script of one part (``inject``, ``undo``, ``evident``) for one device.

    ``HOST ADDRESS GATEWAY NETWORK N WAN`` say who the device is, ``PORT`` is the router's port of its last till, and
    ``KEPT`` is where ``keep`` saves a file until ``give_back``.
    """
    tills = [other for other in store.devices if other.kind == "till"]
    variables = {
        "HOST": device.name,
        "ADDRESS": device.address,
        "GATEWAY": device.gateway,
        "NETWORK": device.gateway.rpartition(".")[0],
        "N": str(device.n),
        "WAN": store.wan,
        "PORT": tills[-1].port,
        "KEPT": f"/var/lib/storefleet-lab/{fault.name}",
        **(extra or {}),
    }
    assignments = "".join(f"{name}={shlex.quote(text)}\n" for name, text in variables.items())
    body: str = {"inject": fault.inject, "undo": fault.undo, "evident": fault.evident}[part]
    tidy = 'rm -rf "$KEPT"; rmdir /var/lib/storefleet-lab 2>/dev/null || true\n' if part == "undo" else ""
    return f"{assignments}{PRELUDE}\n{body}\n{tidy}"
