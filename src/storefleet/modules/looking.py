"""stat, slurp, fetch: what a path holds, for the tasks that follow and for the fleet's own side."""

from __future__ import annotations

import base64
import binascii
import hashlib
import posixpath
import stat as bits

from storefleet.collect.quote import quote
from storefleet.errors import TaskFailed
from storefleet.model.base import Json
from storefleet.model.changes import FileState, ReadFile, ReadText, StoreLocal, Wait
from storefleet.model.effects import Step, ask
from storefleet.modules.base import Done, Request

SUMS = ("sha1", "md5", "sha224", "sha256", "sha384", "sha512")
_KINDS = {
    "isreg": bits.S_IFREG,
    "isdir": bits.S_IFDIR,
    "islnk": bits.S_IFLNK,
    "ischr": bits.S_IFCHR,
    "isblk": bits.S_IFBLK,
    "isfifo": bits.S_IFIFO,
    "issock": bits.S_IFSOCK,
}


def stat(request: Request) -> Step[Done]:
    """Tell what a path is and has, as far as ``stat`` of the device shows it."""
    path = request.path("path", "dest", "name")
    wanted = [name for name in ("checksum_algorithm", "checksum_algo", "checksum") if request.has(name)]
    kind = request.choice(wanted[0] if wanted else "checksum_algorithm", SUMS, "sha1")
    with_sum = request.flag("get_checksum", default=True)
    follow = request.flag("follow")
    script = _script(path, f"{kind}sum" if with_sum else "", follow=follow)
    lines = (yield from ask(ReadText(f"file:{path}", script))).split("\n")
    if lines == ["absent"]:
        return Done(changed=False, why="there is no such path", values={"stat": {"exists": False}})
    values = _values(path, lines)
    return Done(changed=False, why="looked at only", values={"stat": values})


def _script(path: str, summing: str, *, follow: bool) -> str:
    option, link = ("-L ", "") if follow else ("", '[ -L "$p" ] || ')
    summed = f'{link}[ ! -f "$p" ] || {summing} <"$p" | cut -d" " -f1' if summing else ":"
    pointing = ":" if follow else 'if [ -L "$p" ]; then readlink "$p"; readlink -f "$p" || echo; fi'
    there = '[ -e "$p" ]' if follow else '{ [ -e "$p" ] || [ -L "$p" ]; }'
    return f"""p={quote(path)}
if {there}; then
  stat {option}-c '%f %u %g %h %i %d %s %X %Y %Z %b %o %U %G' "$p" || exit 1
  for may in r w x; do if test "-$may" "$p"; then printf 1; else printf 0; fi; done; echo
  {pointing}
  printf 'sum '; {summed}
else echo absent
fi"""


def _values(path: str, lines: list[str]) -> dict[str, Json]:
    """Return Ansible's names for what was printed; raises where it is not what was asked for."""
    words = lines[0].split(" ")
    if len(words) != 14:
        raise TaskFailed(f"{path}: stat of this device says {lines[0]!r:.60}, which is not understood")
    mode = int(words[0], 16)
    uid, gid, nlink, inode, device, size, atime, mtime, ctime, blocks, block_size = map(int, words[1:12])
    kinds = {name: bits.S_IFMT(mode) == kind for name, kind in _KINDS.items()}
    rights = {
        f"{right}{who}": bool(mode & getattr(bits, f"S_I{right.upper()}{who.upper()}"))
        for right in "rwx"
        for who in ("usr", "grp", "oth")
    }
    can = dict(zip(("readable", "writeable", "executable"), (digit == "1" for digit in lines[1]), strict=False))
    found: dict[str, Json] = {
        "exists": True,
        "path": path,
        "mode": f"{bits.S_IMODE(mode):04o}",
        "size": size,
        "uid": uid,
        "gid": gid,
        "pw_name": words[12],
        "gr_name": words[13],
        "nlink": nlink,
        "inode": inode,
        "dev": device,
        "atime": float(atime),
        "mtime": float(mtime),
        "ctime": float(ctime),
        "blocks": blocks,
        "block_size": block_size,
        "isuid": bool(mode & bits.S_ISUID),
        "isgid": bool(mode & bits.S_ISGID),
        **kinds,
        **rights,
        **can,
    }
    if kinds["islnk"]:
        found |= {"lnk_target": lines[2], "lnk_source": lines[3] if len(lines) > 3 else ""}
    if lines[-1].startswith("sum ") and lines[-1] != "sum ":
        found["checksum"] = lines[-1].removeprefix("sum ")
    return found


def slurp(request: Request) -> Step[Done]:
    """Give the content of a file as base64."""
    path = request.path("src", "path")
    body = yield from _content(path)
    if body is None:
        raise TaskFailed(f"file not found: {path}")
    encoded = base64.b64encode(body).decode()
    values: dict[str, Json] = {"content": encoded, "encoding": "base64", "source": path}
    return Done(changed=False, why="read only", values=values)


def _content(path: str) -> Step[bytes | None]:
    """Return what a file holds, also through a link; raises where it is no file."""
    found = yield from ask(ReadFile(path))
    if found is None:
        return None
    if found.kind == "link":
        return (yield from _behind(path, found))
    if found.kind != "file":
        raise TaskFailed(f"{path} is {'a folder' if found.kind == 'directory' else 'no file'}; a file is due here")
    return found.content


def _behind(path: str, _found: FileState) -> Step[bytes | None]:
    script = f"""p={quote(path)}
if [ ! -e "$p" ]; then echo absent
elif [ ! -f "$p" ]; then echo 'it is no file' >&2; exit 1
else printf '='; base64 <"$p" | tr -d '\\n'
fi"""
    text = yield from ask(ReadText(f"file:{path}", script))
    if text == "absent":
        return None
    try:
        return base64.b64decode(text.removeprefix("="), validate=True)
    except binascii.Error as fault:
        raise TaskFailed(f"{path} could not be read: {fault}") from fault


def fetch(request: Request) -> Step[Done]:
    """Keep a file of the device on the fleet's own side, below ``dest``; by host and path unless it is flat."""
    path = request.path("src")
    dest = request.text("dest")
    name = dest if request.flag("flat") else f"{dest.rstrip('/')}/{request.host}{path}"
    if request.flag("flat") and dest.endswith("/"):
        name = f"{dest}{posixpath.basename(path)}"
    if name.startswith("/") or ".." in name.split("/") or "\0" in name:
        raise TaskFailed(f"dest: a name below the playbook's folder is due here, not {dest!r:.60}")
    name = posixpath.normpath(name)
    if not (yield from ask(Wait(0.0))):
        yield from ask(StoreLocal(name, b""))  # so that the plan knows of it
        return Done(changed=False, why="it is brought home only when the plan is made", unknown=True)
    body = yield from _content(path)
    if body is None:
        if request.flag("fail_on_missing", default=True):
            raise TaskFailed(f"{path} does not exist, so it cannot be fetched")
        return Done(changed=False, why=f"{path} does not exist", values={"file": path})
    changed = yield from ask(StoreLocal(name, body))
    checksum = hashlib.sha1(body, usedforsecurity=False).hexdigest()
    values: dict[str, Json] = {"dest": name, "file": path, "checksum": checksum, "remote_checksum": checksum}
    return Done(changed=changed, why="" if changed else "it is kept as it is there", values=values)
