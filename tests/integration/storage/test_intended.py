"""What is intended of routers is kept beside what was seen of them, and is lost alone where git refuses it."""

from __future__ import annotations

import pytest
from audit_factory import run_info

from storefleet.errors import StorageError
from storefleet.storage.snapshots import INTENDED, OBSERVED, Snapshots
from storefleet.workflows.archive import Archive

FOLDER = "S0001/S0001-router"


@pytest.fixture
def snapshots(tmp_path):
    found = Snapshots(tmp_path / "var" / "snapshots.git")
    (tmp_path / "var").mkdir()
    found.make()
    return found


def archive(snapshots, text):
    found = Archive(snapshots, snapshots.begin(), intended={FOLDER: text})
    found.night.keep(FOLDER, {"system": f"/system/hostname = {text}\n"})
    return found


def test_two_audits_at_once_keep_what_both_intend_and_the_later_word_stands(snapshots):
    one, other, last = (archive(snapshots, text) for text in ("log a\n", "log a\n", "log b\n"))
    for each in (one, other, last):
        each.end(run_info(), [])
        assert each.faults == []
    assert snapshots.text(f"{FOLDER}/running-config", INTENDED) == "log b\n"
    assert len(snapshots.commits(ref=INTENDED)) == 2, "what is as it was is none of its history"
    assert len(snapshots.commits(ref=OBSERVED)) == 3


def test_what_was_seen_is_kept_where_what_was_intended_cannot_be(snapshots, monkeypatch):
    def refuse(self, ref=OBSERVED):
        raise StorageError("git refuses")

    found = archive(snapshots, "log a\n")
    monkeypatch.setattr(Snapshots, "tree", refuse)
    found.end(run_info(), [])
    assert found.faults == ["what was intended of routers in this run is not kept: git refuses"]
    assert not found.failed
    assert len(snapshots.commits(ref=OBSERVED)) == 1
