"""One script for several changes of files: all are compared and kept, then made in their order up to the first failure.

A till is slow and its disk slower: what one process or one flush can do for all of them, one does. Each change ends as
if it were alone: what stands there must be what it was decided on, what it replaces is kept and flushed before anything
is touched, and a file comes to its place whole or not at all.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from storefleet.collect.quote import quote
from storefleet.model.changes import Change, FileState, MakeFolder, MakeLink, PutFile, RemovePath
from storefleet.model.effects import NONCE, Output
from storefleet.modules import placing, remote, seeing

MOST = 32
LARGEST = 1024 * 1024
"""Bytes of all contents in one script."""

_NOTE = 256
"""Bytes of a note on how a path was left, beside the path: room for it is made before anything is touched."""

_LOST = "it was made, but how it was left could not be noted, so that an undo leaves it as it is"


def can_be_together(change: Change) -> bool:
    """Tell whether nothing that the device says of a change is needed by what follows, and nobody knows it but we."""
    if change.chance != "sure" or change.loose:
        return False
    if isinstance(change, PutFile | MakeFolder | MakeLink):
        return _plain(change.before) and not (isinstance(change, PutFile) and change.backup)
    return isinstance(change, RemovePath) and not change.holds and _plain(change.before)


def _plain(before: FileState | None) -> bool:
    """Tell whether what stands there is in no linked folder, and can be kept."""
    return before is None or before.kind in ("file", "directory") or (before.kind == "link" and bool(before.content))


def fits(change: Change, others: Sequence[Change]) -> bool:
    """Tell whether a change goes into one script with others: what it is about is not what one of them is about.

    Folders come first, since files are written below them before any is put in its place.
    """
    if isinstance(change, MakeFolder) and not all(isinstance(other, MakeFolder) for other in others):
        return False
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
    steps = "\n".join(_steps(changes, first))
    paths = "\n".join(
        f"p{number}={quote(change.target)} will{number}={quote(placing.fingerprint(_will_be(change)))}"
        for number, change in enumerate(changes)
    )
    kept = quote(f"{remote.KEPT}/{run}")
    start = f"umask 077\nset -f\n{seeing.FUNCTIONS}k={kept} n={len(changes)} s=0 why=\n{paths}"
    return f"{remote.SETUP}\n{start}\n{{\n{steps}\n}} 3>&1 >&2 </dev/null\n"


def _will_be(change: Change) -> FileState | None:
    return placing.made_of(change) if isinstance(change, PutFile | MakeFolder | MakeLink) else None


def _steps(changes: Sequence[Change], first: int) -> Iterator[str]:
    files = {
        number: change
        for number, change in enumerate(changes)
        if isinstance(change, PutFile) and not placing.is_attributes(change)
    }
    yield f"see {len(changes)} || ends 0 {placing.MOVED} 'it changed while it was looked at'"
    for number, change in enumerate(changes):
        yield f"same {number} {quote(placing.fingerprint(getattr(change, 'before', None)))}"
    yield '! on 0 || [ -d "$k" ] || mkdir -p "$k"; ends 0 $?'
    for number, change in enumerate(changes):
        what = "attributes" if isinstance(change, PutFile) and number not in files else "content"
        yield f"keep {number} {first + number} {what}; ends {number} $?"
    room = sum(len(change.target.encode()) for change in changes) + _NOTE * len(changes)
    yield f"! on 0 || printf '%{room}s' '' >\"$k/.room\"; ends 0 $?\n! on 0 || sync"
    for number, change in enumerate(changes):
        if isinstance(change, MakeFolder):
            yield _step(number, placing.make_folder(change), f"made {number} {first + number}\n")
    yield from _written(files)
    yield "! on 0 || sync"
    for number, change in enumerate(changes):
        if not isinstance(change, MakeFolder):
            body = _made(number, change, alone=number not in files)
            yield _step(number, body, f"made {number} {first + number}\n")
    yield from (f"sum{number}={FileState('file', 0, '', '', file.content).digest}" for number, file in files.items())
    yield 'clear\n[ ! -f "$k/.room" ] || printf \'\' >"$k/.room"\nsee "$n"\nlost='
    yield from (f"note {number} {first + number} || lost=1" for number in range(len(changes)))
    yield f"""[ -z "$lost" ] || ends $((n - 1)) 1 {quote(_LOST)}
sync
i=0
while on "$i"; do printf '{NONCE} %s 0\\n' "$i"; i=$((i + 1)); done >&3
[ "$s" = 0 ] || {{ [ -z "$why" ] || printf '%s\\n' "$why"; printf '{NONCE} %s %s\\n' "$n" "$s" >&3; }}"""


def _step(number: int, body: str, then: str = "") -> str:
    """Return a part of the script that stops at its own first failure, and that only runs while none was before it."""
    return f"if on {number}; then\n( set -e\np=$p{number}\n{body})\nends {number} $?\n{then}fi"


def _made(number: int, change: Change, *, alone: bool) -> str:
    if isinstance(change, PutFile):
        return placing.put_attributes(change) if alone else f'mv -f "$t{number}" "$p"\n'
    if isinstance(change, RemovePath):
        return placing.remove(change, number)
    if isinstance(change, MakeLink):
        return placing.make_link(change)
    message = f"no script is known for {type(change).__name__}"
    raise TypeError(message)


def _written(files: dict[int, PutFile]) -> Iterator[str]:
    """Write every file beside its place, under a name that nobody can have known before, and see that it came whole."""
    if not files:
        yield "clear() { :; }"
        return
    yield "\n".join(f't{number}="${{p{number}%/*}}/.storefleet.{NONCE}.{number}"' for number in files)
    ours = " ".join(f'${{ours{number}+"$t{number}"}}' for number in files)
    yield f'clear() {{ for t in {ours}; do [ ! -e "$t" ] || rm -f "$t"; done; }}\ntrap clear EXIT'
    for number, file in files.items():
        yield f"""if on {number}; then
set -C
if printf '' >"$t{number}"; then ours{number}=1; else ends {number} 1; fi
set +C
fi"""
        yield _step(number, placing.written(file, f"$t{number}"))
    modes: dict[int, list[int]] = defaultdict(list)
    for number, file in files.items():
        modes[file.mode].append(number)
    for mode, numbers in modes.items():
        yield f'{_named(numbers)}\n[ $# = 0 ] || chmod {mode:o} "$@" || ends {numbers[0]} 1'
    yield f'{_named(files)}\n[ $# = 0 ] || set -- $(sum_of "$@")'
    for number, file in files.items():
        digest = FileState("file", 0, "", "", file.content).digest
        yield f"on {number} && {{ [ \"${{1-}}\" = {digest} ] || ends {number} 1 'it did not come whole'; }}"
        yield "[ $# = 0 ] || shift"
    for number, file in files.items():
        if file.validate:
            yield _step(number, placing.validated(file, f"$t{number}"))


def _named(numbers: Iterator[int] | Sequence[int] | dict[int, PutFile]) -> str:
    """Return the lines that set the parameters of the shell to the files beside their places that are to be."""
    return "\n".join(["set --", *(f'! on {number} || set -- "$@" "$t{number}"' for number in numbers)])


def ends(output: Output, changes: Sequence[Change]) -> list[Output]:
    """Return how each change ended that was begun, in order; what the device said is of the one that failed."""
    if not output.nonce:
        return []
    line = re.compile(rb"^%b (\d+) (\d+)$" % re.escape(output.nonce).encode(), re.MULTILINE)
    found = {int(one[1]): int(one[2]) for one in line.finditer(output.stdout)}
    told = []
    for number in range(len(changes)):
        if number not in found:
            break
        said = output.stderr if found[number] else b""
        told.append(Output(b"", said, found[number], output.nonce))
    return told
