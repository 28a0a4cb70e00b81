"""authorized_key: whose key opens an account. The file is written whole, as any other, so the plan shows its diff."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace

from storefleet.errors import TaskFailed
from storefleet.model.base import Json
from storefleet.model.changes import FileState, MakeFolder, PutFile, ReadFile
from storefleet.model.effects import Step, ask
from storefleet.modules import accounts
from storefleet.modules.accounts import Account
from storefleet.modules.base import Done, Request
from storefleet.modules.packages import wait_for_packages

_TYPE = re.compile(
    r"(sk-|webauthn-sk-)?(ssh-(ed25519|rsa|dss|xmss)|ecdsa-sha2-nistp(256|384|521)|rsa-sha2-(256|512))"
    r"(-cert-v01)?(@openssh\.com)?"
)
_OPTION = re.compile(r"""((?:[^,"']|"[^"]*"|'[^']*')+)""")


@dataclass(frozen=True)
class Key:
    """A line of the file; one that is no key is kept as it is, under its own text."""

    blob: str
    kind: str
    options: tuple[str, ...]
    comment: str
    rank: int

    @property
    def line(self) -> str:
        """Return it as Ansible writes it."""
        if not self.kind:
            return self.blob
        options = f"{','.join(self.options)} " if self.options else ""
        return f"{options}{self.kind} {self.blob} {self.comment}\n"

    def same(self, other: Key) -> bool:
        """Tell whether two say the same, wherever they stand."""
        return replace(self, rank=0) == replace(other, rank=0)


def parse(line: str, rank: int) -> Key | None:
    """Read a line; the answer is ``None`` where it holds no key."""
    lexer = shlex.shlex(line.replace(r"\#", "#"))
    lexer.quotes, lexer.commenters, lexer.whitespace_split = "", "", True
    words = list(lexer)
    places = [place for place, word in enumerate(words) if _TYPE.fullmatch(word)]
    if not places or words[0].startswith("#") or len(words) < places[0] + 2:
        return None
    place = places[0]
    return Key(words[place + 1], words[place], options(" ".join(words[:place])), " ".join(words[place + 2 :]), rank)


def options(text: str) -> tuple[str, ...]:
    """Return the options of a key, one by one."""
    return tuple(part for part in _OPTION.split(text)[1:-1] if part != ",")


def authorized_key(request: Request) -> Step[Done]:
    """Have keys open an account, or no longer."""
    name = request.text("user")
    if not accounts.NAME.fullmatch(name):
        raise TaskFailed(f"user: {name!r:.60} is no name for a user")
    state = request.choice("state", ("present", "absent"), "present")
    wanted = _wanted(request)
    account = yield from accounts.user(name)
    if account is None:
        yield from wait_for_packages(f"user {name}")
        raise TaskFailed(f"Failed to lookup user {name}; make the account first (user: name={name})")
    path = request.path("path") if request.has("path") else posixpath.join(account.home, ".ssh", "authorized_keys")
    before = yield from ask(ReadFile(path))
    if before is not None and before.kind != "file":
        raise TaskFailed(f"{path} is no file, or stands below a symbolic link; it is left alone")
    there = _lines(before)
    keys = _with(there, wanted, exclusive=request.flag("exclusive")) if state == "present" else _without(there, wanted)
    values: dict[str, Json] = {"keyfile": path, "user": name, "state": state}
    if keys is None:
        return Done(changed=False, why="it is as it must be", values=values)
    if request.flag("manage_dir", default=True):
        yield from _folder(posixpath.dirname(path), name, account)
    content = "".join(key.line for key in sorted(keys.values(), key=lambda key: key.rank)).encode()
    yield from ask(PutFile(path=path, content=content, mode=0o600, owner=name, group=account.primary, before=before))
    return Done(changed=True, values=values)


def _wanted(request: Request) -> list[Key]:
    text = request.text("key")
    if re.match(r"(https?|file):", text):
        raise TaskFailed("key: the key itself is due here, not where it stands")
    found = []
    for rank, line in enumerate(line for line in text.splitlines() if line and not line.startswith("#")):
        key = parse(line, rank)
        if key is None or not re.fullmatch(r"[A-Za-z0-9+/]+=*", key.blob):
            raise TaskFailed(f"key: invalid key specified: {line:.60}")
        if request.has("key_options"):
            key = replace(key, options=options(request.text("key_options")))
        if request.has("comment"):
            key = replace(key, comment=request.text("comment"))
        if "\n" in key.line[:-1]:
            raise TaskFailed("key: key_options and comment are one line each")
        found.append(key)
    if not found:
        raise TaskFailed("key: a public key is due here")
    return found


def _lines(before: FileState | None) -> dict[str, Key]:
    try:
        text = before.content.decode() if before else ""
    except UnicodeDecodeError as fault:
        raise TaskFailed(f"the key file: byte {fault.start} is not UTF-8; it is left alone") from fault
    keys = (
        parse(line, rank) or Key(line, "", (), "", rank) for rank, line in enumerate(text.splitlines(keepends=True))
    )
    return {key.blob: key for key in keys}


def _with(there: Mapping[str, Key], wanted: list[Key], *, exclusive: bool) -> dict[str, Key] | None:
    keys = dict(there)
    for key in wanted:
        if key.blob not in keys or not keys[key.blob].same(key):
            keys[key.blob] = replace(key, rank=len(there) + key.rank)
    if exclusive:
        keys = {blob: key for blob, key in keys.items() if blob in {one.blob for one in wanted}}
    return None if keys == there else keys


def _without(there: Mapping[str, Key], wanted: list[Key]) -> dict[str, Key] | None:
    gone = {key.blob for key in wanted} & set(there)
    return {blob: key for blob, key in there.items() if blob not in gone} if gone else None


def _folder(path: str, name: str, account: Account) -> Step[None]:
    """Have the folder be the user's own and closed, as sshd wants it."""
    before = yield from ask(ReadFile(path))
    if before is not None and before.kind != "directory":
        raise TaskFailed(f"{path} is no folder, or a link to one; it is left alone")
    attributes = (0o700, name, account.primary)
    if before is None or (before.mode, before.owner, before.group) != attributes:
        yield from ask(MakeFolder(path=path, mode=0o700, owner=name, group=account.primary, before=before))
