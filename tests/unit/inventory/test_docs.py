"""What the documentation shows is read as it says."""

from __future__ import annotations

import datetime
import re
import shutil
from pathlib import Path

from storefleet.inventory.fleet import load_fleet
from storefleet.inventory.lines import DeviceLine
from storefleet.inventory.stores import KNOWN
from storefleet.model.selection import parse

ROOT = Path(__file__).parents[3]
CASES = Path(__file__).parent / "cases"
HOWTO = (ROOT / "docs/howto/add-a-store.md").read_text()
REFERENCE = (ROOT / "docs/reference/inventory.md").read_text()
SELECTORS = (ROOT / "docs/reference/selectors.md").read_text()


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^ *```{language}\n(.*?)^ *```", text, re.DOTALL | re.MULTILINE)


def test_the_store_of_the_howto_and_its_override_are_read(tmp_path: Path):
    shutil.copytree(CASES / "base", tmp_path, dirs_exist_ok=True)
    inventory = tmp_path / "inventory"
    (inventory / "stores").mkdir()
    (inventory / "stores.csv").write_text(re.sub(r"^ +", "", blocks(HOWTO, "csv")[0], flags=re.MULTILINE))
    override = next(block for block in blocks(HOWTO, "yaml") if block.startswith("because"))
    (inventory / "stores" / "S0004.yaml").write_text(override.replace("  kiosk1:  absent\n", "  pos5: absent\n"))
    (inventory / "credentials.yaml").write_text(blocks(REFERENCE, "yaml")[0])
    fleet = load_fleet(tmp_path, datetime.date(2026, 11, 23))
    assert [host.device for host in fleet.hosts.values()] == ["router", "pos1", "pos2", "pos3", "router2"]
    assert [name for name, _ in fleet.credentials_for(fleet.hosts["S0004-router"], "read")] == ["router"]


def test_the_calendars_of_the_pages_are_read(tmp_path: Path):
    pages = {"reference": REFERENCE, "push": (ROOT / "docs/howto/push.md").read_text()}
    for name, page in pages.items():
        folder = tmp_path / name
        shutil.copytree(CASES / "base", folder)
        shown = next(block for block in blocks(page, "yaml") if "windows:" in block)
        (folder / "inventory" / "calendars.yaml").write_text(shown)
        fleet = load_fleet(folder, datetime.date(2026, 11, 23))
        assert fleet.calendars is not None
        assert [freeze.name for freeze in fleet.calendars.freezes] == ["year-end"]


def test_every_field_of_a_device_and_every_known_column_is_named():
    words = set(re.findall(r"[a-z_]+", REFERENCE))
    assert set(DeviceLine.__struct_fields__) - {"source"} <= words
    assert {name for name in KNOWN if name in {"store", "number", "jump", "tills", "sco", "status"}} <= words


def test_every_selector_of_the_table_can_be_read():
    table = [line for line in SELECTORS.splitlines() if line.startswith("| `")]
    shown = [text.replace("\\|", "|") for line in table for text in re.findall(r"`([^`]+)`", line.split(" | ")[0])]
    assert len(shown) > 15
    for text in shown:
        if text not in {"!=", "<", "<=", ">", ">=", "=~", "@FILE"}:
            parse(text)
