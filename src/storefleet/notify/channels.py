"""The ways out: Apprise (mail services, chats, pagers, webhooks), a mail server, a command of one's own.

A fault names the channel and a kind of trouble, never a URL or what a library said of it: both may hold a secret.
"""

from __future__ import annotations

import email.message
import email.utils
import hashlib
import json
import logging
import smtplib
from collections.abc import Callable
from pathlib import Path

import msgspec

from storefleet.errors import StorefleetError
from storefleet.model.credentials import SecretSource
from storefleet.model.escape import visible
from storefleet.notify.command import CommandFault, first_line
from storefleet.notify.config import Channel
from storefleet.notify.escape import calm, fitted, plain
from storefleet.notify.events import Event
from storefleet.notify.spool import key_of

_TALKATIVE = ("apprise", "urllib3", "requests", "requests_oauthlib")
"""Loggers that write URLs, whole or by path, which for a chat is its secret."""

MOST_TICKET = 100
"""Characters of a ticket."""


class ChannelFault(StorefleetError):
    """A channel did not take a message; the text is fit for a log."""


class PartlyTaken(ChannelFault):
    """A mail server took a message for some people and not for others, who are named."""


Secrets = Callable[[SecretSource], str]
"""Resolves the source of a secret; raises an error in words that name the source when it gives nothing."""


def deliver(channel: Channel, event: Event, attached: Path | None, secret: Secrets) -> str | None:
    """Hand one event to a channel and return the ticket that it made, if any; raises :class:`ChannelFault`."""
    if channel.apprise is not None:
        _apprise(channel, event, attached, secret)
        return None
    if channel.mail:
        _mail(channel, event, attached)
        return None
    return _command(channel, event)


def _words(channel: Channel, event: Event) -> tuple[str, str]:
    title = fitted(plain(event.title), min(200, channel.max_bytes // 4)).replace("\n", " ")
    return title, fitted(plain(event.text), channel.max_bytes - len(title.encode()))


def _apprise(channel: Channel, event: Event, attached: Path | None, secret: Secrets) -> None:
    import apprise  # noqa: PLC0415 - a third of a second of imports

    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    assert channel.apprise is not None
    try:
        url = secret(channel.apprise)
    except StorefleetError as fault:
        raise ChannelFault(f"{channel.name}: {fault}") from fault
    memory = apprise.PersistentStoreMode.MEMORY  # it would keep files of its own, named by the URL
    sender = apprise.Apprise(asset=apprise.AppriseAsset(storage_mode=memory))
    if not sender.add(url):
        raise ChannelFault(f"{channel.name}: its URL is none that Apprise knows")
    title, body = _words(channel, msgspec.structs.replace(event, title=calm(event.title), text=calm(event.text)))
    kind = apprise.NotifyType.WARNING if event.severity in ("high", "critical") else apprise.NotifyType.INFO
    try:
        taken = sender.notify(
            body=body, title=title, notify_type=kind, body_format="text", attach=str(attached) if attached else None
        )
    except Exception as fault:  # noqa: BLE001 - a plugin of somebody else, whose words may hold the URL
        raise ChannelFault(f"{channel.name}: {type(fault).__name__}") from None
    if not taken:
        raise ChannelFault(f"{channel.name}: the other side did not take it")


def _mail(channel: Channel, event: Event, attached: Path | None) -> None:
    title, body = _words(channel, event)
    message = email.message.EmailMessage()
    message["Subject"] = title
    message["From"] = channel.sender or ""
    message["To"] = ", ".join(channel.mail)
    message["Date"] = email.utils.formatdate()
    message["Message-ID"] = _message_id(channel, event)
    message["X-Storefleet-Event"] = plain(event.id)[:200].encode("ascii", "replace").decode()
    message.set_content(body)
    if attached is not None:
        message.add_attachment(attached.read_text(encoding="utf-8"), subtype="html", filename=attached.name)
    host, _, port = channel.smtp.rpartition(":") if ":" in channel.smtp else (channel.smtp, "", "25")
    try:
        with smtplib.SMTP(host.strip("[]"), int(port), timeout=channel.timeout_s) as server:
            server.ehlo()
            if server.has_extn("starttls"):
                server.starttls()
                server.ehlo()
            refused = server.send_message(message)
    except (OSError, smtplib.SMTPException) as fault:
        raise ChannelFault(f"{channel.name}: mail server {channel.smtp}: {type(fault).__name__}") from None
    if refused:
        raise PartlyTaken(
            f"{channel.name}: mail server {channel.smtp} did not take it for {', '.join(sorted(refused))}"
        )


def _message_id(channel: Channel, event: Event) -> str:
    """Return the same id for the same message, so that a mail which was sent twice is shown once."""
    mark = hashlib.sha256(key_of(channel.name, event).encode()).hexdigest()[:32]
    return f"<{mark}@{(channel.sender or '').rpartition('@')[2] or 'storefleet'}>"


def _command(channel: Channel, event: Event) -> str | None:
    """Run the command with the event on its standard input; the first line that it prints is the ticket."""
    try:
        line = first_line(channel.command, json.dumps(event.to_json(), ensure_ascii=True).encode(), channel.timeout_s)
    except CommandFault as fault:
        raise ChannelFault(f"{channel.name}: {channel.command[0]}: {fault}") from None
    return visible(line.decode("utf-8", "replace").strip(), MOST_TICKET) or None
