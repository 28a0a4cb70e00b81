"""user: that there is an account, and what it may."""

from __future__ import annotations

import re
from dataclasses import replace

import msgspec

from storefleet.collect.quote import quote
from storefleet.errors import TaskFailed
from storefleet.model.base import Json
from storefleet.model.changes import Alter, ChangeClass, ReadText
from storefleet.model.effects import Step, ask
from storefleet.modules import accounts, user_scripts
from storefleet.modules.accounts import Account, Tools
from storefleet.modules.base import Done, Request
from storefleet.modules.packages import wait_for_packages

_COMMENT = re.compile(r"[^:\n\0|]{0,200}")
_HASH = re.compile(r"[!*]?|[!]?\$[A-Za-z0-9]+\$[A-Za-z0-9./$=,+-]+|\*{1,13}")
_DAY_S = 86400
_NUMBERS = "s/^passwd|[^|]*|[^|]*|/passwd|?|?|/"
"""For sed: leaves out the numbers, which nobody knows yet of a user whom the same plan makes."""


def user(request: Request) -> Step[Done]:
    """Have a user be there as described, or be gone."""
    name = request.text("name", "user")
    if not accounts.NAME.fullmatch(name):
        raise TaskFailed(f"name: {name!r:.60} is no name for a user")
    if request.flag("generate_ssh_key"):
        raise TaskFailed("generate_ssh_key: no key is made on a device; make it here, and give it with copy")
    before = yield from accounts.user(name)
    if request.choice("state", ("present", "absent"), "present") == "absent":
        return (yield from _absent(request, name, before))
    _check(request)
    tools = yield from accounts.tools()
    if before is None:
        wanted = yield from _new(request, name, tools)
        script = user_scripts.make(request, name, wanted)
        back = user_scripts.unmake(name, wanted)
    else:
        wanted = yield from _changed(request, name, before)
        if wanted == before:
            return Done(changed=False, why="it is as it must be", values=_values(request, name, wanted))
        script = user_scripts.change(request, name, before, wanted, tools)
        back = user_scripts.unchange(name, before, wanted)
    yield from ask((yield from _alter(request, name, before, wanted, script, back)))
    return Done(changed=True, values=_values(request, name, wanted))


def _check(request: Request) -> None:
    if not _COMMENT.fullmatch(request.text("comment", default="")):
        raise TaskFailed("comment: one line without : and | is due here")
    if not _HASH.fullmatch(request.text("password", default="")):
        raise TaskFailed("password: a hash as in /etc/shadow is due here, not a password; see password_hash")
    if request.text("password", default="x") == "":
        raise TaskFailed("password: an empty one would let everybody in; write ! or * where nobody may")
    for word in ("home", "shell"):
        if request.has(word) and (":" in request.path(word) or "|" in request.path(word)):
            raise TaskFailed(f"{word}: a path without : and | is due here")
    if request.has("uid") and request.number("uid", -1) < 0:
        raise TaskFailed("uid: a number from 0 is due here")


def _groups(request: Request) -> Step[frozenset[str]]:
    """Return the names of the wanted groups, each of which must be there."""
    names = set()
    for one in request.texts("groups"):
        names.add((yield from _group_name(one)))
    return frozenset(names)


def _group_name(name: str) -> Step[str]:
    if not (accounts.NAME.fullmatch(name) or accounts.NUMBER.fullmatch(name)):
        raise TaskFailed(f"group: {name!r:.60} is no name of a group")
    found = yield from accounts.group(name)
    if found is None:
        yield from wait_for_packages(f"group {name}")
        raise TaskFailed(f"Group {name} does not exist; make it first (group: name={name})")
    return found.name


def _expires(request: Request, now: str) -> str:
    """Return the day in ``/etc/shadow``: Ansible counts seconds, and less than none takes the day away."""
    if not request.has("expires"):
        return now
    try:
        seconds = float(request.text("expires"))
    except ValueError as fault:
        raise TaskFailed("expires: seconds since 1970 are due here, or -1 for never") from fault
    return "" if seconds < 0 else str(int(seconds // _DAY_S))


def _primary(request: Request, name: str, tools: Tools) -> Step[str]:
    """Return the name of a new user's own group; where one of his name is taken, useradd gives him group 100."""
    if request.has("group"):
        return (yield from _group_name(request.text("group")))
    taken = yield from accounts.group(name)
    if taken is not None or not tools.own_groups:
        common = yield from accounts.group("100")
        return common.name if common else "users"
    return name


def _new(request: Request, name: str, tools: Tools) -> Step[Account]:
    primary = yield from _primary(request, name, tools)
    groups = yield from _groups(request)
    secret = request.text("password", default="!")
    return Account(
        uid=str(request.number("uid", -1)) if request.has("uid") else "?",
        gid="?",
        comment=request.text("comment", default=""),
        home=request.path("home") if request.has("home") else f"{tools.home}/{name}",
        shell=request.path("shell") if request.has("shell") else tools.shell,
        primary=primary,
        groups=groups - {primary},
        password=accounts.digest(secret),
        locked=secret.startswith("!") or request.flag("password_lock"),
        expires=_expires(request, ""),
        has_home=request.flag("create_home", default=request.flag("createhome", default=True)),
        alone=primary == name,
    )


def _changed(request: Request, name: str, before: Account) -> Step[Account]:
    wanted = before
    if request.has("uid"):
        wanted = replace(wanted, uid=str(request.number("uid", -1)))
    if request.has("group"):
        primary = yield from _group_name(request.text("group"))
        wanted = replace(wanted, primary=primary, alone=before.alone and primary == before.primary)
    if request.has("groups"):
        groups = yield from _groups(request)
        wanted = replace(wanted, groups=before.groups | groups if request.flag("append") else groups)
    wanted = replace(
        wanted,
        comment=request.text("comment", default=before.comment),
        home=request.path("home") if request.has("home") else before.home,
        shell=request.path("shell") if request.has("shell") else before.shell,
    )
    wanted = _with_password(request, replace(wanted, expires=_expires(request, before.expires)))
    if request.flag("create_home", default=request.flag("createhome", default=True)):
        wanted = replace(wanted, has_home=True)
    elif wanted.home != before.home:
        wanted = replace(wanted, has_home=before.has_home and request.flag("move_home"))
    return wanted


def _with_password(request: Request, wanted: Account) -> Account:
    always = request.choice("update_password", ("always", "on_create"), "always") == "always"
    if request.has("password") and always and wanted.password != accounts.digest(request.text("password")):
        locked = request.flag("password_lock") or request.text("password").startswith("!")
        return replace(wanted, password=accounts.digest(request.text("password")), locked=locked)
    if not request.has("password_lock") or (
        not request.flag("password_lock") and wanted.password == accounts.digest("")
    ):
        return wanted  # no password is nothing that could be unlocked
    return replace(wanted, locked=request.flag("password_lock"))


def _absent(request: Request, name: str, before: Account | None) -> Step[Done]:
    if before is None:
        return Done(changed=False, why="there is no such user", values={"name": name, "state": "absent"})
    tools = yield from accounts.tools()
    remove = request.flag("remove")
    takes_group = tools.own_groups and before.alone
    script = user_scripts.remove(name, home=remove, force=request.flag("force"))
    back = "" if remove and before.has_home else user_scripts.restore(name)
    alter = yield from _alter(request, name, before, None, script, back)
    yield from ask(msgspec.structs.replace(alter, after=accounts.WITH_ITS_GROUP if takes_group else "absent"))
    return Done(changed=True, values={"name": name, "state": "absent", "remove": remove})


def _alter(
    request: Request, name: str, before: Account | None, wanted: Account | None, script: str, back: str
) -> Step[Alter]:
    login = yield from ask(ReadText("login", accounts.LOGIN))
    cost: ChangeClass = "config"
    if before is not None and (name in ("root", login) or before.uid == "0"):
        cost = "path"
    return Alter(
        subject=f"user:{name}",
        action="remove" if wanted is None else "change" if before else "make",
        script=script,
        cost=cost,
        read=f"{{\n{accounts.read_user(name)}\n}} | sed {quote(_NUMBERS)}",
        before=replace(before, uid="?", gid="?").text if before else "absent",
        after=wanted.text if wanted else "absent",
        shown=_shown(before, wanted, request),
        way_back=back,
        deadline_s=120.0,
    )


def _shown(before: Account | None, wanted: Account | None, request: Request) -> tuple[str, ...]:
    if wanted is None:
        lines = ["user is removed"]
        if request.flag("remove") and before and before.has_home:
            lines.append(f"home {before.home} is removed with all that is in it: there is no way back")
        return tuple(lines)
    lines = []
    for word in ("uid", "primary", "groups", "comment", "home", "shell", "expires", "locked"):
        old, new = (_word(one, word) for one in (before, wanted))
        if old != new:
            lines.append(f"{word} {old or '(none)'} -> {new or '(none)'}")
    if before is None or before.password != wanted.password:
        lines += ["password (hidden)"] if request.has("password") else []
    if wanted.has_home and not (before and before.has_home):
        lines.append(f"home {wanted.home} is made")
    return tuple(lines)


def _word(account: Account | None, name: str) -> str:
    value = getattr(account, name) if account else ""
    if isinstance(value, frozenset):
        return " ".join(sorted(value))
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def _values(request: Request, name: str, account: Account) -> dict[str, Json]:
    numbers: dict[str, Json] = {
        word: int(value) if value.isdecimal() else None
        for word, value in (("uid", account.uid), ("group", account.gid))
    }
    values = {
        "name": name,
        "state": "present",
        "comment": account.comment,
        "home": account.home,
        "shell": account.shell,
    }
    more: dict[str, Json] = {"groups": ",".join(request.texts("groups"))} if request.has("groups") else {}
    return {**values, **numbers, **more}
