"""blockinfile: lines between two marker lines."""

from __future__ import annotations

import re

from storefleet.errors import TaskFailed
from storefleet.model.effects import Step
from storefleet.modules.base import Done, Request
from storefleet.modules.lines import edited, pattern, text_file

_MARKER = "# {mark} ANSIBLE MANAGED BLOCK"


def blockinfile(request: Request) -> Step[Done]:
    """Have a block stand between its markers in a text file, or no such block."""
    if request.has("insertbefore") and request.has("insertafter"):
        raise TaskFailed("insertbefore and insertafter exclude each other")
    present = request.choice("state", ("present", "absent"), "present") == "present"
    path, before = yield from text_file(request, create=request.flag("create"))
    if before is None and not present:
        return Done(changed=False, why="there is no such file", values={"msg": f"File {path} not present"})
    block = _block(request) if present else []
    lines = _edit(request, before.content if before else b"", block, present=present)
    said = "File created" if before is None else "Block inserted" if block else "Block removed"
    return (yield from edited(request, path, b"".join(lines), before, said))


def _markers(request: Request) -> tuple[bytes, bytes]:
    marker = request.text("marker", default=_MARKER)
    words = request.text("marker_begin", default="BEGIN"), request.text("marker_end", default="END")
    begin, end = (f"{marker.replace('{mark}', word)}\n".encode() for word in words)
    return begin, end


def _block(request: Request) -> list[bytes]:
    """Return the lines to put in, markers included; none for an empty block."""
    text = request.text("block", "content", default="").encode()
    if not text:
        return []
    begin, end = _markers(request)
    return [begin, *(text if text.endswith(b"\n") else text + b"\n").splitlines(keepends=True), end]


def _edit(request: Request, original: bytes, block: list[bytes], *, present: bool) -> list[bytes]:
    lines = original.splitlines(keepends=True)
    place = _taken_out(request, lines)
    if place < 0:
        place = _place(request, lines, original)
    if place > 0 and not lines[place - 1].endswith(b"\n"):
        lines[place - 1] += b"\n"
    if present and request.flag("prepend_newline") and place > 0 and lines[place - 1] != b"\n":
        lines.insert(place, b"\n")
        place += 1
    lines[place:place] = block
    behind = place + len(block)
    if present and request.flag("append_newline") and behind < len(lines) and lines[behind] != b"\n":
        lines.insert(behind, b"\n")
    return lines


def _taken_out(request: Request, lines: list[bytes]) -> int:
    """Take the block out that stands there, and return its place; -1 where there is none. The last one counts."""
    begin, end = _markers(request)
    begins = [number for number, line in enumerate(lines) if line == begin]
    ends = [number for number, line in enumerate(lines) if line == end]
    if not begins or not ends:
        return -1
    first, last = sorted((begins[-1], ends[-1]))
    del lines[first : last + 1]
    return first


def _place(request: Request, lines: list[bytes], original: bytes) -> int:
    """Return where a new block goes: beside the last line that fits, else at the end."""
    before = request.has("insertbefore")
    word = request.text("insertbefore" if before else "insertafter", default="EOF")
    if word == "BOF" and before:
        return 0
    if word == "EOF" and not before:
        return len(lines)
    regexp = pattern(request, "insertbefore" if before else "insertafter")
    assert regexp is not None
    fits = [number for number, line in enumerate(lines) if regexp.search(line)]
    if regexp.flags & re.MULTILINE:
        match = regexp.search(original)
        fits = [original.count(b"\n", 0, match.start() if before else match.end())] if match else []
    if not fits:
        return len(lines)
    return fits[-1] if before else fits[-1] + 1
