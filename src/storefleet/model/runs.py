"""One line of the history of runs."""

from __future__ import annotations

from typing import Literal, TypeAlias

from storefleet.model.base import Value
from storefleet.model.report import Changes, RunInfo, Totals

RunState: TypeAlias = Literal["finished", "running", "interrupted", "unfinished"]
"""``unfinished`` is a run of another machine, of which nobody here can tell whether it is still at work."""


class Run(Value, frozen=True):
    """One run; ``exit`` and what follows are ``None`` until it is finished."""

    info: RunInfo
    state: RunState
    exit: int | None = None
    words: str | None = None
    totals: Totals | None = None
    changes: Changes | None = None
