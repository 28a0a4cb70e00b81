"""The probes of the Linux script: which function prints, which places of the document it answers for, who parses it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from storefleet.collect.facts import Findings
from storefleet.collect.linux import guards, hardware, interfaces, kernel, network, ports, security, software, system
from storefleet.collect.plan import CollectPlan
from storefleet.collect.quote import command, quote_glob

KIB = 1024


@dataclass(frozen=True)
class Reading:
    """One frame of the script: ``call`` prints it, ``parse`` reads it, ``gives`` is unknown when it fails."""

    id: str
    call: str
    gives: tuple[str, ...]
    parse: Callable[[str], Findings]
    cap: int = 512 * KIB
    light: bool = False


_NETWORK = (
    Reading("interfaces", "p_interfaces", ("/network/interfaces",), interfaces.interfaces, light=True),
    Reading("routes", "p_routes", ("/network/routes", "/network/default_gateways"), network.routes, light=True),
    Reading("dns", "p_dns", ("/network/dns",), network.dns, light=True),
    Reading("hosts", "p_hosts", ("/network/hosts_file",), network.hosts, light=True),
    Reading("neighbours", "p_neighbours", ("/network/neighbours",), network.neighbours, light=True),
    Reading("ntp", "p_ntp", ("/network/ntp",), network.ntp, light=True),
)
_SYSTEM = (
    Reading("system", "p_system", ("/system",), system.system, light=True),
    Reading("listening", "p_listening", ("/ports/listening",), ports.listening, light=True),
    Reading("services", "p_services", ("/services",), software.services, light=True),
    Reading("packages", "p_packages", ("/software",), software.packages, cap=2048 * KIB),
)
_SECURITY = (
    Reading("users", "p_users", ("/security/users", "/security/authorized_keys"), security.users),
    Reading("sshd", "p_sshd", ("/security/sshd",), guards.sshd),
    Reading("firewall", "p_firewall", ("/security/firewall",), guards.firewall),
)
_HARDWARE = (
    Reading("sysctl", "p_sysctl " + command(kernel.SYSCTL), ("/kernel/sysctl",), kernel.sysctl),
    Reading("modules", "p_modules", ("/kernel/modules",), kernel.modules),
    Reading("storage", "p_storage", ("/hardware/storage",), hardware.storage, light=True),
    Reading(
        "devices",
        "p_devices",
        ("/hardware/usb", "/hardware/serial", "/hardware/printers", "/hardware/temperature"),
        hardware.devices,
    ),
)
FIXED = (*_SYSTEM, *_NETWORK, *_SECURITY, *_HARDWARE)


def readings(plan: CollectPlan) -> tuple[Reading, ...]:
    """Return the probes that this plan asks for, in the order of the script."""
    asked = [reading for reading in FIXED if reading.light or not plan.light]
    if plan.light:
        return tuple(asked)
    if plan.certificates:
        call = "p_certificates " + command(plan.certificates)
        asked.append(Reading("certificates", call, ("/security/certificates",), guards.certificates))
    for index, watched in enumerate(plan.watch):
        call = f"p_files {watched.max_bytes} " + " ".join(map(quote_glob, watched.files))
        asked.append(Reading(f"files-{index}", call, ("/files",), kernel.files))
    return tuple(asked)
