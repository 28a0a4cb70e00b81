"""A fleet of the size that chains have: thousands of stores with five devices each."""

from __future__ import annotations

import shutil
from pathlib import Path

from bench.fleet import AUDIT, PROBES

DEVICES = 5

_BLUEPRINT = """\
intended:
  subnet: "10.{{ 100 + store.number // 256 }}.{{ store.number % 256 }}.0/24"
  address: 10.101.0.11/24
  gateway: 10.101.0.1
  dns: [127.0.0.53]
  forwarding: "{{ '1' if store.number % 10 == 0 else '0' }}"
  endpoints:
    - {name: e0, host: pay.hq.example,   port: 8443, from: [till]}
    - {name: e1, host: pay2.hq.example,  port: 8443, from: [till]}
    - {name: e2, host: price.hq.example, port: 8443, from: [till]}
devices:
  till: {role: till, platform: linux}
formats:
  five:
    pos{store.tills}: {kind: till, address: "{{ intended.subnet | nth_host(10 + n) }}", label: "Till {{ n }}"}
"""
_CREDENTIALS = """\
credentials:
  till-read: {user: root, key: {file: /nowhere/key}}
use:
  - {hosts: "role=till", read: till-read}
"""


def write_big_fleet(folder: Path, stores: int) -> None:
    """Write a fleet folder of so many stores with five tills each."""
    (folder / "inventory").mkdir(parents=True)
    (folder / "audits").mkdir()
    shutil.copy(AUDIT, folder / "audits" / AUDIT.name)
    rows = (f"S{n:05d},Store {n},north,Europe/Berlin,five,{n},open,{DEVICES}\n" for n in range(1, stores + 1))
    texts = {
        "storefleet.yaml": "network: {workers: 50, per_store: 5, connects_per_second: 10000}\n",
        "inventory/blueprints.yaml": _BLUEPRINT,
        "inventory/probes.yaml": PROBES,
        "inventory/credentials.yaml": _CREDENTIALS,
        "inventory/known_hosts": "",
        "inventory/stores.csv": "store,name,region,timezone,format,number,status,tills\n" + "".join(rows),
    }
    for name, text in texts.items():
        (folder / name).write_text(text)
