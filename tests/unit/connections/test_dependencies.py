"""What is installed is what was chosen: no release with a known hole can slip in."""

from __future__ import annotations

import tomllib
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import Version

PROJECT = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())["project"]
RANGES = {wish.name: wish.specifier for wish in map(Requirement, PROJECT["dependencies"])}


def test_no_paramiko_before_strict_key_exchange_is_admitted():
    assert Version(metadata.version("paramiko")) in RANGES["paramiko"]
    for holed in ("2.12.0", "3.3.1", "3.4.0"):  # Terrapin (CVE-2023-48795) is answered from 3.4 on
        assert Version(holed) not in RANGES["paramiko"]


def test_every_dependency_is_installed_within_the_range_that_was_tried():
    outside = {name: metadata.version(name) for name, ranges in RANGES.items() if metadata.version(name) not in ranges}
    assert outside == {}
