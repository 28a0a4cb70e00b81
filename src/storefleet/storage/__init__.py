"""What outlives a run: finding intervals, totals and the last document of each host, in SQLite or another database."""

from storefleet.model.runs import Run, RunState
from storefleet.storage.database import Database, Recorder
from storefleet.storage.prune import Pruned

__all__ = ["Database", "Pruned", "Recorder", "Run", "RunState"]
