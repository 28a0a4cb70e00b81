"""Upgrades a database and is killed before its n-th statement of the change: run by test_upgrade.py as a process."""

import os
import signal
import sys

import sqlalchemy as sa

from storefleet.storage import upgrade as module

url, left = sys.argv[1], [int(sys.argv[2])]
plain = module.bare_engine


def watched(*arguments):
    engine = plain(*arguments)

    @sa.event.listens_for(engine, "before_cursor_execute")
    def count(*_arguments):
        left[0] -= 1
        if left[0] < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    return engine


module.bare_engine = watched
module.upgrade(url, None)
