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
    MakeFolder,
    MakeLink,
    PutFile,
    ReadFile,
    ReadUnit,
    RemovePath,
)
from storefleet.model.effects import NONCE
from storefleet.modules import placing

BASE = "/var/lib/storefleet"
KEPT = f"{BASE}/kept"
MOVED = placing.MOVED
"""Exit status: the device is not as it was when the change was decided."""

SETUP = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin; export PATH LC_ALL=C"


def read_file(effect: ReadFile) -> str:
    """Return the script that shows a path: a line of attributes, the content, and the word of the run at both ends.

    Of a link the content is where it points. What stands below a linked folder is a link too, without one: where a
    file stands says what it can cost, so its name must hold.
    """
    return f"""{SETUP}
p={quote(effect.path)}
{placing.LOOK}say() {{ printf '{NONCE} %s\\n' "$1"; }}
if linked "$p"; then say 'link 777 - - 0'
elif [ -L "$p" ]; then
  to=$(readlink "$p") && say "link 777 root root $(( $(printf %s "$to" | wc -c) ))" && printf %s "$to"
elif [ ! -e "$p" ]; then say 'absent 0 - - 0'
elif [ -f "$p" ]; then has "$p" && say "file $has $size" && cat "$p"
elif [ -d "$p" ]; then has "$p" && say "directory $has 0"
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
    """Return the script that makes a change; ``run`` and ``number`` name what is kept of what it replaces.

    What a way back needs is flushed before anything is touched.
    """
    if isinstance(request, ActOnUnit):
        return _act_on_unit(request, run, number)
    if isinstance(request, Alter):
        return _alter(request, run, number)
    if isinstance(request, PutFile):
        body = placing.put_attributes(request) if placing.is_attributes(request) else placing.put_file(request, number)
    elif isinstance(request, MakeFolder):
        body = placing.make_folder(request)
    elif isinstance(request, RemovePath):
        body = placing.remove(request, number)
    elif isinstance(request, MakeLink):
        body = placing.make_link(request)
    else:
        message = f"no script is known for {type(request).__name__}"
        raise TypeError(message)
    start = f"{SETUP}\nset -eu\numask 077\np={quote(request.path)} k={quote(f'{KEPT}/{run}')}\n"
    kept = f'[ -d "$k" ] || mkdir -p "$k"\n{placing.keep(request, number)}'
    return f"{start}{placing.same(request.before)}{kept}{body}{_after(request, number)}sync\n"


def _after(request: Change, number: int) -> str:
    """Note how the run left the path, so that an undo can tell whether somebody else has changed it since."""
    put = isinstance(request, PutFile) and not placing.is_attributes(request)
    known = ' "$sum"' if put else ""  # that of the file which has just been put there
    return f"""is{known}
printf '%s\\t%s\\t%s\\n' {number} "$is" "$p" >>"$k/after"
"""


def _act_on_unit(request: ActOnUnit, run: str, number: int) -> str:
    unit = f" -- {quote(request.unit)}" if request.unit else ""
    before = f"{request.before.active} {request.before.enabled or '-'}" if request.before else "- -"
    words = f"unit {quote(f'{request.action} {before}')} {quote(request.unit)}"
    return f"""{SETUP}
set -eu
umask 077
k={quote(f"{KEPT}/{run}")}
mkdir -p "$k"
{placing.listed(number, words)}systemctl --no-ask-password {request.action}{unit} </dev/null
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
{_noted(request, number)}
"""


def _noted(request: Alter, number: int) -> str:
    """Run the script; where it can be undone, note how it left things, so that an undo sees what somebody did since."""
    if not (request.read and request.way_back and request.privileged):
        return request.script
    return f"""(
{request.script}
)
s=$?
if [ "$s" = 0 ]; then
umask 077
printf '%s\\n' {quote(request.read)} >"$k/{number}.read"
now=$({request.read}
)
printf '%s\\t%s\\t%s\\n' {number} "$(printf %s "$now" | sha256sum | cut -c1-64)" {quote(request.subject)} >>"$k/after"
fi
exit "$s"
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
    return f"""[ -d "$k" ] || mkdir -p "$k" || exit 1
{keep}{placing.listed(number, f"{kind} {request.cost} {quote(request.subject)}")}"""
