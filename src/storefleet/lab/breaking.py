"""Breaking and mending: faults put on devices of a running lab, remembered, and taken off again."""

from __future__ import annotations

from contextlib import suppress

import msgspec

from storefleet.errors import LabError
from storefleet.lab.access import RunningLab
from storefleet.lab.fault import Fault, Part, fault_script
from storefleet.lab.faults import find_fault
from storefleet.lab.keys import certificate
from storefleet.lab.network import WanSettings
from storefleet.lab.place import LabState


def break_one(lab: RunningLab, name: str, target: str) -> str:
    """Inject a fault and return the host that has it now; one that is there already is left as it is."""
    fault = find_fault(name)
    host = _host_for(lab, fault, target)
    if name not in lab.place.state().faults.get(host, []):
        try:
            _act(lab, fault, host, "inject")
        except LabError:
            with suppress(LabError):
                _act(lab, fault, host, "undo")
            raise
        _remember(lab, host, [*lab.place.state().faults.get(host, []), name])
    return host


def mend(lab: RunningLab, target: str, name: str | None = None) -> list[str]:
    """Undo the faults of a host or a store, the last one first, or only ``name``; return those undone."""
    hosts = [lab.plan.device(target).name] if "-" in target else [d.name for d in lab.plan.store(target).devices]
    undone = []
    for host in hosts:
        present = [fault for fault in lab.place.state().faults.get(host, []) if name in (None, fault)]
        # Power first: without it nothing else on the device can be undone.
        for fault in [one for one in present if one == "power"] + [one for one in present[::-1] if one != "power"]:
            _act(lab, find_fault(fault), host, "undo")
            _remember(lab, host, [other for other in lab.place.state().faults.get(host, []) if other != fault])
            undone.append(fault)
    return undone


def evident(lab: RunningLab, name: str, host: str) -> bool:
    """Tell whether a fault shows, asked on the device itself."""
    fault, device = find_fault(name), lab.plan.device(host)
    if name == "power":
        return lab.status()[host] == "off"
    if name == "wan-down":
        return not lab.place.state().wan.get(device.store, WanSettings()).up
    script = fault_script(fault, "evident", device, lab.plan.store(device.store))
    return lab.enter(host, ["sh", "-u"], stdin=script).returncode == 0


def _host_for(lab: RunningLab, fault: Fault, target: str) -> str:
    """Return the host a fault goes to; a store stands for its router."""
    device = lab.plan.device(target) if "-" in target else lab.plan.store(target).router
    if device.kind not in fault.kinds:
        raise LabError(f"{fault.name} is a fault of a {' or '.join(fault.kinds)}; {target} is a {device.kind}")
    return device.name


def _act(lab: RunningLab, fault: Fault, host: str, part: Part) -> None:
    device = lab.plan.device(host)
    if fault.name == "power":
        (lab.power_cut if part == "inject" else lab.plug_in)(host)
        return
    if fault.name == "wan-down":
        lab.wan(device.store, up=part != "inject")
        return
    extra = _short_certificate(lab, host) if fault.name == "cert-expiring" and part == "inject" else {}
    script = fault_script(fault, part, device, lab.plan.store(device.store), extra)
    done = lab.enter(host, ["sh", "-eu"], stdin=script)
    if done.returncode:
        words = (done.stderr or done.stdout).strip()[-500:]
        raise LabError(f"{fault.name} on {host}: {part} ended with {done.returncode}: {words}")


def _remember(lab: RunningLab, host: str, present: list[str]) -> None:
    def change(state: LabState) -> LabState:
        others = {other: names for other, names in state.faults.items() if other != host}
        return msgspec.structs.replace(state, faults={**others, host: present} if present else others)

    lab.place.change(change)


def _short_certificate(lab: RunningLab, host: str) -> dict[str, str]:
    """Issue a certificate for a till that ends soon; the authority's key never leaves the lab's folder."""
    certificate(lab.place.keys, f"{host}-short", host, "extendedKeyUsage=clientAuth", days=5)
    names = {"CERTIFICATE": f"{host}-short.crt", "KEY": f"{host}-short.key"}
    return {variable: (lab.place.keys / name).read_text().strip() for variable, name in names.items()}
