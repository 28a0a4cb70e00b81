"""``inventory/notify.yaml``: channels, and which event goes to which of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, TypeAlias

import msgspec

from storefleet.documents.decode import Decoder
from storefleet.documents.nodes import Node, Source
from storefleet.errors import InputError
from storefleet.model.base import Value
from storefleet.model.credentials import SecretSource
from storefleet.notify.condition import Condition, ConditionFault, parse_condition
from storefleet.notify.sources import source_fault, without_urls

EVENTS = ("nightly", "incident", "finding.new", "store-dark", "weekly", "wave.halted")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SHOWN = ("coverage", "dark", "new", "worse", "fixed", "counts", "waivers-expiring", "odd")
"""Parts of the digest that a route may ask for; the verdict always stands."""

MOST_QUIET_S = 30 * 86_400.0

_DURATION = re.compile(r"([1-9][0-9]{0,5})([smhd])")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
_SERVER = re.compile(r"[A-Za-z0-9.-]+(:[0-9]{1,5})?|\[[0-9a-fA-F:]+\](:[0-9]{1,5})?")
Attachment: TypeAlias = Literal["html"]


class Channel(Value, frozen=True):
    """One way out; exactly one of ``apprise``, ``mail`` and ``command`` is set.

    ``apprise`` is the source of an Apprise URL, which holds a secret and so never stands in the file. ``smtp`` is the
    server for ``mail`` (``host:port``). At most ``per_minute`` messages leave in a minute, of ``max_bytes`` each.
    """

    name: str
    apprise: SecretSource | None = None
    mail: tuple[str, ...] = ()
    sender: str | None = None
    smtp: str = "127.0.0.1:25"
    command: tuple[str, ...] = ()
    per_minute: int = 15
    max_bytes: int = 16_384
    timeout_s: int = 15


class Route(Value, frozen=True):
    """Which event goes where. ``over_s`` is how long a store must be dark; ``day`` and ``at`` are for ``weekly``."""

    on: str
    to: tuple[str, ...]
    condition: Condition | None = None
    over_s: float = 0.0
    show: tuple[str, ...] = ()
    day: str | None = None
    at: str = "00:00"
    attach: tuple[Attachment, ...] = ()


class Notify(Value, frozen=True):
    """The whole file; ``quiet_s`` is for how long the same event is not told again."""

    channels: Mapping[str, Channel] = {}
    routes: tuple[Route, ...] = ()
    quiet_s: float = 86_400.0


class ChannelLine(Value, frozen=True):
    """One channel as it is written."""

    apprise: SecretSource | None = None
    mail: tuple[str, ...] = ()
    sender: str | None = msgspec.field(default=None, name="from")
    smtp: str = "127.0.0.1:25"
    command: tuple[str, ...] = ()
    input: Literal["event"] = "event"
    per_minute: int = 15
    max_bytes: int = 16_384
    timeout: str = "15s"
    source: Source = Source("", 0)


class RouteLine(Value, frozen=True):
    """One route as it is written."""

    on: str
    to: tuple[str, ...]
    condition: str | None = msgspec.field(default=None, name="if")
    over: str = "0s"
    show: tuple[str, ...] = ()
    day: str | None = None
    at: str = "00:00"
    attach: tuple[Attachment, ...] = ()
    source: Source = Source("", 0)


class QuietLine(Value, frozen=True):
    """For how long nobody is told the same again, as it is written."""

    same_event_within: str = "24h"
    source: Source = Source("", 0)


class NotifyFile(Value, frozen=True):
    """The file as it is written."""

    channels: Mapping[str, ChannelLine] = {}
    routes: tuple[RouteLine, ...] = ()
    quiet: QuietLine = msgspec.field(default_factory=QuietLine)


def load_notify(node: Node | None) -> Notify:
    """Decode ``notify.yaml``; raises :class:`InputError` with every complaint at its line. No file tells nobody."""
    if node is None:
        return Notify()
    decoder = Decoder()
    file = decoder.decode(without_urls(node, decoder), NotifyFile, "notify.yaml")
    if file is None:
        raise InputError(decoder.complaints)
    channels = {name: _channel(name, written, decoder) for name, written in file.channels.items()}
    routes = tuple(_route(written, channels, decoder) for written in file.routes)
    quiet = _seconds(file.quiet.same_event_within, file.quiet.source, decoder)
    if quiet > MOST_QUIET_S:
        decoder.complain(
            file.quiet.source, "quiet: same_event_within is 30d at most: what was told is remembered so long"
        )
    decoder.finish()
    return Notify(channels, routes, quiet)


def _channel(name: str, written: ChannelLine, decoder: Decoder) -> Channel:
    ways = [way for way in ("apprise", "mail", "command") if getattr(written, way)]
    if len(ways) != 1:
        found = " and ".join(ways) or "none"
        decoder.complain(
            written.source, f"channel {name}: exactly one of apprise, mail and command is due, not {found}"
        )
    fault = source_fault(written.apprise) if written.apprise is not None else None
    if fault:
        decoder.complain(written.source, f"channel {name}: {fault}")
    if written.mail and not (written.sender and "@" in written.sender):
        decoder.complain(written.source, f"channel {name}: mail needs `from:` with an address")
    for address in (*written.mail, written.sender or "a@b"):
        if "@" not in address or not address.isprintable():
            decoder.complain(written.source, f"channel {name}: {address!r} is no mail address")
    if not _SERVER.fullmatch(written.smtp):
        decoder.complain(written.source, f"channel {name}: smtp: {written.smtp!r} is no host:port")
    if written.command and not written.command[0].startswith("/"):
        decoder.complain(written.source, f"channel {name}: the command is named by its whole path, as in /usr/bin/x")
    if not (1 <= written.per_minute <= 1000 and 256 <= written.max_bytes <= 1_000_000):
        decoder.complain(written.source, f"channel {name}: per_minute is 1 to 1000, max_bytes 256 to 1000000")
    timeout = int(_seconds(written.timeout, written.source, decoder))
    return Channel(
        name,
        written.apprise,
        written.mail,
        written.sender,
        written.smtp,
        written.command,
        written.per_minute,
        written.max_bytes,
        timeout,
    )


def _route(written: RouteLine, channels: Mapping[str, Channel], decoder: Decoder) -> Route:
    if written.on not in EVENTS:
        decoder.complain(written.source, f"on: {written.on!r} is no event; there are {', '.join(EVENTS)}")
    for name in written.to:
        if name not in channels:
            decoder.complain(written.source, f"to: there is no channel {name!r}; there are {', '.join(channels)}")
    for part in written.show:
        if part not in SHOWN:
            decoder.complain(written.source, f"show: {part!r} is no part of the digest; there are {', '.join(SHOWN)}")
    _check_day(written, decoder)
    condition = None
    if written.condition is not None:
        try:
            condition = parse_condition(written.condition)
        except ConditionFault as fault:
            decoder.complain(written.source, f"if: {fault}")
    over = 0.0 if written.over == "0s" else _seconds(written.over, written.source, decoder)
    return Route(written.on, written.to, condition, over, written.show, written.day, written.at, written.attach)


def _check_day(written: RouteLine, decoder: Decoder) -> None:
    if (written.on == "weekly") != (written.day is not None):
        decoder.complain(written.source, "`day` goes with `on: weekly`, and weekly needs it")
    if written.day is not None and written.day not in DAYS:
        decoder.complain(written.source, f"day: {written.day!r} is none of {', '.join(DAYS)}")
    if not _CLOCK.fullmatch(written.at):
        decoder.complain(written.source, f"at: {written.at!r} is no time of day such as 07:30")


def _seconds(text: str, source: Source, decoder: Decoder) -> float:
    found = _DURATION.fullmatch(text)
    if found is None:
        decoder.complain(source, f"{text!r} is no duration such as 15s, 4h or 2d")
        return 0.0
    return float(int(found[1]) * _UNITS[found[2]])
