"""One script for several changes of files, each made by its own script, in their order, up to the first that fails."""

from __future__ import annotations

from collections.abc import Sequence

from storefleet.model.changes import Change, MakeFolder, MakeLink, PutFile, RemovePath
from storefleet.model.effects import Output
from storefleet.modules import frames, remote

MOST = 32
LARGEST = 1024 * 1024
"""Bytes of all contents in one script."""


def can_be_together(change: Change) -> bool:
    """Tell whether nothing that the device says of a change is needed by what follows, and nobody knows it but we."""
    if change.chance != "sure" or change.loose:
        return False
    if isinstance(change, PutFile):
        return not change.backup
    return isinstance(change, MakeFolder | RemovePath | MakeLink)


def fits(change: Change, others: Sequence[Change]) -> bool:
    """Tell whether a change goes into one script with others: what it is about is not what one of them is about."""
    apart = all(
        other.target != change.target
        and not other.target.startswith(f"{change.target}/")
        and (isinstance(other, MakeFolder) or not change.target.startswith(f"{other.target}/"))
        for other in others
    )
    size = sum(len(one.content) for one in (*others, change) if isinstance(one, PutFile))
    nothing_between = all(other.behind == change.behind for other in others)
    return apart and nothing_between and len(others) < MOST and size <= LARGEST


def script(changes: Sequence[Change], run: str, first: int) -> str:
    """Return the script; ``first`` is the number of the first of them in the run."""
    parts = [
        f"begin {number}\n( {remote.change(change, run, first + number, flush=False)} ) 2>&1\ns=$?; end $s\n"
        for number, change in enumerate(changes)
    ]
    steps = "[ $s = 0 ] && {\n".join(parts) + "}\n" * (len(parts) - 1)
    return f"{frames.FUNCTIONS}{{\n{steps}}} </dev/null\nsync\n"


def ends(output: Output, changes: Sequence[Change]) -> list[Output]:
    """Return how each change ended that was begun, in order; all that it said stands in ``stderr``."""
    found = frames.parts(output)
    return [
        Output(b"", found[number].stdout, found[number].exit_status, output.nonce)
        for number in range(len(changes))
        if number in found
    ]
