"""A reader sees the old content or the new; a failure leaves the old file and nothing else."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from storefleet.documents import files
from storefleet.documents.files import write_atomically
from storefleet.errors import StorageError


def test_a_file_is_written_with_its_own_mode_whatever_the_umask(tmp_path: Path):
    old = os.umask(0o077)
    try:
        write_atomically(tmp_path / "f", "Köln\n", 0o664)
    finally:
        os.umask(old)
    assert (tmp_path / "f").read_bytes() == "Köln\n".encode()
    assert stat.S_IMODE((tmp_path / "f").stat().st_mode) == 0o664
    write_atomically(tmp_path / "f", b"\x00new")
    assert (tmp_path / "f").read_bytes() == b"\x00new"
    assert stat.S_IMODE((tmp_path / "f").stat().st_mode) == 0o640


@pytest.mark.parametrize("broken", ["fsync", "fchmod"])
def test_a_failure_leaves_the_old_file_and_no_temporary_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
):
    path = tmp_path / "f"
    path.write_text("old")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, broken, fail)
    with pytest.raises(StorageError, match=r"could not be written: No space left on device; the old file"):
        write_atomically(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_folder_and_a_folder_in_the_way_are_told(tmp_path: Path):
    with pytest.raises(StorageError, match="No such file or directory"):
        write_atomically(tmp_path / "none" / "f", "x")
    (tmp_path / "d").mkdir()
    with pytest.raises(StorageError, match="Is a directory"):
        write_atomically(tmp_path / "d", "x")
    assert [path.name for path in tmp_path.iterdir()] == ["d"]


def test_a_link_in_the_place_is_replaced_and_not_followed(tmp_path: Path):
    (tmp_path / "elsewhere").write_text("precious")
    (tmp_path / "f").symlink_to(tmp_path / "elsewhere")
    write_atomically(tmp_path / "f", "new")
    assert (tmp_path / "elsewhere").read_text() == "precious"
    assert not (tmp_path / "f").is_symlink()
