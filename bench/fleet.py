"""The bench's own fleet folder: stores.csv by blueprint, thirty controls, one pinned key per host name."""

from __future__ import annotations

import shutil
from pathlib import Path

from bench.till import ENDPOINT_PORT, ENDPOINTS, SUBNET, address
from storefleet.lab.keys import public_key, ssh_key

AUDIT = Path(__file__).parent / "till-nightly.yaml"

_BLUEPRINT = """\
intended:
  subnet: "{subnet}"
  address: 10.101.0.11/24
  gateway: 10.101.0.1
  dns: [127.0.0.53]
  forwarding: "{{{{ '1' if store.number % 10 == 0 else '0' }}}}"   # so that one till in ten has a finding
  endpoints:
{endpoints}
devices:
  till: {{role: till, platform: linux}}
formats:
  one:
    pos{{store.tills}}: {{kind: till, address: "{{{{ intended.subnet | nth_host(10 + n) }}}}"}}
"""
PROBES = """\
probes:
  - id: pos-settings
    applies_to: "role=till"
    read: {file: /opt/pos/etc/pos.ini, max: 64KiB}
    parse: ini
    take: {version: main/version, host: acquirer/host, port: "acquirer/port:int"}
    into: /app/pos
watch:
  - {hosts: "role=till", files: [/opt/pos/etc/*.ini, /etc/hosts, /etc/resolv.conf], max: 256KiB}
"""


def make_keys(folder: Path) -> None:
    """Make the till's host key and the key that every contestant logs in with."""
    folder.mkdir(parents=True)
    for name in ("host", "client"):
        ssh_key(folder / name, f"storefleet bench {name}")


def host_name(number: int) -> str:
    """Return the name of the ``number``-th host."""
    return f"S{number:05d}-pos1"


def write_fleet(folder: Path, keys: Path, hosts: int, user: str) -> None:
    """Write a fleet of ``hosts`` stores with one till each, ready for ``storefleet audit``."""
    (folder / "inventory").mkdir(parents=True)
    (folder / "audits").mkdir()
    shutil.copy(AUDIT, folder / "audits" / AUDIT.name)
    endpoints = "\n".join(
        f"    - {{name: e{n}, host: {name}, port: {ENDPOINT_PORT}, from: [till]}}" for n, name in enumerate(ENDPOINTS)
    )
    key = public_key(keys / "host")
    numbers = range(1, hosts + 1)
    become = ", become: sudo" if user != "root" else ""
    texts = {
        "storefleet.yaml": "network: {workers: 50, per_store: 2, connects_per_second: 10000}\n",
        "inventory/blueprints.yaml": _BLUEPRINT.format(subnet=SUBNET, endpoints=endpoints),
        "inventory/probes.yaml": PROBES,
        "inventory/credentials.yaml": "credentials:\n"
        f"  till-read: {{user: {user}, key: {{file: {keys / 'client'}}}{become}}}\n"
        'use:\n  - {hosts: "role=till", read: till-read, change: till-read}\n',
        "inventory/stores.csv": "store,name,region,timezone,format,number,status,tills\n"
        + "".join(f"S{n:05d},Store {n},north,Europe/Berlin,one,{n},open,1\n" for n in numbers),
        "inventory/known_hosts": "".join(f"{host_name(n)} {key}\n" for n in numbers),
        "hosts.txt": "".join(f"{host_name(n)} {address(n)}\n" for n in numbers),
        "known_addresses": "".join(f"{address(n)} {key}\n" for n in numbers),
    }
    for name, text in texts.items():
        (folder / name).write_text(text)
