"""The shell in which something comes to stand at a path, or goes: parts of the scripts of ``remote``.

In each of them ``$p`` is the path and ``$k`` the folder where the run keeps what it replaces.
"""

from __future__ import annotations

import hashlib
import shlex

from storefleet.collect.quote import quote
from storefleet.errors import TaskFailed
from storefleet.model.changes import Change, FileState, MakeFolder, MakeLink, PutFile, RemovePath
from storefleet.model.effects import NONCE

MOVED = 75
"""Exit status: the device is not as it was when the change was decided."""

CHUNK = 1500
"""Bytes in one line of the script, far below what any shell takes."""

LOOK = """linked() {
  d=${1%/*}
  [ -d "$d/" ] && [ "$(cd "$d/" && pwd -P)" != "${d:-/}" ]
}
has() {
  set -- $(stat -c '%a %U %G %u %g %s' "$1")
  [ $# = 6 ] || return 1
  [ "$2" != UNKNOWN ] || set -- "$1" "$4" "$3" "$4" "$5" "$6"
  [ "$3" != UNKNOWN ] || set -- "$1" "$2" "$5" "$4" "$5" "$6"
  has="$1 $2 $3" size=$6
}
"""
"""Shell functions: whether a path stands below a linked folder; its mode, owner and group in ``$has``, a number where
no name is, with its ``$size``. Every process that a function does without is a millisecond of a till."""


def is_attributes(request: PutFile) -> bool:
    """Tell whether only the attributes are other: then the file itself stays, with its times and its hard links."""
    return request.before is not None and request.before.kind == "file" and request.before.content == request.content


def same(before: FileState | None) -> str:
    """Compare what stands there with what the change was decided on; a checksum that is known is not made again."""
    return f"""{LOOK}is() {{
  [ "${{far-}}" ] || {{ far=no; if linked "$p"; then far=yes; fi; }}
  has= sum=${{1-}}
  if [ "$far" = yes ]; then is=link
  elif [ -L "$p" ]; then is="link $(readlink "$p")"
  elif [ ! -e "$p" ]; then is=absent
  elif [ -f "$p" ]; then
    has "$p" || :
    [ "$sum" ] || sum=$(sha256sum <"$p") || :
    is="file $has ${{sum%% *}}"
  elif [ -d "$p" ]; then has "$p" || :; is="directory $has"
  else is=other
  fi
}}
is
[ "$is" = {quote(fingerprint(before))} ] || {{ echo "it is now: $is" >&2; exit {MOVED}; }}
"""


def fingerprint(before: FileState | None) -> str:
    """Return how a path is told apart, as the device's script says it."""
    if before is None:
        return "absent"
    attributes = f"{before.mode:o} {before.owner} {before.group}"
    if before.kind == "file":
        return f"file {attributes} {before.digest}"
    if before.kind == "link":
        return f"link {before.content.decode('utf-8', 'surrogateescape')}" if before.content else "link"
    return f"directory {attributes}" if before.kind == "directory" else before.kind


def made_of(change: PutFile | MakeFolder | MakeLink) -> FileState:
    """Return what stands at a path when its change has been made."""
    if isinstance(change, PutFile):
        return FileState("file", change.mode, change.owner, change.group, change.content)
    if isinstance(change, MakeFolder):
        return FileState("directory", change.mode, change.owner, change.group)
    return FileState("link", 0o777, change.owner, change.group, change.to.encode())


def keep(request: Change, number: int) -> str:
    """Keep what a change replaces, and write into the list what the way back is, before anything is touched."""
    if isinstance(request, RemovePath) and request.holds:
        return ""
    content = not (isinstance(request, PutFile) and is_attributes(request))
    kept = f'kind=kept; cp -pP "$p" "$k/{number}"' if content else "kind=attributes words=$has"
    return f"""words=-
if [ -f "$p" ] || [ -L "$p" ]; then {kept}
elif [ -d "$p" ]; then kind=folder words=$has
else kind=absent
fi
{listed(number, '"$kind" "$words" "$p"', flush=not isinstance(request, PutFile) or is_attributes(request))}"""


def listed(number: int, words: str, *, flush: bool = True) -> str:
    """Write into the list of the run what it changes and how that is undone; without ``flush`` a flush must follow."""
    line = f"""printf '%s\\t%s\\t%s\\t%s\\n' {number} {words} >>"$k/list"\n"""
    return f"{line}sync\n" if flush else line


def put_file(request: PutFile, number: int) -> str:
    """Write the file beside its place, make sure that it came whole, flush it with what is kept, and rename it.

    Its name until then is one that nobody can have known before, and that must not be there.
    """
    return f"""t="${{p%/*}}/.storefleet.{NONCE}"
set -C
: >"$t"
set +C
trap 'rm -f "$t"' EXIT
{written(request, "$t")}sum=$(sha256sum <"$t")
[ "${{sum%% *}}" = {FileState("file", 0, "", "", request.content).digest} ]
chmod {request.mode:o} "$t"
{validated(request, "$t")}{_backed_up(number) if request.backup else ""}sync
mv -f "$t" "$p"
"""


def written(request: PutFile, path: str) -> str:
    """Write the content into a file that is there, and give it its owner."""
    return f"""{{
:
{printed(request.content)}}} >"{path}"
{_owned(request, path)}"""


def validated(request: PutFile, path: str) -> str:
    """Have a command judge the new file beside its place; of its words only ``%s`` means anything to a shell."""
    if not request.validate:
        return ""
    words = (
        f'"{path}"'.join(quote(part) if part else "" for part in word.split("%s")) or "''" for word in _split(request)
    )
    return f"""said=$({" ".join(words)} 2>&1 </dev/null) ||
  {{ printf 'validate refuses it: %s\\n' "$said" >&2; exit 1; }}
"""


def _backed_up(number: int) -> str:
    """Leave the old file beside the new one under the name that Ansible gives it; the undo takes it away again."""
    return f"""b="$p.$$.$(date +%Y-%m-%d@%H:%M:%S~)"
{listed(number, 'absent - "$b"')}cp -pP "$p" "$b"
printf '%s\\n' "$b"
"""


def put_attributes(request: PutFile) -> str:
    """Change what a file has, not the file."""
    before = request.before
    same_owner = before is not None and (before.owner, before.group) == (request.owner, request.group)
    chown = "" if same_owner else f'chown {quote(f"{request.owner}:{request.group}")} "$p"\n'
    return f'{chown}chmod {request.mode:o} "$p"\n'


def _owned(request: PutFile | MakeFolder, path: str) -> str:
    """Give it its owner, which is root's from the start where root makes it in an ordinary folder."""
    chown = f'chown {quote(f"{request.owner}:{request.group}")} "{path}"\n'
    if (request.owner, request.group) != ("root", "root"):
        return chown
    return f'[ -O / ] && [ -G / ] && [ -O "{path}" ] && [ -G "{path}" ] || {chown}'


def remove(request: RemovePath, number: int) -> str:
    """Remove it; a folder that holds something goes whole into what is kept, and must hold what was seen."""
    if not request.holds:
        return 'if [ -d "$p" ] && [ ! -L "$p" ]; then rmdir "$p"; else rm -f "$p"; fi\n'
    seen = hashlib.sha256("".join(f"{name}\n" for name in request.holds).encode()).hexdigest()
    return f"""[ "$( {{ {tree(request.path)}; }} | sha256sum | cut -c1-64)" = {seen} ] ||
  {{ echo 'it holds other files now' >&2; exit {MOVED}; }}
{listed(number, 'tree - "$p"')}mv "$p" "$k/{number}.part"
mv "$k/{number}.part" "$k/{number}"
"""


def tree(path: str) -> str:
    """Return the command that lists the names below a folder; it fails where something is mounted there."""
    return f"""p={quote(path)}
if [ -d "$p" ] && [ ! -L "$p" ]; then
  while read -r _ at _; do
    case $at in "$p" | "$p"/*) echo "$at is mounted there" >&2; exit 1 ;; esac
  done </proc/mounts
  cd "$p" && find . ! -name . | LC_ALL=C sort
fi"""


def make_link(request: MakeLink) -> str:
    """Make the link beside its place and rename it; never into a folder that the old link points to."""
    return f"""t=$(mktemp -u "${{p%/*}}/.storefleet.XXXXXX")
trap 'rm -f "$t"' EXIT
ln -s -- {quote(request.to)} "$t"
chown -h {quote(f"{request.owner}:{request.group}")} "$t"
if [ -d "$p" ] && [ ! -L "$p" ]; then rmdir "$p"; fi
mv -fT "$t" "$p" 2>/dev/null || {{ rm -f "$p"; mv -f "$t" "$p"; }}
"""


def make_folder(request: MakeFolder) -> str:
    """Make the folder, or change what it has; of fewer than five digits GNU's chmod leaves a folder its setgid bit."""
    return f"""[ -d "$p" ] || mkdir "$p"
{_owned(request, "$p")}chmod {request.mode:05o} "$p"
"""


def _split(request: PutFile) -> list[str]:
    try:
        return shlex.split(request.validate)
    except ValueError as fault:
        raise TaskFailed(f"validate: {fault}") from fault


def printed(content: bytes) -> str:
    """Return the lines of a script that print a content byte by byte."""
    return "".join(f"printf '%b' {quote(_escaped(part))}\n" for part in _parts(content))


def _parts(content: bytes) -> list[bytes]:
    return [content[start : start + CHUNK] for start in range(0, len(content), CHUNK)]


def _escaped(part: bytes) -> str:
    r"""Return bytes for ``printf %b``: letters as they are, all else as ``\0ooo``, so that no charset matters."""
    return "".join(chr(byte) if 32 <= byte < 127 and byte != 92 else f"\\0{byte:03o}" for byte in part)
