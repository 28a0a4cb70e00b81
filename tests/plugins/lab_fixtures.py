"""A lab's folder as ``lab up`` writes it, without a lab."""

from pathlib import Path

from storefleet.lab.place import LabPlace, LabRecord
from storefleet.lab.plan import build_plan

REPOSITORY = Path(__file__).parents[2]


def lab_folder(tmp_path: Path, stores: int = 3, tills: int = 2, kiosks: int = 1) -> tuple[LabPlace, LabRecord]:
    plan = build_plan(stores, tills, kiosks)
    place = LabPlace(tmp_path / "practice")
    (place.keys / "host").mkdir(parents=True)
    for device in plan.devices:
        (place.keys / "host" / f"{device.name}.pub").write_text(f"ssh-ed25519 AAAA{device.name} a comment\n")
    for name in ("till-read", "till-change", "kiosk", "router-shell", "router-password"):
        (place.keys / name).write_text("not a key\n")
        (place.keys / name).chmod(0o600)
    serials = {device.name: f"LAB{index:08X}" for index, device in enumerate(plan.devices)}
    return place, LabRecord("practice", (stores, tills, kiosks), "/nowhere", plan, serials)
