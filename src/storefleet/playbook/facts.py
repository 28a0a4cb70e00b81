"""The common ``ansible_*`` names, made of the state document, so that what says `ansible_hostname` runs here."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping

from storefleet.model.base import Json

_FAMILIES = {
    **dict.fromkeys(("debian", "ubuntu", "raspbian", "linuxmint", "devuan", "kali"), "Debian"),
    **dict.fromkeys(("rhel", "centos", "rocky", "almalinux", "fedora", "ol"), "RedHat"),
    **dict.fromkeys(("sles", "opensuse-leap", "opensuse-tumbleweed"), "Suse"),
    "alpine": "Alpine",
    "arch": "Archlinux",
}
_NAMES = {
    "debian": "Debian",
    "ubuntu": "Ubuntu",
    "rhel": "RedHat",
    "centos": "CentOS",
    "alpine": "Alpine",
    "sles": "SLES",
}
_PACKAGES = {"Debian": "apt", "RedHat": "dnf", "Suse": "zypper", "Alpine": "apk", "Archlinux": "pacman"}


def ansible_facts(document: Json) -> dict[str, Json]:
    """Return the facts under both of Ansible's spellings: ``ansible_hostname`` and ``ansible_facts['hostname']``."""
    facts = {name: value for name, value in _facts(document).items() if value is not None}
    return {**{f"ansible_{name}": value for name, value in facts.items()}, "ansible_facts": dict(facts)}


def _facts(document: Json) -> dict[str, Json]:
    system, network = _part(document, "system"), _part(document, "network")
    hostname = system.get("hostname")
    name = str(hostname) if hostname is not None else None
    domain = name.partition(".")[2] if name else ""
    return {
        **_os(_part(system, "os")),
        **_interfaces(network),
        "hostname": name.partition(".")[0] if name else None,
        "nodename": name,
        "fqdn": name,
        "domain": domain,
        "kernel": system.get("kernel"),
        "architecture": system.get("arch"),
        "machine": system.get("arch"),
        "machine_id": system.get("machine_id"),
        "product_name": system.get("model"),
        "product_serial": system.get("serial"),
        "system": "Linux",
        "uptime_seconds": system.get("uptime_s"),
        "user_id": "root",
        "user_uid": 0,
        "user_dir": "/root",
        "env": {"HOME": "/root", "USER": "root", "LOGNAME": "root"},
        "service_mgr": "systemd" if _part(document, "services") else None,
        "dns": {"nameservers": _part(network, "dns").get("servers"), "search": _part(network, "dns").get("search")},
        "packages": _part(_part(document, "software"), "packages"),
    }


def _os(found: Mapping[str, Json]) -> dict[str, Json]:
    ident = str(found.get("id", ""))
    version = str(found.get("version", ""))
    words = str(found.get("name", ""))
    family = _FAMILIES.get(ident)
    return {
        "distribution": _NAMES.get(ident, ident.capitalize()) or None,
        "distribution_version": version or None,
        "distribution_major_version": version.partition(".")[0] or None,
        "distribution_release": words[words.find("(") + 1 : words.find(")")] if "(" in words else None,
        "os_family": family or (ident.capitalize() or None),
        "pkg_mgr": _PACKAGES.get(family or ""),
    }


def _interfaces(network: Mapping[str, Json]) -> dict[str, Json]:
    found: dict[str, Json] = {}
    names: list[Json] = []
    gateways = network.get("default_gateways")
    gateway = gateways[0] if isinstance(gateways, list) and gateways else None
    every: list[Json] = []
    for name, raw in _part(network, "interfaces").items():
        one = _interface(name, raw)
        names.append(name)
        found[name.replace("-", "_").replace(".", "_").replace("@", "_")] = one
        ipv4 = one.get("ipv4")
        if isinstance(ipv4, dict) and not str(ipv4.get("address")).startswith("127."):
            every.append(ipv4.get("address"))
        if isinstance(raw, dict) and raw.get("default_route") and isinstance(ipv4, dict):
            kept = {"interface": name, "alias": name, "gateway": gateway, "macaddress": one.get("macaddress")}
            found["default_ipv4"] = {**ipv4, **kept, "mtu": one.get("mtu")}
    return {**found, "interfaces": names, "all_ipv4_addresses": every}


def _interface(name: str, raw: Json) -> dict[str, Json]:
    part = raw if isinstance(raw, dict) else {}
    one: dict[str, Json] = {
        "device": name,
        "active": bool(part.get("link_up")),
        "macaddress": part.get("mac"),
        "mtu": part.get("mtu"),
    }
    addresses = part.get("addresses")
    for text in addresses if isinstance(addresses, list) else []:
        try:
            address = ipaddress.ip_interface(str(text))
        except ValueError:
            continue
        if address.version == 4 and "ipv4" not in one:
            net = address.network
            one["ipv4"] = {
                "address": str(address.ip),
                "netmask": str(net.netmask),
                "network": str(net.network_address),
                "broadcast": str(net.broadcast_address),
                "prefix": str(net.prefixlen),
            }
    return {key: value for key, value in one.items() if value is not None}


def _part(value: Json | Mapping[str, Json], name: str) -> dict[str, Json]:
    part = value.get(name) if isinstance(value, Mapping) else None
    return part if isinstance(part, dict) else {}
