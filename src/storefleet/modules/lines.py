"""lineinfile, replace: lines of a text file, byte for byte as Ansible leaves them, in whatever charset."""

from __future__ import annotations

import io
import posixpath
import re
from dataclasses import replace as having

from storefleet.errors import TaskFailed
from storefleet.model.changes import FileState, ReadFile
from storefleet.model.effects import Step, ask
from storefleet.modules.base import Done, Request
from storefleet.modules.files import NEW_FOLDER, check, folders, only_files, written

ENDS = b"\r\n"


def text_file(request: Request, *, create: bool) -> Step[tuple[str, FileState | None]]:
    """Return the path of the task and the file there; fails where there is none and none may be made."""
    check(request)
    path = request.path("path", "dest", "destfile", "name")
    before = yield from ask(ReadFile(path))
    only_files(before, path)
    if before is None and not create:
        raise TaskFailed(f"{path} does not exist; write create: true where it may be made")
    return path, before


def edited(request: Request, path: str, content: bytes, before: FileState | None, said: str) -> Step[Done]:
    """Ask for the edited file; ``said`` is the message that ``register`` keeps where the content is other."""
    if before is None:
        yield from folders(posixpath.dirname(path), NEW_FOLDER, "root", "root")
    done = yield from written(request, path, content, before)
    other = before is None or before.content != content
    values = {**(done.values or {}), "msg": said if other else ""}
    return having(done, values={**values, "backup": values.pop("backup_file", "")})


def pattern(request: Request, name: str, flags: int = 0) -> re.Pattern[bytes] | None:
    """Return an argument as a regular expression over bytes, as Ansible matches lines; ``None`` where it is missing."""
    if not request.has(name):
        return None
    try:
        return re.compile(request.text(name).encode(), flags)
    except re.error as fault:
        raise TaskFailed(f"{name}: not a regular expression: {fault}") from fault


def lineinfile(request: Request) -> Step[Done]:
    """Have a line stand in a text file, or no line that fits."""
    request = _named(request)
    present = request.choice("state", ("present", "absent"), "present") == "present"
    _agree(request, present=present)
    path, before = yield from text_file(request, create=not present or request.flag("create"))
    if before is None and not present:
        return Done(changed=False, why="there is no such file", values={"msg": "file not present", "found": 0})
    lines = io.BytesIO(before.content if before else b"").readlines()
    if not present:
        return (yield from _without(request, path, before, lines))
    was = list(lines)
    said = _with_line(request, lines)
    if was == lines:
        said = ""
    return (yield from edited(request, path, b"".join(lines), before, said))


def _named(request: Request) -> Request:
    """Return the request with Ansible's other names for ``line`` and ``regexp`` resolved."""
    names = {"value": "line", "regex": "regexp"}
    arguments = {names.get(name, name): value for name, value in request.arguments.items()}
    if len(arguments) < len(request.arguments):
        raise TaskFailed("line and value, and regexp and regex, are two names of the same")
    return having(request, arguments=arguments)


def _agree(request: Request, *, present: bool) -> None:
    for one, other in (("insertbefore", "insertafter"), ("regexp", "search_string"), ("backrefs", "search_string")):
        if request.has(one) and request.has(other) and (one != "backrefs" or request.flag(one)):
            raise TaskFailed(f"{one} and {other} exclude each other")
    if present and not request.has("line"):
        raise TaskFailed("line is due here")
    if request.flag("backrefs") and present and not request.has("regexp"):
        raise TaskFailed("regexp is due here, since backrefs refer to it")
    if not any(request.has(name) for name in ("line", "regexp", "search_string")):
        raise TaskFailed("one of line, regexp and search_string is due here")


def _without(request: Request, path: str, before: FileState | None, lines: list[bytes]) -> Step[Done]:
    regexp, search = pattern(request, "regexp"), request.text("search_string", default="").encode()
    line = request.text("line", default="").encode()

    def fits(one: bytes) -> bool:
        if regexp is not None:
            return regexp.search(one) is not None
        return search in one if request.has("search_string") else one.rstrip(ENDS) == line

    left = [one for one in lines if not fits(one)]
    found = len(lines) - len(left)
    done = yield from edited(request, path, b"".join(left), before, f"{found} line(s) removed")
    return having(done, values={**(done.values or {}), "found": found})


def _with_line(request: Request, lines: list[bytes]) -> str:
    """Edit the lines in Ansible's order: what fits is replaced, else the line is there, else it is put in."""
    line = request.text("line").encode()
    number, match = _fitting(request, lines)
    place = -1
    if match is None and number < 0:
        number, place = _standing(request, lines, line)
    if number >= 0:
        new = line
        if isinstance(match, re.Match) and request.flag("backrefs"):
            new = _expanded(match, line)
        lines[number] = new if new.endswith(b"\n") else new + b"\n"
        return "line replaced"
    if not request.flag("backrefs"):
        _put_in(request, lines, line + b"\n", place)
    return "line added"


def _expanded(match: re.Match[bytes], line: bytes) -> bytes:
    try:
        return match.expand(line)
    except (re.error, IndexError) as fault:
        raise TaskFailed(f"line: it refers to what regexp does not hold: {fault}") from fault


def _fitting(request: Request, lines: list[bytes]) -> tuple[int, re.Match[bytes] | bool | None]:
    """Return the number of the last line, or the first, that ``regexp`` or ``search_string`` fits; -1 for none."""
    regexp, search = pattern(request, "regexp"), request.text("search_string", default="").encode()
    found: tuple[int, re.Match[bytes] | bool | None] = (-1, None)
    for number, one in enumerate(lines):
        match: re.Match[bytes] | bool | None = None
        if regexp is not None:
            match = regexp.search(one)
        elif request.has("search_string"):
            match = True if search in one else None
        if match is not None:
            found = (number, match)
            if request.flag("firstmatch"):
                break
    return found


def _standing(request: Request, lines: list[bytes], line: bytes) -> tuple[int, int]:
    """Return where the line itself stands last, and where it would be put in beside another; -1 for nowhere."""
    name = "insertbefore" if request.has("insertbefore") else "insertafter"
    word = request.text(name, default="EOF")
    beside = None if word == "BOF" or (word == "EOF" and name == "insertafter") else pattern(request, name)
    number = place = -1
    for at, one in enumerate(lines):
        if one.rstrip(ENDS) == line:
            number = at
        elif beside is not None and beside.search(one):
            place = at + (name == "insertafter")
            if request.flag("firstmatch"):
                break
    return number, place


def _put_in(request: Request, lines: list[bytes], line: bytes, place: int) -> None:
    after = request.has("insertafter")
    if "BOF" in (request.text("insertbefore", default=""), request.text("insertafter", default="")):
        lines.insert(0, line)
    elif place < 0 or request.text("insertafter", default="") == "EOF":
        if lines and lines[-1][-1:] not in (b"\n", b"\r"):
            lines.append(b"\n")
        lines.append(line)
    elif after and place == len(lines):
        if not lines[-1].endswith(b"\n"):
            lines[-1] += b"\n"  # Ansible would join the two lines here
        lines.append(line)
    elif not after or lines[place].rstrip(ENDS) != line.rstrip(b"\n"):
        lines.insert(place, line)


def replace(request: Request) -> Step[Done]:
    """Replace what a regular expression fits, in the whole file or in the part between two others."""
    path, before = yield from text_file(request, create=False)
    assert before is not None
    charset = request.text("encoding", default="utf-8")
    try:
        text = before.content.decode(charset)
    except (UnicodeDecodeError, LookupError) as fault:
        raise TaskFailed(f"{path}: it is no {charset} text; name its charset with encoding: {fault}") from fault
    start, end = _part(request, text)
    if start < 0:
        return (yield from edited(request, path, before.content, before, ""))
    regexp = _expression(request.text("regexp"), "regexp", re.MULTILINE)
    try:
        new, count = regexp.subn(request.text("replace", default=""), text[start:end])
    except (re.error, IndexError) as fault:
        raise TaskFailed(f"replace: it refers to what regexp does not hold: {fault}") from fault
    content = (text[:start] + new + text[end:]).encode(charset)
    return (yield from edited(request, path, content, before, f"{count} replacements made"))


def _part(request: Request, text: str) -> tuple[int, int]:
    """Return where the part between ``after`` and ``before`` stands; -1 where they fit nothing."""
    after, before = request.text("after", default=""), request.text("before", default="")
    if not after and not before:
        return 0, len(text)
    part = "(?P<subsection>.*?)" if after and before else "(?P<subsection>.*)"
    match = _expression(f"{after}{part}{before}", "after or before", re.DOTALL).search(text)
    return match.span("subsection") if match else (-1, -1)


def _expression(text: str, name: str, flags: int) -> re.Pattern[str]:
    try:
        return re.compile(text, flags)
    except re.error as fault:
        raise TaskFailed(f"{name}: not a regular expression: {fault}") from fault
