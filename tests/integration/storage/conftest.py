"""An archive of snapshots with nothing in it yet."""

import pytest

from storefleet.storage.snapshots import Snapshots


@pytest.fixture
def archive(tmp_path):
    snapshots = Snapshots(tmp_path / "var" / "snapshots.git")
    (tmp_path / "var").mkdir()
    snapshots.make()
    return snapshots
