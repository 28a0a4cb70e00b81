"""What the machine must have is named once, and a lack is told in words."""

from pathlib import Path

import pytest

from storefleet.errors import LabError
from storefleet.lab import machine, rootfs
from storefleet.lab.machine import TOOLS, run, why_not

REPOSITORY = Path(__file__).parents[3]


def test_every_tool_comes_from_a_package_of_the_list():
    listed = set((REPOSITORY / "scripts" / "lab-packages.txt").read_text().split())
    assert set(TOOLS.values()) <= listed


def test_a_missing_tool_is_told_with_the_command_that_brings_it(monkeypatch):
    monkeypatch.setattr(machine, "_unfit_system", lambda: None)
    monkeypatch.setattr(machine.shutil, "which", lambda tool, path=None: None if tool == "nft" else f"/bin/{tool}")
    assert why_not() == "the practice fleet needs: apt-get install --no-install-recommends nftables"


def test_without_root_it_says_so(monkeypatch):
    monkeypatch.setattr(machine.os, "geteuid", lambda: 1000)
    assert why_not() == "the practice fleet needs root"


@pytest.mark.parametrize(
    ("release", "word"),
    [({"ID": "fedora", "PRETTY_NAME": "Fedora"}, "Fedora"), ({"ID": "debian", "VERSION_ID": "11"}, "Debian 11")],
)
def test_another_system_is_named(monkeypatch, release, word):
    monkeypatch.setattr(machine.os, "geteuid", lambda: 0)
    monkeypatch.setattr(machine.platform, "freedesktop_os_release", lambda: release)
    assert word in str(why_not())


def test_a_tool_that_fails_is_quoted_with_its_last_words():
    with pytest.raises(LabError, match=r"exit status 3: no such thing"):
        run(["sh", "-c", "echo no such thing >&2; exit 3"])


def test_the_machines_apt_sources_are_taken_for_its_release_only(monkeypatch, tmp_path):
    listing = tmp_path / "some.sources"
    listing.write_text("Types: deb\nSuites: bookworm\nURIs: http://one.example\n\nTypes: deb\nSuites: nodistro\n")
    monkeypatch.setattr(rootfs, "_apt_files", lambda: [listing])
    monkeypatch.setattr(rootfs, "_codename", lambda: "bookworm")
    assert "one.example" in rootfs.apt_sources()
    assert "nodistro" not in rootfs.apt_sources()


def test_a_machine_without_a_source_for_its_release_is_told(monkeypatch):
    monkeypatch.setattr(rootfs, "_apt_files", list)
    with pytest.raises(LabError, match="no apt source"):
        rootfs.apt_sources()
