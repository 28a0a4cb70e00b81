"""get_url: a file of a server at a path of the device, without a way over our own side."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, replace
from urllib.parse import unquote, urlsplit

from storefleet.collect.quote import quote
from storefleet.errors import TaskFailed
from storefleet.model.base import Json
from storefleet.model.changes import Alter, FileState, Inquire, ReadText
from storefleet.model.effects import Output, Step, ask
from storefleet.modules import getting, placing
from storefleet.modules.base import Done, Request
from storefleet.modules.files import AS_WANTED, NEW_FILE, attributes

_SUMS = {"md5": 32, "sha1": 40, "sha224": 56, "sha256": 64, "sha384": 96, "sha512": 128}
_STANDS = re.compile(r"file (?P<mode>[0-7]+) (?P<owner>\S+) (?P<group>\S+) (?P<sum>[0-9a-f]+)")
_GONE = range(400, 500)
_NO_HEAD = (405, 408, 429)
"""Answers that say nothing about the file."""


@dataclass(frozen=True)
class _Place:
    """A path, what was seen there, and the script that shows it."""

    path: str
    read: str
    stands: str
    before: FileState | None

    @property
    def checksum(self) -> str:
        return self.stands.rpartition(" ")[2] if self.before else ""


def get_url(request: Request) -> Step[Done]:
    """Have the file of a URL at a path; got anew where the sum is another, or, without one, where the server's is."""
    source = getting.source_of(request)
    kind, checksum = yield from _wanted_sum(request, source)
    place = yield from _place(request, source, kind)
    mode, owner, group = yield from attributes(request, place.before, NEW_FILE)
    told: dict[str, Json] = {
        "dest": place.path,
        "url": source.url,
        "mode": f"{mode:04o}",
        "owner": owner,
        "group": group,
    }
    script = getting.setup(source)
    force = request.flag("force")
    if place.before is None:
        yield from _must_be_there(script, source)
    elif checksum and not force:
        if checksum == place.checksum:
            return (yield from _attributes(place, mode, owner, group, told))
    elif (yield from _is_the_same(script, source, place, kind, force=force)):
        return (yield from _attributes(place, mode, owner, group, told))
    getting_it = _alter(place, source, script, (mode, owner, group), (kind, checksum), backup=request.flag("backup"))
    answer = yield from ask(getting_it)
    if answer is not None:
        words = answer.stdout.decode("utf-8", "replace").split("\n")
        told |= {"status_code": 200, "checksum_src": words[0], "checksum_dest": words[0]}
        told |= {"backup_file": words[1]} if len(words) > 2 and words[1] else {}
    return Done(changed=True, values=told)


def _wanted_sum(request: Request, source: getting.Source) -> Step[tuple[str, str]]:
    """Return the kind of sum and the sum that is wanted, none where none is named; a list of sums is got first."""
    text = request.text("checksum", default="")
    kind, _, rest = text.partition(":")
    if not text:
        return "sha256", ""
    if kind not in _SUMS or not getting.is_url(rest):
        return _checksum(text)
    look = f"""{getting.setup(replace(source, url=rest))}t=$(mktemp) || exit 1
trap 'rm -f "$t"' EXIT
get "$t" && head -c 1000000 "$t\""""
    answer = yield from ask(Inquire(look, deadline_s=120.0))
    if answer.exit_status != 0:
        raise TaskFailed(f"checksum: {rest} could not be got: {_said(answer)}")
    name = _name_of(source.url)
    for line in answer.stdout.decode("utf-8", "replace").splitlines():
        words = line.split(None, 1)
        if len(words) == 1 or (len(words) == 2 and posixpath.basename(words[1].strip().lstrip("*")) == name):
            return _checksum(f"{kind}:{words[0]}")
    raise TaskFailed(f"checksum: {rest} names no {name}")


def _said(answer: Output) -> str:
    return " ".join(answer.stderr.decode("utf-8", "replace").split())[-300:] or str(answer.exit_status)


def _name_of(url: str) -> str:
    return posixpath.basename(unquote(urlsplit(url).path)) or "index.html"


def _checksum(text: str) -> tuple[str, str]:
    kind, _, digits = text.partition(":")
    digits = re.sub(r"\W+", "", digits).lower()
    if len(digits) != _SUMS.get(kind, -1) or not set(digits) <= set("0123456789abcdef"):
        raise TaskFailed(f"checksum: its kind and its digits are due here, as in sha256:0a1b…, not {text!r:.80}")
    return kind, digits


def _place(request: Request, source: getting.Source, kind: str) -> Step[_Place]:
    path = request.path("dest")
    stands = yield from _look(path, kind)
    if stands == "directory" or request.text("dest").endswith("/"):
        if stands != "directory":
            raise TaskFailed(f"{path} is no folder on the device; make it first (file: state=directory)")
        name = _name_of(source.url)
        path = posixpath.join(path, name)
        if not name.isprintable() or "/" in name:
            raise TaskFailed(f"url: {name!r:.60} is no name for a file; write the whole path in dest")
        stands = yield from _look(path, kind)
    if stands == "nowhere":
        raise TaskFailed(f"{posixpath.dirname(path)} is no folder on the device; make it first (file: state=directory)")
    match = _STANDS.fullmatch(stands)
    if match is None and stands != "absent":
        raise TaskFailed(f"{path} is {stands}; it is left alone")
    before = FileState("file", int(match["mode"], 8), match["owner"], match["group"]) if match else None
    return _Place(path, _reading(path, kind), stands, before)


def _look(path: str, kind: str) -> Step[str]:
    return (yield from ask(ReadText(f"file:{path}", _reading(path, kind))))


def _reading(path: str, kind: str) -> str:
    return f"""p={quote(path)}
{placing.LOOK}if linked "$p" || [ -L "$p" ]; then echo 'a symbolic link, or below one'
elif [ -f "$p" ]; then has "$p" && echo "file $has $({kind}sum <"$p" | cut -d' ' -f1)"
elif [ -d "$p" ]; then echo directory
elif [ -e "$p" ]; then echo 'neither a file nor a folder'
elif [ ! -d "${{p%/*}}/" ]; then echo nowhere
else echo absent
fi"""


def _must_be_there(script: str, source: getting.Source) -> Step[None]:
    """Ask for the head of the answer, so that a plan fails where the server has no such file."""
    answer = yield from ask(Inquire(f"{script}status", deadline_s=2.0 * source.timeout_s + 30))
    if answer.exit_status == 3:
        raise TaskFailed(answer.stderr.decode("utf-8", "replace").strip())
    code = answer.stdout.decode("ascii", "replace").strip()
    if code.isdigit() and int(code) in _GONE and int(code) not in _NO_HEAD:
        raise TaskFailed(f"Request failed: {source.url} is answered with {code}")


def _is_the_same(script: str, source: getting.Source, place: _Place, kind: str, *, force: bool) -> Step[bool]:
    """Get the file into a place of its own, compare it with the one there, and throw it away."""
    newer = "" if force else f" {quote(place.path)}"
    look = f"""{script}t=$(mktemp) || exit 1
trap 'rm -f "$t"' EXIT
get "$t"{newer} || exit 1
if [ -s "$t" ]; then {kind}sum <"$t" | cut -d' ' -f1
else echo same
fi"""
    answer = yield from ask(Inquire(look, deadline_s=600.0))
    if answer.exit_status != 0:
        raise TaskFailed(f"Request failed: {source.url}: {_said(answer)}")
    return answer.stdout.decode("ascii", "replace").strip() in ("same", place.checksum)


def _attributes(place: _Place, mode: int, owner: str, group: str, told: dict[str, Json]) -> Step[Done]:
    """Change only what the file has, where that is other."""
    before = place.before
    assert before is not None
    after = f"file {mode:o} {owner} {group} {place.checksum}"
    told |= {"checksum_dest": place.checksum}
    if after == place.stands:
        return Done(changed=False, why=AS_WANTED, values=told)
    yield from ask(
        Alter(
            subject=f"file:{place.path}",
            action="change",
            script=_having(place.path, mode, owner, group),
            cost="config",
            read=place.read,
            before=place.stands,
            after=after,
            shown=(f"{before.mode:04o} {before.owner}:{before.group} -> {mode:04o} {owner}:{group}",),
            way_back=_having(place.path, before.mode, before.owner, before.group),
        )
    )
    return Done(changed=True, values=told)


def _having(path: str, mode: int, owner: str, group: str) -> str:
    return f"chown {quote(f'{owner}:{group}')} {quote(path)} && chmod {mode:o} {quote(path)}"


def _alter(
    place: _Place,
    source: getting.Source,
    script: str,
    having: tuple[int, str, str],
    sums: tuple[str, str],
    *,
    backup: bool,
) -> Alter:
    """Return the change: got beside its place, judged by its sum, the old one kept, and renamed."""
    (mode, owner, group), (kind, checksum) = having, sums
    judge = f"""[ "$sum" = {checksum} ] || {{ echo "the checksum did not match: it is $sum" >&2; exit 1; }}
"""
    beside = """b="$p.$$.$(date +%Y-%m-%d@%H:%M:%S~)"; cp -pP "$p" "$b" || exit 1; echo "$b"
"""
    body = f"""p={quote(place.path)}
{script}t=$(mktemp "${{p%/*}}/.storefleet.XXXXXX") || exit 1
trap 'rm -f "$t"' EXIT
get "$t" || exit 1
sum=$({kind}sum <"$t" | cut -d' ' -f1)
{judge if checksum else ""}echo "$sum"
[ ! -e "$p" ] || cp -pP "$p" "$k/$n" || exit 1
{beside if backup and place.before else ""}chown {quote(f"{owner}:{group}")} "$t" && chmod {mode:o} "$t" || exit 1
sync
mv -f "$t" "$p"
"""
    way_back = f"""p={quote(place.path)}
if [ -e "$k/$n" ]; then cp -pP "$k/$n" "$p.storefleet-undo" && mv -f "$p.storefleet-undo" "$p"; else rm -f "$p"; fi"""
    return Alter(
        subject=f"file:{place.path}",
        action="change" if place.before else "make",
        script=body,
        cost="config",
        read=place.read,
        before=place.stands,
        after=f"file {mode:o} {owner} {group} {checksum}" if checksum else None,
        shown=(f"from {source.url}", f"mode {mode:04o}, owner {owner}, group {group}"),
        way_back=way_back,
        deadline_s=600.0,
    )
