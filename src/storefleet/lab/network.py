"""Cables, network namespaces and lines of a lab, as batches for ``ip``, ``nft`` and ``tc``.

Head office is the lab's own network namespace; every device has one more. A till's ``eth0`` is a cable to a port of
its router, so that a port that is shut really is shut. The routers' lines end in one bridge whose ports cannot talk to
each other.
"""

from __future__ import annotations

from collections.abc import Iterable

from storefleet.lab.machine import run
from storefleet.lab.plan import HEAD_OFFICE, SERVICES, WAN_HUB, WAN_PREFIX, Device, LabStore
from storefleet.model.base import Value

HUB_MAC = "52:54:00:ff:00:fe"


class WanSettings(Value, frozen=True):
    """How one store's line behaves: added delay each way, lost packets per hundred, a rate, or no line at all."""

    delay_ms: int = 0
    loss_percent: int = 0
    rate_kbit: int = 0
    up: bool = True


def ip_batch(lines: Iterable[str], *, namespace: str | None = None, force: bool = False) -> None:
    """Run many ``ip`` commands in one process; ``force`` goes on after one that fails."""
    argv = ["ip", *(["-n", namespace] if namespace else []), *(["-force"] if force else []), "-batch", "-"]
    run(argv, stdin="".join(f"{line}\n" for line in lines), check=not force)


def head_office_commands() -> list[str]:
    """Return what makes the lab's own namespace head office: its addresses and the hub of the stores' lines."""
    addresses = (HEAD_OFFICE, *SERVICES.values())
    return [
        "link set lo up",
        *(f"address add {address}/32 dev lo" for address in addresses),
        # An address of its own: a bridge that takes its ports' would change it when a line moves, and routers would
        # send to the old one for a minute.
        f"link add wan0 address {HUB_MAC} type bridge",
        f"address add {WAN_HUB}/{WAN_PREFIX} dev wan0",
        "link set wan0 up",
        f"route replace 10.0.1.0/{WAN_PREFIX} dev wan0 src {HEAD_OFFICE}",
    ]


def store_commands(store: LabStore) -> list[str]:
    """Return what cables one store: its line to the hub, and one cable from each terminal to its router's port."""
    router = store.router.name
    commands = [f"netns add {device.name}" for device in store.devices]
    commands += [
        f"link add {store.wan_port} type veth peer name wan0 address {store.wan_mac} netns {router}",
        f"link set {store.wan_port} master wan0",
        f"link set {store.wan_port} up",
    ]
    commands += [
        f"link add {device.port} netns {router} type veth peer name eth0 address {device.mac} netns {device.name}"
        for device in store.devices[1:]
    ]
    if not store.flat:
        commands.append(f"route add {store.subnet} via {store.wan} src {HEAD_OFFICE}")
    return commands


def planned_links(device: Device, store: LabStore) -> tuple[str, ...]:
    """Return the interfaces that a device's hardware has; anything else was made by its software."""
    if device.kind == "router":
        return ("lo", "wan0", *(other.port for other in store.devices[1:]))
    return ("lo", "eth0")


def unplug(device: Device, store: LabStore) -> None:
    """Leave a device's interfaces as hardware without power has them: down, without addresses, rules or extras."""
    planned = planned_links(device, store)
    names = run(["ip", "-n", device.name, "-o", "link", "show"]).splitlines()
    present = [line.split(": ")[1].partition("@")[0] for line in names]
    commands = [f"link delete {name}" for name in present if name not in planned and name not in _KERNEL_LINKS]
    for name in planned:
        commands += [f"link set {name} down", f"address flush dev {name}"]
    ip_batch([*commands, "route flush table all"], namespace=device.name, force=True)
    run(["ip", "netns", "exec", device.name, "nft", "flush", "ruleset"])
    ip_batch(["link set lo up"], namespace=device.name)


_KERNEL_LINKS = ("tunl0", "gre0", "gretap0", "erspan0", "ip_vti0", "ip6_vti0", "sit0", "ip6tnl0", "ip6gre0")


def wan_rules(store: LabStore, settings: WanSettings) -> str:
    """Return the ``nft`` text of a store's line: random loss both ways, and a policer towards head office."""
    table = f"netdev {store.id}"
    text = f"table {table}\ndelete table {table}\n"
    inward, outward = [], []
    if settings.loss_percent:
        drop = f"numgen random mod 100 < {settings.loss_percent} counter drop"
        inward.append(drop)
        outward.append(drop)
    if settings.rate_kbit:
        inward.append(f"limit rate over {max(1, settings.rate_kbit // 8)} kbytes/second burst 32 kbytes counter drop")
    if not inward:
        return text
    text += f"table {table} {{\n"
    for hook, rules in (("ingress", inward), ("egress", outward)):
        if rules:
            body = "\n".join(rules)
            text += f'chain {hook} {{\ntype filter hook {hook} device "{store.wan_port}" priority 0;\n{body}\n}}\n'
    return text + "}\n"


def shape_wan(store: LabStore, settings: WanSettings) -> None:
    """Apply loss, rate and link state of a store's line; the delay is a process of its own (``delay.py``)."""
    run(["nft", "-f", "-"], stdin=wan_rules(store, settings))
    port = store.wan_port
    if settings.rate_kbit:
        shape = ["rate", f"{settings.rate_kbit}kbit", "burst", "32kbit", "latency", "400ms"]
        run(["tc", "qdisc", "replace", "dev", port, "root", "tbf", *shape])
    else:
        run(["tc", "qdisc", "replace", "dev", port, "root", "pfifo_fast"])
    ip_batch([f"link set {port} {'up' if settings.up else 'down'}"])
