"""A folder of its own for each host below ``/srv/tills``: as the playbook finds it, and as it must leave it."""

from __future__ import annotations

import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from bench.fleet import host_name
from bench.sides import HERE, BenchError
from bench.till import TILLS, Till

PLACE = "srv/tills"
PLAYBOOK = HERE / "playbook"

_FOUND = {
    "pos.ini": (0o644, "[acquirer]\nhost = pay.old.example\nport = 8443\n"),
    "journal.ini": (0o644, "[journal]\nkeep = 90\n"),
    "hosts": (0o644, "127.0.0.1 localhost\n"),
    "client.key": (0o644, "not a key\n"),
    "pos.old": (0o644, "[acquirer]\nhost = pay.older.example\n"),
}
_PRINTERS = (PLAYBOOK / "files/printers.ini").read_text()
_RECEIPT = """\
# Receipt of NAME
[receipt]
till = NAME
width = 42
footer = Thank you
[payment]
host = pay.hq.example
port = 8443
[means.cash]
order = 1
[means.card]
order = 2
[means.voucher]
order = 3
"""
_LEFT = {
    "pos.d": (0o755, ""),
    "pos.d/printers.ini": (0o644, _PRINTERS),
    "pos.d/receipt.ini": (0o640, _RECEIPT),
    "pos.ini": (0o644, "[acquirer]\nhost = pay.hq.example\nport = 8443\n"),
    "journal.ini": (0o644, "[journal]\nkeep = 90\noffline = yes\n"),
    "hosts": (
        0o644,
        (
            "127.0.0.1 localhost\n# BEGIN ANSIBLE MANAGED BLOCK\n10.1.1.1 pay.hq.example\n10.1.1.2 price.hq.example\n"
            "# END ANSIBLE MANAGED BLOCK\n"
        ),
    ),
    "client.key": (0o600, "not a key\n"),
    "printers.index": (0o644, _PRINTERS),
}


def set_out(tills: list[Till], hosts: int) -> None:
    """Put every host's folder back to what the playbook changes all of."""
    for till in tills:
        shutil.rmtree(till.inside(PLACE), ignore_errors=True)
    for _, folder in _folders(tills, hosts):
        folder.mkdir(parents=True)
        folder.chmod(0o755)
        for name, (mode, text) in _FOUND.items():
            (folder / name).write_text(text)
            (folder / name).chmod(mode)


def refuse_unless_done(tills: list[Till], hosts: int, side: str) -> None:
    """Raise unless every host's folder holds exactly what the playbook means, contents and modes."""
    for name, folder in _folders(tills, hosts):
        found = {
            str(path.relative_to(folder)): (
                stat.S_IMODE(path.stat().st_mode),
                path.read_text().replace(name, "NAME") if path.is_file() else "",
            )
            for path in folder.rglob("*")
        }
        other = sorted(key for key in {*found, *_LEFT} if found.get(key) != _LEFT.get(key))
        if other:
            raise BenchError(f"{side} left {name} otherwise than the playbook says: {other[0]}: {found.get(other[0])}")


def _folders(tills: list[Till], hosts: int) -> Iterator[tuple[str, Path]]:
    for number in range(1, hosts + 1):
        name = host_name(number)
        yield name, tills[number % TILLS].inside(PLACE) / name
