"""Opening an SSH connection as far as the host key: nothing that is secret has been sent when this is done."""

from __future__ import annotations

import contextlib
import datetime
import threading

from storefleet.connections.algorithms import legacy_of
from storefleet.connections.deadline import Deadline
from storefleet.connections.known_hosts import KnownHosts, PinnedKey
from storefleet.connections.translate import Scene, translate
from storefleet.connections.transport import DeviceTransport
from storefleet.connections.wire import Wire
from storefleet.errors import ConnectError, Dropped, HostError, HostKeyChanged, HostKeyUnknown, JumpFailed, TimedOut
from storefleet.model.limits import Limits
from storefleet.model.store import Host

CARRIER_S = 0.3


def where(host: Host) -> str:
    """Name a host and how it is reached, for the head of a message."""
    address = host.connect.host or host.address or "no address"
    via = f" via {host.connect.via}" if host.connect.via else ""
    return f"{host.name} ({address}:{host.connect.port}{via})"


def handshake(
    wire: Wire,
    host: Host,
    limits: Limits,
    deadline: Deadline,
    *,
    pinned_types: tuple[str, ...] = (),
    only: tuple[str, ...] = (),
    carries: bool = False,
    today: datetime.date | None = None,
) -> DeviceTransport:
    """Exchange banners and keys; no credential is involved, and the host key is not judged here.

    ``pinned_types`` are asked for first; ``only`` restricts the host key algorithms, to learn one key of several.
    ``carries`` says that the connection will be a jump.
    The wire is closed when this fails.
    """
    with contextlib.ExitStack() as on_failure:
        on_failure.callback(wire.close)
        transport = DeviceTransport(wire, legacy_of(host, today), pinned_types, carries=carries)
        on_failure.callback(transport.hang_up)
        if only:
            transport.only_host_key(only)
        transport.banner_timeout = min(limits.banner_s, deadline.left())
        _exchange(transport, host, deadline.within(limits.banner_s + limits.login_s))
        transport.set_keepalive(limits.keepalive_s)
        on_failure.pop_all()
    return transport


def _exchange(transport: DeviceTransport, host: Host, deadline: Deadline) -> None:
    done = threading.Event()
    transport.start_client(event=done)
    finished = done.wait(deadline.left())
    phase = "key exchange" if transport.remote_version else "banner"
    if not finished:
        raise TimedOut(f"{where(host)}: {phase}: no answer within {deadline.seconds:g} s; the port is open but silent")
    if not transport.is_active():
        fault = transport.get_exception() or EOFError()
        raise fault_of(fault, transport, host, phase) from fault


def fault_of(fault: BaseException, transport: DeviceTransport, host: Host, phase: str) -> HostError:
    """Return what a fault on this connection means; where the jump under it died, it is the jump's."""
    carrier = transport.wire.carrier
    if carrier is not None and not transport.is_active():
        carrier.join(CARRIER_S)  # it tells its channels before it is marked as ended
        if not carrier.is_active():
            return JumpFailed(f"{where(host)}: {phase}: the connection to its jump {host.connect.via} broke")
    return translate(fault, _scene(transport, host, phase))


def _scene(transport: DeviceTransport, host: Host, phase: str) -> Scene:
    return Scene(
        where=where(host),
        phase=phase,
        said=transport.last_words() if transport.remote_version else transport.wire.opening.decode("utf-8", "replace"),
        offer=transport.peer_offer,
        spoke=transport.wire.received > 0,
        identified=bool(transport.remote_version),
    )


def verify_host_key(transport: DeviceTransport, host: Host, known: KnownHosts) -> None:
    """Compare the key shown with the pinned ones; raises :class:`HostKeyUnknown` or :class:`HostKeyChanged`."""
    shown = shown_key(transport)
    pinned = known.keys(host.name)
    if shown.blob in known.revoked:
        raise HostKeyChanged(
            f"{where(host)}: shows {_words(shown)}, which is revoked in {known.path}; nothing was sent. "
            f"Replace the device's host key, then `storefleet hostkeys scan -l {host.name}`"
        )
    if any(shown.blob == key.blob for key in pinned):
        return
    owners = [name for name in known.owners(shown.blob) if name != host.name]
    hint = f" That key is pinned for {', '.join(owners[:3])}: a cloned image, or a wrong address?" if owners else ""
    if not pinned:
        raise HostKeyUnknown(
            f"{where(host)}: shows {_words(shown)}, and no key is pinned for {host.name}; nothing was sent.{hint} "
            f"Look with `storefleet hostkeys scan -l {host.name}`, compare it at the device, then pin it with "
            f"`storefleet hostkeys trust`"
        )
    listed = ", ".join(_words(key) for key in pinned)
    raise HostKeyChanged(
        f"{where(host)}: shows {_words(shown)}, but {listed} is pinned; nothing was sent.{hint} If the device was "
        f"replaced or reinstalled: delete its line in {known.path}, `storefleet hostkeys scan -l {host.name}`, then "
        f"`storefleet hostkeys trust {host.name} SHA256:… --evidence …`; if not, somebody stands in between"
    )


def shown_key(transport: DeviceTransport) -> PinnedKey:
    """Return the host key that the server proved to hold."""
    key = transport.get_remote_server_key()
    return PinnedKey(key.get_name(), key.asbytes())


def _words(key: PinnedKey) -> str:
    return f"{key.type} {key.fingerprint}"


def require_alive(transport: DeviceTransport, host: Host, phase: str) -> None:
    """Raise the error of a connection that is gone."""
    if not transport.is_active():
        raise gone(transport, host, phase)


def gone(transport: DeviceTransport, host: Host, phase: str) -> ConnectError:
    """Say why the connection is gone."""
    error = fault_of(transport.get_exception() or EOFError(), transport, host, phase)
    return error if isinstance(error, ConnectError) else Dropped(f"{where(host)}: {phase}: the connection ended")
