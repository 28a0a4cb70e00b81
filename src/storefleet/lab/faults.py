"""Every fault of the practice fleet, by name."""

from __future__ import annotations

from storefleet.errors import LabError
from storefleet.lab.fault import Fault
from storefleet.lab.faults_network import NETWORK_FAULTS
from storefleet.lab.faults_system import SYSTEM_FAULTS

FAULTS: dict[str, Fault] = {fault.name: fault for fault in (*NETWORK_FAULTS, *SYSTEM_FAULTS)}


def find_fault(name: str) -> Fault:
    """Return a fault by name; a :class:`LabError` lists those there are."""
    if name not in FAULTS:
        raise LabError(f"no fault {name!r}; there are {', '.join(FAULTS)}")
    return FAULTS[name]
