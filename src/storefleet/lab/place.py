"""Where a lab keeps its things, and the record of what it is; shared by the operator's side and the supervisor."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from storefleet.errors import LabError
from storefleet.lab.network import WanSettings
from storefleet.lab.plan import LabPlan
from storefleet.lab.processes import only_one
from storefleet.model.base import Value


class LabRecord(Value, frozen=True):
    """What a lab was made of; written once by ``up``.

    ``shape`` is stores, tills, kiosks; ``layer``, where there is one, lies over the file system of every till.
    """

    name: str
    shape: tuple[int, int, int]
    rootfs: str
    plan: LabPlan
    serials: dict[str, str]
    layer: str = ""


class LabState(Value, frozen=True):
    """What was done to a lab since: faults per host, lines that are not as new, devices without power."""

    faults: Mapping[str, Sequence[str]] = msgspec.field(default_factory=dict)
    wan: Mapping[str, WanSettings] = msgspec.field(default_factory=dict)
    unplugged: Sequence[str] = ()


class LabPlace:
    """The folder of one lab and the paths inside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.record_file = folder / "lab.json"
        self.state_file = folder / "state.json"
        self.keys = folder / "keys"
        self.fleet = folder / "fleet"
        self.devices = folder / "devices"
        self.pid_file = folder / "supervisor.pid"
        self.log = folder / "supervisor.log"
        self.socket = folder / "control"

    @property
    def cgroup(self) -> str:
        """The name of the lab's cgroup; the folder's hash keeps two work trees' labs of one name apart."""
        return f"storefleet-lab-{self.folder.name}-{hashlib.sha256(str(self.folder).encode()).hexdigest()[:8]}"

    def record(self) -> LabRecord:
        """Return what the lab was made of; a :class:`LabError` where there is no such lab."""
        try:
            return msgspec.json.decode(self.record_file.read_bytes(), type=LabRecord)
        except (FileNotFoundError, NotADirectoryError):
            raise LabError(f"there is no lab {self.folder.name!r} here; make it with: storefleet lab up") from None

    def state(self) -> LabState:
        """Return what was done to the lab since it was made."""
        if not self.state_file.exists():
            return LabState()
        return msgspec.json.decode(self.state_file.read_bytes(), type=LabState)

    def change(self, function: Callable[[LabState], LabState]) -> None:
        """Replace the state by what ``function`` makes of it, with no other process in between."""
        with only_one(self.folder / "state.lock"):
            self.save(function(self.state()))

    def save(self, value: LabRecord | LabState) -> None:
        """Write a record or state whole or not at all."""
        target = self.record_file if isinstance(value, LabRecord) else self.state_file
        partial = target.with_name(target.name + ".new")
        partial.write_bytes(msgspec.json.format(msgspec.json.encode(value)) + b"\n")
        partial.replace(target)
