"""What outlives a run: finding intervals, totals and the last document of each host, in SQLite or another database."""

from storefleet.storage.database import Database, Recorder
from storefleet.storage.history import Run, RunState

__all__ = ["Database", "Recorder", "Run", "RunState"]
