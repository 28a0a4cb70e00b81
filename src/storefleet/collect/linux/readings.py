"""The probes of the Linux script: which function prints, which places of the document it answers for, who parses it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from storefleet.collect.app import app
from storefleet.collect.facts import Findings
from storefleet.collect.linux import (
    guards,
    hardware,
    interfaces,
    jobs,
    kernel,
    network,
    ports,
    reachable,
    security,
    software,
    system,
)
from storefleet.collect.plan import CollectPlan, Endpoint
from storefleet.collect.probes import Probe
from storefleet.collect.quote import command, quote_glob

KIB = 1024


@dataclass(frozen=True)
class Reading:
    """One frame of the script: ``call`` prints it, ``parse`` reads it, ``gives`` is unknown when it fails.

    ``raw`` output is a file's own text: no line of it is a record of ours.
    """

    id: str
    call: str
    gives: tuple[str, ...]
    parse: Callable[[str], Findings]
    cap: int = 512 * KIB
    light: bool = False
    charset: str | None = None
    raw: bool = False


_NETWORK = (
    Reading("interfaces", "p_interfaces", ("/network/interfaces",), interfaces.interfaces, light=True),
    Reading("routes", "p_routes", ("/network/routes", "/network/default_gateways"), network.routes, light=True),
    Reading("dns", "p_dns", ("/network/dns",), network.dns, light=True),
    Reading("hosts", "p_hosts", ("/network/hosts_file",), network.hosts, light=True, raw=True),
    Reading("neighbours", "p_neighbours", ("/network/neighbours",), network.neighbours, light=True),
    Reading("ntp", "p_ntp", ("/network/ntp",), network.ntp, light=True),
)
_SYSTEM = (
    Reading("system", "p_system", tuple(f"/system/{name}" for name in system.ALWAYS), system.system, light=True),
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
    if not plan.light:
        asked += [_jobs(plan), *_listed(plan)]
    measured = endpoints(plan)
    asked += [_application(index, probe, plan) for index, probe in enumerate(plan.probes) if probe.into]
    parse = partial(reachable.reachable, endpoints=measured)
    asked.append(Reading("reachable", "p_reachable", ("/ports/reachable",), parse))
    return tuple(asked)


def left_out(plan: CollectPlan) -> list[Reading]:
    """Return what a light collection does not ask; the document says so, since absent would be judged."""
    if not plan.light:
        return []
    return [*(reading for reading in FIXED if not reading.light), _jobs(plan), *_listed(plan)]


def endpoints(plan: CollectPlan) -> tuple[Endpoint, ...]:
    """Return what this host's role must reach, each place once, with the strictest TLS asked for."""
    found: dict[tuple[str, int], Endpoint] = {}
    for endpoint in plan.endpoints:
        if endpoint.from_ and plan.host.role not in endpoint.from_:
            continue
        place = (endpoint.host, endpoint.port)
        known = found.get(place)
        if known is None or (endpoint.tls or "") > (known.tls or ""):
            found[place] = endpoint
    return tuple(found.values())


def _jobs(plan: CollectPlan) -> Reading:
    """Return the frame of what runs by itself; the words of a command may hold a password."""
    return Reading("jobs", "p_jobs", (jobs.PLACE,), partial(jobs.jobs, key=plan.redaction_key))


def _application(index: int, probe: Probe, plan: CollectPlan) -> Reading:
    """Return the frame of one probe of ``probes.yaml``; one byte over the limit tells that there was more."""
    limit = probe.max_bytes + 1
    if probe.file is not None:
        call = command(("p_probe_file", str(probe.timeout_s), str(limit), probe.file))
    elif probe.stat is not None:
        call = command(("p_probe_stat", probe.stat))
    else:
        call = command(("p_probe_run", str(probe.timeout_s), *probe.run))
    parse = partial(app, probe=probe, key=plan.redaction_key)
    raw = probe.stat is None
    return Reading(f"app-{index}", call, (probe.into or "/app",), parse, cap=limit, charset=probe.encoding, raw=raw)


def _listed(plan: CollectPlan) -> list[Reading]:
    asked: list[Reading] = []
    if plan.certificates:
        call = "p_certificates " + command(plan.certificates)
        asked.append(Reading("certificates", call, ("/security/certificates",), guards.certificates))
    for index, watched in enumerate(plan.watch):
        call = f"p_files {watched.max_bytes} " + " ".join(map(quote_glob, watched.files))
        asked.append(Reading(f"files-{index}", call, ("/files",), kernel.files))
    return asked
