"""The fleet folder of a lab: the repository's own inventory, audits and playbooks, with what only this lab can know."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from storefleet.errors import LabError
from storefleet.lab.keys import public_key
from storefleet.lab.place import LabPlace, LabRecord
from storefleet.lab.plan import LabPlan
from storefleet.lab.provision import MODELS

COPIED = ("inventory", "audits", "playbooks")


def write_fleet(source: Path, place: LabPlace, record: LabRecord) -> None:
    """Write ``place.fleet`` from the repository at ``source``, afresh each time.

    What runs left in its ``var`` stays, and so do the host keys it trusts: a key that an operator enrolled after a
    router was swapped is not forgotten by the next ``up``.
    """
    if not (source / "inventory" / "blueprints.yaml").is_file():
        raise LabError(f"{source} has no inventory/blueprints.yaml; run storefleet lab in a clone of the repository")
    place.fleet.mkdir(exist_ok=True)
    pinned = place.fleet / "inventory" / "known_hosts"
    trusted = pinned.read_text() if pinned.exists() else None
    _copy(source, place.fleet)
    inventory = place.fleet / "inventory"
    stores = {store.id for store in record.plan.stores}
    for override in (inventory / "stores").glob("*.yaml"):
        if override.stem not in stores:
            override.unlink()
    host_keys = {device.name: public_key(place.keys / "host" / device.name) for device in record.plan.devices}
    (inventory / "stores.csv").write_text(stores_csv(record.plan))
    (inventory / "devices.csv").write_text(devices_csv(record.plan, record.serials))
    (inventory / "credentials.yaml").write_text(credentials_yaml(place.keys))
    (inventory / "known_hosts").write_text(trusted or known_hosts(host_keys))
    blueprints = inventory / "blueprints.yaml"
    blueprints.write_text(with_maintenance_keys(blueprints.read_text(), place.keys))


NO_MAINTENANCE_KEYS = "maintenance_keys: []"


def with_maintenance_keys(text: str, keys: Path) -> str:
    """Fill the fingerprints of this lab's own maintenance keys into the repository's blueprint."""
    if NO_MAINTENANCE_KEYS not in text:
        raise LabError(f"inventory/blueprints.yaml has no line `{NO_MAINTENANCE_KEYS}` for the lab to fill in")
    prints = ", ".join(f'"{fingerprint(path.read_text())}"' for path in sorted(keys.glob("*.pub")))
    return text.replace(NO_MAINTENANCE_KEYS, f"maintenance_keys: [{prints}]")


def fingerprint(key: str) -> str:
    """Return the SHA-256 fingerprint of a public key in OpenSSH's own spelling."""
    digest = hashlib.sha256(base64.b64decode(key.split()[1])).digest()
    return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")


def _copy(source: Path, target: Path) -> None:
    for name in COPIED:
        if (source / name).is_dir():
            shutil.rmtree(target / name, ignore_errors=True)
            shutil.copytree(source / name, target / name)
    if (source / "storefleet.yaml").is_file():
        shutil.copy2(source / "storefleet.yaml", target)


def stores_csv(plan: LabPlan) -> str:
    """Return the lab's ``stores.csv``."""
    head = ("store", "name", "region", "timezone", "format", "number", "status", "tills", "kiosks", "wan_ip")
    rows = [
        (
            s.id,
            s.title,
            "north",
            "Europe/Berlin",
            "flat" if s.flat else "store",
            s.number,
            "open",
            s.lane_cell,
            s.kiosks,
            s.wan,
        )
        for s in plan.stores
    ]
    return _csv(head, rows)


def devices_csv(plan: LabPlan, serials: Mapping[str, str]) -> str:
    """Return the lab's asset register, one row per device with the serial number that the device itself shows."""
    head = ("host", "serial", "mac", "model", "asset", "installed_on", "status", "replaced_by", "ticket")
    rows = []
    for index, device in enumerate(plan.devices, start=1):
        model, asset = MODELS[device.kind], f"LAB-{index:04d}"
        rows.append((device.name, serials[device.name], device.mac, model, asset, "2026-01-15", "in_service", "", ""))
    return _csv(head, rows)


def known_hosts(host_keys: Mapping[str, str]) -> str:
    """Return pinned keys in OpenSSH's format, by the name of the host and never by its address."""
    return "".join(f"{name} {key}\n" for name, key in sorted(host_keys.items()))


def credentials_yaml(keys: Path) -> str:
    """Return the lab's ``credentials.yaml``: the repository's names, with this lab's key files."""
    return f"""\
# names and sources only; the secrets themselves were made by `storefleet lab up` and go with `storefleet lab down`
credentials:
  till-read:    {{user: sf-read,   key: {{file: "{keys}/till-read"}},    become: sudo}}
  till-change:  {{user: sf-change, key: {{file: "{keys}/till-change"}},  become: sudo}}
  kiosk-read:   {{user: root,      key: {{file: "{keys}/kiosk"}}}}
  router-read:  {{user: sf,        password: {{file: "{keys}/router-password"}}}}
  router-shell: {{user: sf-shell,  key: {{file: "{keys}/router-shell"}}, become: sudo}}
use:
  - {{hosts: "role=till",   read: till-read,   change: till-change}}
  - {{hosts: "role=kiosk",  read: kiosk-read,  change: kiosk-read}}
  - {{hosts: "role=router", read: router-read, change: router-read, shell: router-shell}}
lockout: {{per_host: 2, fleet: 5}}
"""


def _csv(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)
    return text.getvalue()
