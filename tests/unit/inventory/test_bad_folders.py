"""Every folder of ``cases/bad`` is refused with exactly the complaints of its ``expected.txt``.

A case is a folder that is laid over ``cases/base``; ``pytest --update-goldens`` writes what is said now.
"""

from __future__ import annotations

import datetime
import shutil
from pathlib import Path

import pytest

from storefleet.errors import InputError
from storefleet.inventory.fleet import load_fleet
from storefleet.inventory.lint import lint

CASES = Path(__file__).parent / "cases"
TODAY = datetime.date(2026, 11, 23)


def laid_over(case: Path, target: Path) -> Path:
    shutil.copytree(CASES / "base", target, dirs_exist_ok=True)
    shutil.copytree(case, target, dirs_exist_ok=True)
    return target


def said(folder: Path) -> str:
    with pytest.raises(InputError) as caught:
        load_fleet(folder, TODAY)
    return str(caught.value) + "\n"


@pytest.mark.parametrize("case", sorted((CASES / "bad").iterdir()), ids=lambda case: case.name)
def test_a_bad_folder_is_refused_with_every_complaint_at_its_line(case: Path, tmp_path: Path, golden):
    text = said(laid_over(case, tmp_path / "fleet"))
    golden(str(case / "expected.txt"), text)
    assert "s3cr3t" not in text


@pytest.mark.parametrize("case", sorted((CASES / "lint").iterdir()), ids=lambda case: case.name)
def test_fleet_lint_says_what_cannot_be_and_what_will_surprise(case: Path, tmp_path: Path, golden):
    found = lint(load_fleet(laid_over(case, tmp_path / "fleet"), TODAY))
    lines = [f"error {each}" for each in found.complaints] + [f"warning {each}" for each in found.warnings]
    golden(str(case / "expected.txt"), "".join(f"{line}\n" for line in lines))


def test_the_base_of_all_cases_is_clean(tmp_path: Path):
    fleet = load_fleet(laid_over(CASES / "base", tmp_path / "fleet"), TODAY)
    assert list(fleet.hosts) == ["S0001-router", "S0001-pos1", "S0001-pos2", "S0002-router", "S0002-pos1", "S0002-pos3"]
    found = lint(fleet, pinned=set(fleet.hosts))
    assert (fleet.warnings, found.complaints, found.warnings) == ((), (), ())


def test_forty_thousand_brackets_are_refused_at_the_first_limit(tmp_path: Path):
    folder = laid_over(CASES / "base", tmp_path / "fleet")
    (folder / "inventory" / "blueprints.yaml").write_text("intended: " + "[" * 40_000 + "]" * 40_000)
    assert "inventory/blueprints.yaml:1: nested deeper than 64 levels" in said(folder)


def test_a_file_that_is_not_utf8_is_refused_at_its_line(tmp_path: Path):
    folder = laid_over(CASES / "base", tmp_path / "fleet")
    (folder / "inventory" / "stores.csv").write_bytes("store,name\nS0001,Köln\n".encode("latin-1"))
    assert said(folder) == "inventory/stores.csv:2: not UTF-8 here; save the file as UTF-8\n"


def test_a_folder_without_stores_and_hosts_is_refused(tmp_path: Path):
    assert "stores.csv: is missing" in said(tmp_path)
