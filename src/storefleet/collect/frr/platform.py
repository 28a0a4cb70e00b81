"""A router platform as data; adding one is a review of a file, not of code."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources

import msgspec

from storefleet.documents import decode, reader
from storefleet.model.base import Value


class Command(Value, frozen=True):
    """One read-only command, the name of the parser of its answer, and the places it answers for."""

    command: str
    parse: str
    gives: tuple[str, ...]


class RouterPlatform(Value, frozen=True):
    """What the router's command line gives, what its shell gives, and how its configuration is read.

    ``volatile`` lines are left out whole; in a line that fits one of ``secrets`` the group ``secret`` is hidden;
    ``closing`` lines end a section and say nothing themselves; a configuration must end with ``ends_with``.
    """

    cli: tuple[Command, ...]
    shell: tuple[str, ...]
    saved: str
    ends_with: str
    volatile: tuple[str, ...]
    closing: str
    secrets: tuple[str, ...]


@cache
def frr() -> RouterPlatform:
    """Return the platform file of FRR."""
    text = resources.files("storefleet.collect.frr").joinpath("platform.yaml").read_text(encoding="utf-8")
    return decode.decode(reader.parse(text, "platform.yaml"), RouterPlatform, "platform.yaml")


@cache
def pattern(text: str) -> re.Pattern[str]:
    """Return a pattern of a platform file, compiled once."""
    return re.compile(text)


def with_secrets(platform: RouterPlatform, patterns: tuple[str, ...]) -> RouterPlatform:
    """Return a platform of which these lines are secret too."""
    return msgspec.structs.replace(platform, secrets=(*platform.secrets, *patterns)) if patterns else platform
