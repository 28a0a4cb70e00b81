"""Hosts for measuring: recorded ones of the practice fleet, many times over under other names and in other states."""

from __future__ import annotations

import contextlib
import copy
import hashlib
import io
import shutil
from pathlib import Path

from bench.big_fleet import DEVICES
from storefleet.cli.main import call
from storefleet.drift.compare import CONFIG
from storefleet.model.base import Json
from storefleet.model.state import StateDocument
from storefleet.storage import Database
from storefleet.workflows.snapshots import parts

ROOT = Path(__file__).resolve().parent.parent
LIKE_NUMBER = 987654321
"""The state of the hosts from which those like them are made, found again in their texts."""


def recorded(folder: Path) -> tuple[StateDocument, StateDocument]:
    """Return the documents of a till and of a router of the practice fleet, as an audit of its recording keeps them."""
    fleet = folder / "recorded"
    shutil.copytree(ROOT / "recordings" / "fleet", fleet, ignore=shutil.ignore_patterns("var"))
    words = ["audit", "--fleet", str(fleet), "--replay", str(ROOT / "recordings" / "mended"), "--report"]
    with contextlib.redirect_stdout(io.StringIO()):
        call([*words, f"text:{fleet / 'x'}"])
    with Database.open(f"sqlite:///{fleet / 'var' / 'storefleet.db'}") as database:
        found = [database.last_document(name) for name in ("S0001-pos1", "S0001-router")]
    till, router = found
    assert till is not None
    assert router is not None
    return till, router


class Hosts:
    """Hosts that each are a recorded one, under its own name; of some the application changes, of some a package."""

    def __init__(self, till: StateDocument, router: StateDocument) -> None:
        self.shapes = till.to_json(), router.to_json()
        self.changed: dict[str, int] = {}
        self.likes: dict[str, dict[str, str]] = {}

    def document(self, store: str, host: str) -> StateDocument:
        """Return what the host shows tonight; the last device of a store is a router."""
        shape = self.shapes[host.endswith(f"pos{DEVICES}")]
        number = self.changed.get(host, 0)
        head = {"host": host, "store": store, "collected_at": "2026-01-01T01:00:00Z"}
        document = StateDocument.from_json({**copy.copy(shape), **head})
        facts = dict(document.facts)
        facts["system"] = {
            **_mapping(facts["system"]),
            "hostname": host,
            "machine_id": _hash(host),
        }
        if "config" in facts:
            config = _mapping(facts["config"])
            running = _mapping(config["running"])
            lines = f"hostname {host}\nip route 10.9.0.0/16 blackhole tag {number}\n"
            facts["config"] = {**config, "running": {**running, "text": lines + str(running["text"])}}
        elif host.endswith(("pos1", "pos2")):
            facts["app"] = {**_mapping(facts.get("app", {})), "client": {"build": number, "terminal": host}}
        else:
            software = _mapping(facts["software"])
            packages = {**_mapping(software["packages"]), "bash": f"5.2.15-2+b{number}"}
            facts["software"] = {**software, "packages": packages}
        return StateDocument.from_json({**document.to_json(), **facts})

    def files(self, host: str) -> dict[str, str]:
        """Return the files of the host in the archive: those of one like it, with its own name and state put in."""
        kind = host[-1]
        if kind not in self.likes:
            like = f"LIKE-pos{kind}"
            self.changed[like] = LIKE_NUMBER
            self.likes[kind] = parts(self.document("LIKE", like))
        marks = {
            f"LIKE-pos{kind}": host,
            _hash(f"LIKE-pos{kind}"): _hash(host),
            str(LIKE_NUMBER): str(self.changed.get(host, 0)),
        }
        found = dict(self.likes[kind])
        for name in ("system", "app", "software", CONFIG):
            for mark, own in marks.items():
                if name in found:
                    found[name] = found[name].replace(mark, own)
        return found


def _hash(host: str) -> str:
    return hashlib.md5(host.encode(), usedforsecurity=False).hexdigest()


def _mapping(facts: Json) -> dict[str, Json]:
    assert isinstance(facts, dict)
    return facts
