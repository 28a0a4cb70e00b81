"""A fleet of thousands of stores is read in seconds: a tenth of one is held against loose limits of time and memory."""

from __future__ import annotations

import datetime
import time
import tracemalloc
from pathlib import Path

from storefleet.inventory.fleet import load_fleet
from storefleet.inventory.lint import lint

STORES = 500
SECONDS = 2
BYTES = 20 * 1024 * 1024


def test_hundreds_of_stores_are_read_and_linted_in_a_moment(tmp_path: Path):
    base = Path(__file__).parent / "cases" / "base" / "inventory"
    folder = tmp_path / "inventory"
    folder.mkdir()
    blueprint = (base / "blueprints.yaml").read_text()
    numbered = blueprint.replace("10.100.{{ store.number }}", "10.{{ store.number // 256 }}.{{ store.number % 256 }}")
    (folder / "blueprints.yaml").write_text(numbered)
    (folder / "credentials.yaml").write_text((base / "credentials.yaml").read_text())
    rows = [f"S{n:05d},Store {n},north,Europe/Berlin,store,{n},open,4" for n in range(STORES)]
    (folder / "stores.csv").write_text("\n".join(["store,name,region,timezone,format,number,status,tills", *rows]))
    started = time.process_time()
    fleet = load_fleet(tmp_path, datetime.date(2026, 11, 23))
    assert lint(fleet).complaints == ()
    assert time.process_time() - started < SECONDS
    assert len(fleet.hosts) == 5 * STORES
    tracemalloc.start()
    kept = load_fleet(tmp_path, datetime.date(2026, 11, 23))
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(kept.hosts) == 5 * STORES
    assert size < BYTES
