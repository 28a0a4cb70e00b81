"""One practice fleet for all tests that need it; taken away afterwards, unless ``KEEP=1`` keeps it for the next run."""

import os
from pathlib import Path

import pytest

from storefleet.lab import Lab

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def lab_or_skip():
    """Skip by name where no lab can stand; in CI that is a failure."""
    reason = Lab.why_not()
    if reason and os.environ.get("CI") == "true":
        pytest.fail(f"CI must be able to host the practice fleet: {reason}")
    if reason:
        pytest.skip(reason)


@pytest.fixture(scope="session")
def lab(lab_or_skip, worker_id):
    """Give the lab ``test`` of this repository, one a worker, whole: what an earlier run left broken is mended."""
    running = Lab.up("test" if worker_id == "master" else f"test{worker_id[2:]}", root=REPOSITORY)
    for store in running.plan.stores:
        running.wan(store.id, delay_ms=0, loss_percent=0, rate_kbit=0, up=True)
        running.mend(store.id)
    for host, condition in running.status().items():
        if condition == "off":
            running.plug_in(host)
    running.wait_until_answering([device.name for device in running.plan.devices])
    yield running
    if os.environ.get("KEEP") != "1":
        running.down()
