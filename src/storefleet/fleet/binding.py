"""What binds a change to the plan that it was shown in: keyed digests, of all of it or of its kind and place alone."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from storefleet.model.changes import ActOnUnit, Alter, Change, ChangeClass
from storefleet.model.plan import Undecided


def digest_of(change: Change, key: bytes) -> str:
    """Return what binds a change: HMAC-SHA256 under the fleet's key, since a content may be a short secret."""
    return hmac.new(key, change.bound(), hashlib.sha256).hexdigest()


def scope_of(change: Change, key: bytes) -> str:
    """Return what binds a change whose content only the device will show: its kind and what it changes.

    Empty for a command, which is bound by its text wherever it stands: its kind and its program would say nothing.
    """
    if isinstance(change, Alter) and change.subject.startswith("command:"):
        return ""
    return hmac.new(
        key, b"scope\0" + f"{type(change).__name__}\0{subject_of(change)}".encode(), hashlib.sha256
    ).hexdigest()


def subject_of(change: Change) -> str:
    """Return what a change is about, with its kind: ``file:/etc/hosts``, ``unit:posd``, ``user:pos``."""
    if isinstance(change, Alter):
        return change.subject
    return f"unit:{change.unit}" if isinstance(change, ActOnUnit) else f"file:{change.target}"


@dataclass(frozen=True)
class Binding:
    """What of a plan one host is bound to: its changes in their order, and the tasks that only the device decides."""

    changes: Sequence[Bound]
    undecided: Mapping[int, Undecided] = field(default_factory=dict)


@dataclass(frozen=True)
class Bound:
    """One planned change: its digest, its scope where no more than that is bound, and whether it may not come up.

    By its scope a change is bound to its class too: it may become another, and no worse.
    """

    digest: str
    scope: str = ""
    maybe: bool = False
    change_class: ChangeClass = "none"

    @property
    def optional(self) -> bool:
        """Tell whether it need not come up: what a command before it leaves may be as wanted already."""
        return self.maybe or bool(self.scope)
