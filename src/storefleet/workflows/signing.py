"""Signatures of a plan by OpenSSH: made beside it, and held against ``inventory/allowed_signers``.

A person signs the bytes of the file, with a key that stays theirs (a file, an agent, a token); nobody needs a password
of storefleet. Two persons are two keys whose principals have no name in common.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from storefleet.documents.files import write_atomically
from storefleet.errors import Complaint, InputError
from storefleet.model.base import is_identifier
from storefleet.model.instants import utc
from storefleet.model.plan import Plan
from storefleet.workflows import clock
from storefleet.workflows.workspace import Workspace

NAMESPACE = "storefleet-plan"
"""What a signature is for: one of a commit or a mail by the same key is none of a plan."""

_LINE = "a line there is `NAME ssh-ed25519 KEY`, as man ssh-keygen has it"
_VERIFY_S = 20
_MOST = 16
_KEY = re.compile(r"key (SHA256:\S+)$")


@dataclass(frozen=True)
class Signed:
    """A signature that was made: where it stands, and whose ``allowed_signers`` says it is."""

    path: Path
    by: str
    plan: Plan


@dataclass(frozen=True)
class _Signer:
    names: frozenset[str]
    key: str
    shown: str


def allowed_signers(workspace: Workspace) -> Path:
    """Return where the keys of those who may sign stand."""
    return workspace.folder / "inventory" / "allowed_signers"


def approval_warnings(workspace: Workspace) -> list[Complaint]:
    """Return what `check` says where signatures are asked for that nobody could give."""
    path = allowed_signers(workspace)
    approval = workspace.settings.change.approval
    if approval == "none" or path.is_file():
        return []
    return [Complaint(workspace.shown(path), 0, f"is missing, and change.approval is {approval}: nobody can sign")]


def sign_plan(workspace: Workspace, path: Path, key: Path, name: str | None) -> Signed:
    """Sign a plan as it stands in its file; raises :class:`InputError`. Nothing of it is applied or changed."""
    content, plan = _read(path)
    if name is not None and not is_identifier(name):
        raise InputError(f"--name {name!r}: letters, digits, - and _, at most 63, beginning with a letter or digit")
    if plan.expires_at <= utc(clock.now()):
        raise InputError(f"{path} could be applied until {plan.expires_at}; plan again, and sign that one")
    target = path.with_name(f"{path.name}.sig{f'.{name}' if name else ''}")
    if target.exists():
        raise InputError(f"{target} is there already: another signature has a name of its own, --name NAME")
    if not key.is_file():
        raise InputError(f"--key {key}: there is no such file; name your private key, or a public one of your agent")
    words = ["-Y", "sign", "-n", NAMESPACE, "-f", str(key)]
    done = _ssh_keygen(words, content, None, hear=not sys.stderr.isatty())
    if done.returncode != 0 or b"BEGIN SSH SIGNATURE" not in done.stdout:
        raise InputError(f"{path} could not be signed with {key}: {_said(done)}")
    signer = _counted(workspace, done.stdout, content)
    if isinstance(signer, str):
        raise InputError(f"signing {path} with {key}: {signer}; nothing was written")
    write_atomically(target, done.stdout, 0o640, workspace.owner_of(target))
    return Signed(target, signer.shown, plan)


def signers(workspace: Workspace, plan: Plan, path: Path, due: str) -> tuple[str, ...]:
    """Return those who signed the plan, at least two persons; raises :class:`InputError` that says what is missing."""
    content, read = _read(path)
    if read != plan:
        raise InputError(f"{path} was changed while it was read; nothing was touched")
    if not allowed_signers(workspace).is_file():
        shown = workspace.shown(allowed_signers(workspace))
        raise InputError(f"{due}, and {shown} is missing; {_LINE}; nothing was touched")
    found: list[_Signer] = []
    faults: list[str] = []
    for signature in _signatures(path):
        one = _verified(workspace, signature, content)
        if isinstance(one, str):
            faults.append(one)
        elif any(one.key == other.key or one.names & other.names for other in found):
            faults.append(f"{signature.name} is of {one.shown} too: author and approver must differ")
        else:
            found.append(one)
    if len(found) < 2:
        have = f"{path} has that of {found[0].shown} alone" if found else f"{path} has none that is valid"
        remedy = f"sign it with: storefleet sign {path} --key FILE{' --name NAME' if found or faults else ''}"
        raise InputError("; ".join([due, have, *faults, remedy, "nothing was touched"]))
    return tuple(one.shown for one in found)


def _counted(workspace: Workspace, signature: bytes, content: bytes) -> _Signer | str:
    """Hold a new signature against the keys that count, before anybody relies on it."""
    if not allowed_signers(workspace).is_file():
        return f"{workspace.shown(allowed_signers(workspace))} is missing, so no signature counts; {_LINE}"
    with tempfile.TemporaryDirectory(prefix="storefleet-") as folder:
        path = Path(folder) / "the signature"
        path.write_bytes(signature)
        return _verified(workspace, path, content)


def _read(path: Path) -> tuple[bytes, Plan]:
    try:
        content = path.read_bytes()
        return content, msgspec.json.decode(content, type=Plan)
    except OSError as fault:
        raise InputError(f"{path} cannot be read: {fault.strerror}") from fault
    except (msgspec.DecodeError, msgspec.ValidationError) as fault:
        raise InputError(f"{path} is no plan of this version (storefleet.plan/1): {fault}") from fault


def _signatures(path: Path) -> Iterator[Path]:
    head = f"{path.name}.sig"
    found = [one for one in path.parent.iterdir() if one.name == head or one.name.startswith(f"{head}.")]
    if len(found) > _MOST:
        raise InputError(f"{path} has {len(found)} signatures beside it; {_MOST} are enough, remove what is not of it")
    yield from sorted(found)


def _verified(workspace: Workspace, signature: Path, content: bytes) -> _Signer | str:
    """Return who signed, or why the signature does not count."""
    principals = _principals(workspace, signature)
    if not principals:
        return f"{signature.name} is no signature by a key of {workspace.shown(allowed_signers(workspace))}"
    for principal in principals:
        words = ["-Y", "verify", "-n", NAMESPACE, "-f", str(allowed_signers(workspace)), "-I", principal]
        done = _ssh_keygen([*words, "-s", str(signature)], content, _VERIFY_S)
        key = _KEY.search(done.stdout.decode("utf-8", "replace").strip())
        if done.returncode == 0 and key is not None:
            return _Signer(frozenset(principals), key[1], principal)
    return f"{signature.name} by {principals[0]} is not of this plan, or no longer allowed"


def _principals(workspace: Workspace, signature: Path) -> list[str]:
    allowed = allowed_signers(workspace)
    if not allowed.is_file():
        return []
    done = _ssh_keygen(["-Y", "find-principals", "-f", str(allowed), "-s", str(signature)], b"", _VERIFY_S)
    lines = done.stdout.decode("utf-8", "replace").splitlines()
    names = [name.strip() for line in lines for name in line.split(",")]  # a line may name several, and exclude some
    return [name for name in names if name and not name.startswith("!")] if done.returncode == 0 else []


def _ssh_keygen(
    words: list[str], content: bytes, deadline_s: float | None, *, hear: bool = True
) -> subprocess.CompletedProcess[bytes]:
    """Run ssh-keygen on content; without ``hear`` its words go to the terminal, where a token asks to be touched."""
    try:
        return subprocess.run(
            ["ssh-keygen", *words],
            input=content,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if hear else None,
            env={**os.environ, "LC_ALL": "C"},
            timeout=deadline_s,
            check=False,
        )
    except FileNotFoundError as fault:
        raise InputError("signatures need ssh-keygen, which is not here; install openssh-client") from fault
    except subprocess.TimeoutExpired as fault:
        raise InputError(f"ssh-keygen {words[1]} gave no answer within {deadline_s} s; nothing was touched") from fault


def _said(done: subprocess.CompletedProcess[bytes]) -> str:
    lines = (done.stderr or b"").decode("utf-8", "replace").strip().splitlines()
    lines = [line for line in lines if not line.startswith("Signing data")]
    return lines[-1] if lines else "ssh-keygen said nothing more"
