"""The shell in which a host is looked at and changed: POSIX ``sh``, on dash and on BusyBox ash, quoted by construction.

A file is written beside its place, flushed and renamed. What it replaces is kept on the device, under
:data:`KEPT` and the name of the run, before anything is touched. The script compares what is there with what the
decision was made on, and leaves with :data:`MOVED` where they differ.
"""

from __future__ import annotations

from storefleet.collect.quote import quote
from storefleet.model.changes import (
    ActOnUnit,
    Alter,
    Change,
    FileState,
    MakeFolder,
    MakeLink,
    PutFile,
    ReadFile,
    ReadUnit,
    RemovePath,
)
from storefleet.model.effects import NONCE

BASE = "/var/lib/storefleet"
KEPT = f"{BASE}/kept"
MOVED = 75
"""Exit status: the device is not as it was when the change was decided."""

CHUNK = 1500
"""Bytes in one line of the script, far below what any shell takes."""

SETUP = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin; export PATH LC_ALL=C"


def read_file(effect: ReadFile) -> str:
    """Return the script that shows a path: a line of attributes, the content, and the word of the run at both ends.

    What stands below a linked folder is a link too: where a file stands says what it can cost, so its name must hold.
    """
    return f"""{SETUP}
p={quote(effect.path)}
d=${{p%/*}}
say() {{ printf '{NONCE} %s\\n' "$1"; }}
if [ -L "$p" ]; then t=$(readlink "$p"); say "link 777 - - ${{#t}}"; printf %s "$t"
elif {{ [ -d "$d/" ] && [ "$(cd "$d/" && pwd -P)" != "${{d:-/}}" ]; }}; then say 'link 777 - - 0'
elif [ ! -e "$p" ]; then say 'absent 0 - - 0'
elif [ -f "$p" ]; then say "file $(stat -c '%a %U %G %s' "$p")" && cat "$p"
elif [ -d "$p" ]; then say "directory $(stat -c '%a %U %G' "$p") 0"
else say 'other 0 - - 0'
fi && printf '\\n{NONCE} end\\n'
"""


def read_unit(effect: ReadUnit) -> str:
    """Return the script that asks systemd for a unit."""
    return f"""{SETUP}
if [ -d /run/systemd/system ]; then
  systemctl show -p LoadState -p ActiveState -p UnitFileState -- {quote(effect.unit)} </dev/null || exit 1
else echo none
fi
echo {NONCE} end
"""


def change(request: Change, run: str, number: int) -> str:
    """Return the script that makes a change; ``run`` and ``number`` name what is kept of what it replaces."""
    if isinstance(request, ActOnUnit):
        return _act_on_unit(request, run, number)
    if isinstance(request, Alter):
        return _alter(request, run, number)
    if isinstance(request, PutFile):
        body = _put_file(request)
    elif isinstance(request, MakeFolder):
        body = _make_folder(request)
    elif isinstance(request, MakeLink):
        body = f'ln -s {quote(request.to)} "$p.storefleet" && mv -fT "$p.storefleet" "$p"\n'
    elif isinstance(request, RemovePath):
        body = 'if [ -d "$p" ] && [ ! -L "$p" ]; then rmdir "$p"; else rm -f "$p"; fi\n'
    else:
        message = f"no script is known for {type(request).__name__}"
        raise TypeError(message)
    head = f"{SETUP}\nset -eu\numask 077\np={quote(request.path)}\n"
    return f"{head}{_same(request.before)}{_keep(run, number)}{body}{_after(number)}sync\n"


def _same(before: FileState | None) -> str:
    """Compare what stands there with what the change was decided on."""
    return f"""now() {{
  if [ -L "$p" ]; then echo link
  elif [ ! -e "$p" ]; then echo absent
  elif [ -f "$p" ]; then echo "file $(stat -c '%a %U %G' "$p") $(sha256sum <"$p" | cut -c1-64)"
  elif [ -d "$p" ]; then echo "directory $(stat -c '%a %U %G' "$p")"
  else echo other
  fi
}}
[ "$(now)" = {quote(fingerprint(before))} ] || {{ echo "it is now: $(now)" >&2; exit {MOVED}; }}
"""


def fingerprint(before: FileState | None) -> str:
    """Return how a path is told apart, as the device's script says it."""
    if before is None:
        return "absent"
    attributes = f"{before.mode:o} {before.owner} {before.group}"
    if before.kind == "file":
        return f"file {attributes} {before.digest}"
    return f"directory {attributes}" if before.kind == "directory" else before.kind


def _keep(run: str, number: int) -> str:
    """Keep what a change replaces, and write into the list what the way back is, before anything is touched."""
    return f"""k={quote(f"{KEPT}/{run}")}
mkdir -p "$k"
words=-
if [ -f "$p" ] || [ -L "$p" ]; then kind=kept; cp -pP "$p" "$k/{number}"
elif [ -d "$p" ]; then kind=folder words=$(stat -c '%a %U %G' "$p")
else kind=absent
fi
{_listed(number, '"$kind" "$words" "$p"')}"""


def _after(number: int) -> str:
    """Note how the run left the path, so that an undo can tell whether somebody else has changed it since."""
    return f"""printf '%s\\t%s\\t%s\\n' {number} "$(now)" "$p" >>"$k/after"
"""


def _listed(number: int, words: str) -> str:
    return f"""printf '%s\\t%s\\t%s\\t%s\\n' {number} {words} >>"$k/list"
sync
"""


def _put_file(request: PutFile) -> str:
    return f"""t=$(mktemp "${{p%/*}}/.storefleet.XXXXXX")
trap 'rm -f "$t"' EXIT
{{
:
{printed(request.content)}}} >"$t"
[ "$(sha256sum <"$t" | cut -c1-64)" = {FileState("file", 0, "", "", request.content).digest} ]
chown {quote(f"{request.owner}:{request.group}")} "$t"
chmod {request.mode:o} "$t"
sync
mv -f "$t" "$p"
"""


def _make_folder(request: MakeFolder) -> str:
    return f"""[ -d "$p" ] || mkdir "$p"
chown {quote(f"{request.owner}:{request.group}")} "$p"
chmod {request.mode:o} "$p"
"""


def _act_on_unit(request: ActOnUnit, run: str, number: int) -> str:
    unit = f" -- {quote(request.unit)}" if request.unit else ""
    before = f"{request.before.active} {request.before.enabled}" if request.before else "- -"
    words = f"unit {quote(f'{request.action} {before}')} {quote(request.unit)}"
    return f"""{SETUP}
set -eu
umask 077
k={quote(f"{KEPT}/{run}")}
mkdir -p "$k"
{_listed(number, words)}systemctl --no-ask-password {request.action}{unit} </dev/null
"""


def _alter(request: Alter, run: str, number: int) -> str:
    """Look once more, keep the way back, and run the script.

    It finds the folder of what is kept in ``$k`` and its own number in ``$n``. It reads nothing from the script that
    carries it, and what it leaves running must not hold our line.
    """
    return f"""{SETUP}
umask 077
{_unmoved(request)}k={quote(f"{KEPT}/{run}")} n={number}
{_way_back(request, number) if request.privileged else ""}umask 022
{request.script}
"""


def _unmoved(request: Alter) -> str:
    if not request.read:
        return ""
    return f"""now=$({request.read}
) || exit {MOVED}
[ "$now" = {quote(request.before)} ] || {{ printf 'it is now: %.300s\\n' "$now" >&2; exit {MOVED}; }}
"""


def _way_back(request: Alter, number: int) -> str:
    kind = "script" if request.way_back else "no-way-back"
    keep = f"printf '%s\\n' {quote(request.way_back)} >\"$k/{number}.sh\" || exit 1\n" if request.way_back else ""
    return f"""mkdir -p "$k" || exit 1
{keep}{_listed(number, f"{kind} - {quote(request.subject)}")}"""


def printed(content: bytes) -> str:
    """Return the lines of a script that print a content byte by byte."""
    return "".join(f"printf '%b' {quote(_escaped(part))}\n" for part in _parts(content))


def _parts(content: bytes) -> list[bytes]:
    return [content[start : start + CHUNK] for start in range(0, len(content), CHUNK)]


def _escaped(part: bytes) -> str:
    r"""Return bytes for ``printf %b``: letters as they are, all else as ``\0ooo``, so that no charset matters."""
    return "".join(chr(byte) if 32 <= byte < 127 and byte != 92 else f"\\0{byte:03o}" for byte in part)
