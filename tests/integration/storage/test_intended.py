"""What is intended of routers is kept beside what was seen of them, and is lost alone where git refuses it."""

from __future__ import annotations

from audit_factory import run_info

from storefleet.errors import StorageError
from storefleet.storage.snapshots import INTENDED, OBSERVED, Snapshots
from storefleet.workflows.archive import Archive

FOLDER = "S0001/S0001-router"


def begun(snapshots, text):
    found = Archive(snapshots, snapshots.begin(), intended={FOLDER: text})
    found.night.keep(FOLDER, {"system": f"/system/hostname = {text}\n"})
    return found


def test_two_audits_at_once_keep_what_both_intend_and_the_later_word_stands(archive):
    one, other, last = (begun(archive, text) for text in ("log a\n", "log a\n", "log b\n"))
    for each in (one, other, last):
        each.end(run_info(), [])
        assert each.faults == []
    assert archive.text(f"{FOLDER}/running-config", INTENDED) == "log b\n"
    assert len(archive.commits(ref=INTENDED)) == 2, "what is as it was is none of its history"
    assert len(archive.commits(ref=OBSERVED)) == 3


def test_what_was_seen_is_kept_where_what_was_intended_cannot_be(archive, monkeypatch):
    def refuse(self, ref=OBSERVED):
        raise StorageError("git refuses")

    found = begun(archive, "log a\n")
    monkeypatch.setattr(Snapshots, "tree", refuse)
    found.end(run_info(), [])
    assert found.faults == ["what was intended of routers in this run is not kept: git refuses"]
    assert not found.failed
    assert len(archive.commits(ref=OBSERVED)) == 1
