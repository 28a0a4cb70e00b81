"""After a run: who is told what. Nothing here can fail or hold up the run, whose reports are out by now."""

from __future__ import annotations

from pathlib import Path

from storefleet.connections.credentials import Wallet
from storefleet.documents.files import write_atomically
from storefleet.documents.reader import read
from storefleet.errors import StorefleetError
from storefleet.model.credentials import SecretSource
from storefleet.model.report import AuditDocument
from storefleet.notify.config import Notify, load_notify
from storefleet.notify.routing import LOST, Message, messages
from storefleet.notify.send import Sender, Sent
from storefleet.notify.spool import Spool
from storefleet.reports.message import message_text
from storefleet.reports.times import zone_for
from storefleet.reports.trend import TrendPoint
from storefleet.reports.writer import FORMATS, Extras
from storefleet.workflows import clock
from storefleet.workflows.workspace import Workspace

DIGESTS = ("nightly", "weekly")
"""Events whose text is the digest."""


def notify_file(workspace: Workspace) -> Path:
    """Return where channels and routes stand."""
    return workspace.folder / "inventory" / "notify.yaml"


def load_routes(workspace: Workspace) -> Notify:
    """Read ``notify.yaml``; raises :class:`InputError` with every complaint. Without the file nobody is told."""
    path = notify_file(workspace)
    if not path.exists():
        return Notify()
    return load_notify(read(path, workspace.shown(path)))


def notify_run(
    workspace: Workspace, notify: Notify, document: AuditDocument, trend: tuple[TrendPoint, ...] = ()
) -> list[str]:
    """Spool what the run has to tell, send what may leave now, and return in words what came of it, fit for a log.

    Only tickets and troubles are worth words: a message that left is where its reader is.
    """
    if not notify_file(workspace).exists():
        return ["nobody was told: there is no inventory/notify.yaml"]
    try:
        sent = _notify(workspace, notify, document, trend)
    except (StorefleetError, OSError) as fault:
        return [f"nobody was told: {fault}"]
    except Exception as fault:  # noqa: BLE001 - the run is over and has its exit code: no fault of telling it is worth that
        return [f"nobody was told: this is a bug in storefleet ({type(fault).__name__})"]
    told = [f"not told yet, the next run tries again: {fault}" for fault in sent.faults]
    lost = [f"{sent.lost} messages were given up: they could not be delivered for a day, or were too many"]
    made = [f"ticket {ticket} for {event}" for event, ticket in sent.tickets.items()]
    return made + told + (lost if sent.lost else [])


def _notify(workspace: Workspace, notify: Notify, document: AuditDocument, trend: tuple[TrendPoint, ...]) -> Sent:
    now = clock.now()
    spool = Spool(workspace.var / "spool" / "notify", workspace.owner)
    local = now.astimezone(zone_for(workspace.settings.display.timezone, {store.timezone for store in document.stores}))
    digest = message_text(document, timezone=workspace.settings.display.timezone)
    lost = spool.memory().lost
    if lost:
        digest += f"{LOST:<11}{lost} earlier messages could not be delivered\n"
    told = messages(document, notify, digest, local)
    spool.put(told, now, notify.quiet_s)
    wallet = Wallet()

    def secret(source: SecretSource) -> str:
        return wallet.secret(source).reveal()

    attached = _attached(workspace, told, document, trend)
    told_of = lost if any(message.event.event in DIGESTS for message in told) else 0
    sender = Sender(spool, notify, secret, attached, clock=lambda: clock.now().timestamp(), lost_told=told_of)
    return sender.send()


def _attached(
    workspace: Workspace, told: list[Message], document: AuditDocument, trend: tuple[TrendPoint, ...]
) -> Path | None:
    """Write the page that some message carries; the newest one is kept for those that go later."""
    path = workspace.var / "spool" / "notify" / "report.html"
    if any(message.attach for message in told):
        extras = Extras(timezone=workspace.settings.display.timezone, trend=trend)
        write_atomically(path, FORMATS["html"](document, extras), owner=workspace.owner)
    return path if path.exists() else None
