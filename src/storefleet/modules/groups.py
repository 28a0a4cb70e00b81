"""group: that there is a group, and its number."""

from __future__ import annotations

from storefleet.collect.quote import command, quote
from storefleet.errors import TaskFailed
from storefleet.model.changes import Alter
from storefleet.model.effects import Step, ask
from storefleet.modules import accounts
from storefleet.modules.accounts import Group
from storefleet.modules.base import Done, Request


def group(request: Request) -> Step[Done]:
    """Have a group be there, or be gone."""
    name = request.text("name")
    if not accounts.NAME.fullmatch(name):
        raise TaskFailed(f"name: {name!r:.60} is no name for a group")
    gid = request.number("gid", -1)
    if request.has("gid") and gid < 0:
        raise TaskFailed("gid: a number from 0 is due here")
    state = request.choice("state", ("present", "absent"), "present")
    before = yield from accounts.group(name)
    values = {"name": name, "state": state, "gid": int(before.gid) if before and before.gid.isdecimal() else None}
    if state == "absent":
        if before is None:
            return Done(changed=False, why="there is no such group", values=values)
        yield from accounts.tools()
        yield from ask(_removed(before))
        return Done(changed=True, values=values)
    if before is not None and gid in (-1, int(before.gid) if before.gid.isdecimal() else -1):
        return Done(changed=False, why="it is as it must be", values=values)
    yield from accounts.tools()
    if before is None:
        yield from ask(_made(name, gid, request))
    else:
        yield from ask(_numbered(before, gid, twice=request.flag("non_unique")))
    return Done(changed=True, values={**values, "gid": gid if gid >= 0 else None})


def _alter(name: str, action: str, script: str, before: Group | None, after: Group | None, back: str) -> Alter:
    old, new = (one.text.replace("|", " ") if one else "(none)" for one in (before, after))
    return Alter(
        subject=f"group:{name}",
        action=action,
        script=script,
        cost="path" if name in ("root", "sudo", "wheel") else "config",
        read=accounts.read_group(name),
        before=before.text if before else "absent",
        after=after.text if after else "absent",
        shown=(f"group {old} -> {new}",),
        way_back=back,
    )


def _made(name: str, gid: int, request: Request) -> Alter:
    number = ["-g", str(gid)] if gid >= 0 else []
    twice = ["-o"] if request.flag("non_unique") and number else []
    words = ["groupadd", *number, *twice, *(["-r"] if request.flag("system") else []), name]
    after = Group(name, str(gid) if gid >= 0 else "?")
    return _alter(name, "make", f"{command(words)} </dev/null", None, after, command(["groupdel", name]))


def _numbered(before: Group, gid: int, *, twice: bool) -> Alter:
    words = ["groupmod", "-g", str(gid), *(["-o"] if twice else []), before.name]
    back = command(["groupmod", "-o", "-g", before.gid, before.name])
    return _alter(before.name, "change", f"{command(words)} </dev/null", before, Group(before.name, str(gid)), back)


def _removed(before: Group) -> Alter:
    """Remove a group; its members are kept on the device for the way back."""
    line = f"db group | awk -F: -v g={quote(before.name)} '$1 == g' >\"$k/$n\"\n"
    back = """IFS=: read -r name _ gid members <"$k/$n" && groupadd -g "$gid" "$name" &&
  { [ -z "$members" ] || gpasswd -M "$members" "$name"; }"""
    script = f"{accounts.DATABASE}{line}{command(['groupdel', before.name])} </dev/null"
    return _alter(before.name, "remove", script, before, None, back)
