"""How the host stands in the network: routes, resolver, neighbours, clock source."""

from __future__ import annotations

import ipaddress
from itertools import pairwise

from storefleet.collect.facts import Fact, Findings, in_order, pointer
from storefleet.collect.text import Records, address, integer, number
from storefleet.model.base import Json
from storefleet.model.state import Missing

_Route = dict[str, Json]
_BLACKHOLES = (["blackhole"], ["unreachable"], ["prohibit"])
_KINDS = (["unicast"], ["broadcast"], ["local"], ["multicast"], ["throw"])


def routes(text: str) -> Findings:
    """Read the main routing table and the default gateways, best metric first, IPv4 before IPv6."""
    records = Records(text)
    # A kernel without IPv6 makes `ip -6` fail; that is no gap.
    reason = records.failed("ip4")
    if reason:
        yield Missing("/network/routes", reason)
        yield Missing("/network/default_gateways", reason)
        return
    found = _table(records)
    yield Fact("/network/routes", list(found))
    yield Fact("/network/default_gateways", list(_gateways(found)))
    carrying = {str(route["interface"]) for route in found if _is_default(route) and "interface" in route}
    for name in sorted(carrying):
        yield Fact(pointer("network", "interfaces", name, "default_route"), value=True)


def _table(records: Records) -> list[_Route]:
    found = [route for line in records.lines("ip4") for route in _ip_route(line, "0.0.0.0/0")]
    found += [route for line in records.lines("ip6") for route in _ip_route(line, "::/0")]
    found += [route for line in records.lines("proc4") if (route := _proc_route(line)) is not None]
    found += [route for line in records.lines("proc6") if (route := _proc6_route(line)) is not None]
    return found


def _is_default(route: _Route) -> bool:
    return route["destination"] in ("0.0.0.0/0", "::/0") and not route.get("blackhole")


def _gateways(found: list[_Route]) -> list[str]:
    ways = [route for route in found if _is_default(route) and "gateway" in route]
    ordered = sorted(ways, key=lambda route: (":" in str(route["destination"]), int(str(route.get("metric", 0)))))
    return list(dict.fromkeys(str(route["gateway"]) for route in ordered))


def _ip_route(line: str, default: str) -> list[_Route]:
    """Read one line of ``ip -o route show``; a multipath route has one entry per next hop."""
    head, *hops = line.replace("\\", " ").split(" nexthop ")
    words = head.split()
    blackhole = words[:1] in _BLACKHOLES
    words = words[1:] if words[:1] in (*_BLACKHOLES, *_KINDS) else words
    destination = default if words[:1] == ["default"] else _network("".join(words[:1]))
    if destination is None:
        return []
    base: _Route = {"destination": destination, **_attributes(words[1:])}
    if blackhole:
        base["blackhole"] = True
    return [{**base, **_attributes(hop.split())} for hop in hops] or [base]


def _attributes(words: list[str]) -> _Route:
    values = dict(pairwise(words))
    found: _Route = {}
    gateway = address(values.get("via", "").removeprefix("inet6").strip()) or _via_inet6(words)
    if gateway:
        found["gateway"] = gateway
    if values.get("dev"):
        found["interface"] = values["dev"]
    metric = integer(values.get("metric", ""))
    if metric is not None:
        found["metric"] = metric
    if values.get("proto"):
        found["protocol"] = values["proto"]
    return found


def _via_inet6(words: list[str]) -> str | None:
    if "via" in words:
        rest = words[words.index("via") + 1 :]
        if rest[:1] == ["inet6"] and len(rest) > 1:
            return address(rest[1])
    return None


def _network(text: str) -> str | None:
    """Return the prefix in its one spelling; what is multicast is no route that anyone chose."""
    try:
        found = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
    return None if found.is_multicast else str(found)


def _proc_route(line: str) -> _Route | None:
    """Read one line of /proc/net/route: addresses are hexadecimal, in the byte order of the machine (little)."""
    words = line.split()
    try:
        target, gateway, mask = (int(words[at], 16) for at in (1, 2, 7))
        flags, metric = int(words[3], 16), int(words[6])
        network = f"{_little(target)}/{ipaddress.IPv4Address(_little(mask))}"
        route: _Route = {"destination": str(ipaddress.ip_network(network, strict=False)), "interface": words[0]}
        if gateway:
            route["gateway"] = str(_little(gateway))
    except (ValueError, IndexError, OverflowError):
        return None
    route["metric"] = metric
    if flags & 0x200:
        route["blackhole"] = True
    return route if flags & 1 else None


def _little(value: int) -> ipaddress.IPv4Address:
    return ipaddress.IPv4Address(value.to_bytes(4, "little"))


def _proc6_route(line: str) -> _Route | None:
    words = line.split()
    try:
        network = ipaddress.IPv6Network((int(words[0], 16), int(words[1], 16)), strict=False)
        gateway, metric, flags = int(words[4], 16), int(words[5], 16), int(words[8], 16)
        name = words[9]
    except (ValueError, IndexError):
        return None
    # Local and cached entries, and everything that is not up, are no routes of the table.
    if not flags & 1 or flags & 0x8000_0000 or name == "lo" or network.is_multicast:
        return None
    route: _Route = {"destination": str(network), "interface": name, "metric": metric}
    if gateway and gateway < 2**128:
        route["gateway"] = str(ipaddress.IPv6Address(gateway))
    return route


def neighbours(text: str) -> Findings:
    """Read the neighbour table (ARP and ND); entries of `ip` that never resolved carry no hardware address."""
    records = Records(text)
    reason = records.failed("ip")
    if reason:
        yield Missing("/network/neighbours", reason)
        return
    found: list[Json] = []
    for line in records.lines("ip"):
        words = line.split()
        at = address(words[0]) if words else None
        if at is None:
            continue
        values = dict(pairwise(words))
        entry: dict[str, Json] = {"address": at, "interface": values.get("dev", "")}
        if values.get("lladdr"):
            entry["mac"] = values["lladdr"]
        found.append({**entry, "state": words[-1].lower()})
    for line in records.lines("arp"):
        words = line.split()
        at = address(words[0]) if len(words) == 6 else None
        if at is not None:
            # This table does not say whether an address was heard from lately.
            state = "complete" if words[2] == "0x2" else "incomplete"
            found.append({"address": at, "interface": words[5], "mac": words[3], "state": state})
    yield Fact("/network/neighbours", found)


def dns(text: str) -> Findings:
    """Read the resolver's file; no file is a fact (no servers), not a gap."""
    records = Records(text)
    servers: list[Json] = []
    search: list[Json] = []
    for line in records.lines("conf"):
        words = line.split("#")[0].split(";")[0].split()
        if len(words) > 1 and words[0] == "nameserver":
            server = address(words[1])
            if server is None:
                yield Missing("/network/dns/servers", f"cannot parse: nameserver {words[1]}")
            else:
                servers.append(server)
        elif words and words[0] in ("search", "domain"):
            search = list(words[1:])
    forwarders = _forwarders(records.lines("dnsmasq"), servers)
    if forwarders:
        yield Fact("/network/dns/forwarders", forwarders)
    yield Fact("/network/dns/servers", servers)
    yield Fact("/network/dns/search", search)
    yield Fact("/network/dns/source", records.first("source") or "")


def _forwarders(lines: list[str], servers: list[Json]) -> list[Json]:
    """Return whom dnsmasq asks: its own list, and without ``no-resolv`` the resolver's servers before it.

    ``server=/lan/10.0.0.1`` asks only about one domain, and is no forwarder for all names.
    """
    if not lines:
        return []
    own = [found for line in lines if (found := address(line.partition("=")[2].partition("#")[0].strip())) is not None]
    first: list[Json] = [] if any(line.startswith("no-resolv") for line in lines) else list(servers)
    return [*first, *own]


def hosts(text: str) -> Findings:
    """Read /etc/hosts: address → names."""
    found: dict[str, Json] = {}
    for line in text.split("\n"):
        words = line.split("#")[0].split()
        at = address(words[0]) if words else None
        if at is not None and len(words) > 1:
            known = found.get(at)
            found[at] = sorted({*(known if isinstance(known, list) else []), *words[1:]}, key=str)
    yield Fact("/network/hosts_file", found)


def ntp(text: str) -> Findings:
    """Read the time service: which one runs, whom it asks, whether it says that it is synchronised."""
    records = Records(text)
    daemon = records.first("daemon")
    servers: set[str] = set()
    for line in records.lines("timesyncd"):
        key, _, value = line.partition("=")
        if key.strip() == "NTP":
            servers |= set(value.split())
    for line in records.lines("ntp"):
        words = line.split("#")[0].split()
        if len(words) > 1 and words[0] in ("server", "pool", "peer"):
            servers.add(words[1])
    servers |= _peers(records.lines("arg"))
    yield Fact("/network/ntp/servers", in_order(servers))
    yield Fact("/network/ntp/daemon", "systemd-timesyncd" if daemon == "systemd-timesyn" else daemon or "none")
    yield from _synchronised(records)


def _peers(arguments: list[str]) -> set[str]:
    """Return the servers on the command line of BusyBox ntpd (``-p PEER``)."""
    return {after for word, after in pairwise(arguments) if word == "-p"}


def _synchronised(records: Records) -> Findings:
    chrony = (records.first("chrony") or "").split(",")
    offset = number(chrony[4]) if len(chrony) > 13 else None
    if offset is not None:
        yield Fact("/network/ntp/offset_ms", round(offset * 1000, 3))
        yield Fact("/network/ntp/synchronised", chrony[13] != "Not synchronised")
    elif records.first("synchronised") or "NTPSynchronized=yes" in records.lines("timedatectl"):
        yield Fact("/network/ntp/synchronised", value=True)
    elif "NTPSynchronized=no" in records.lines("timedatectl"):
        yield Fact("/network/ntp/synchronised", value=False)
    else:
        yield Missing("/network/ntp/synchronised", "no tool on this system: chronyc, timedatectl")
