"""The one door through which exceptions of paramiko, netmiko and the socket layer enter our tree.

The chain of ``__cause__`` and ``__context__`` is searched, not only its head: netmiko reports a refused host key as a
``NetmikoTimeoutException`` with the truth only in ``__context__`` (4.8.0, ``base_connection.establish_connection``).
The rows are in the order of how much they tell; the first row that fits any link of the chain decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import netmiko
import paramiko
from netmiko import exceptions as netmiko_exceptions
from paramiko import ssh_exception as paramiko_exceptions
from paramiko.pkey import UnknownKeyType

from storefleet import errors
from storefleet.connections.algorithms import MODERN, offered_by_library
from storefleet.connections.transport import BadCompression
from storefleet.errors import HostError

REBOOTING = re.compile(
    r"system is (going down|booting up|starting up|shutting down)|unprivileged users are not permitted", re.IGNORECASE
)
"""pam_nologin and systemd-user-sessions say so to a user whose password is right; a legal banner says neither."""

Row: TypeAlias = "tuple[type[BaseException], type[HostError], str]"

PARAMIKO: tuple[Row, ...] = (
    (paramiko.BadHostKeyException, errors.HostKeyChanged, "the device shows another host key than the pinned one"),
    (paramiko_exceptions.IncompatiblePeer, errors.CryptoMismatch, "no algorithm that both sides accept"),
    (paramiko_exceptions.MessageOrderError, errors.NotSsh, "messages out of order in strict key exchange"),
    (paramiko.PasswordRequiredException, errors.CredentialError, "the private key needs its passphrase"),
    (paramiko.BadAuthenticationType, errors.LoginRefused, "the device does not offer this kind of login"),
    (paramiko_exceptions.PartialAuthentication, errors.LoginRefused, "the device asks for a second factor"),
    (paramiko_exceptions.UnableToAuthenticate, errors.LoginRefused, "the device does not take the credential"),
    (paramiko.AuthenticationException, errors.LoginRefused, "the device does not take the credential"),
    (paramiko.ChannelException, errors.Dropped, "the device would not open a channel"),
    (paramiko.ProxyCommandFailure, errors.Unreachable, "the proxy command failed"),
    (paramiko_exceptions.NoValidConnectionsError, errors.Unreachable, "no address could be connected"),
    (paramiko.CouldNotCanonicalize, errors.NameUnknown, "the name does not resolve"),
    (paramiko.ConfigParseError, errors.ConnectError, "an ssh_config could not be read (storefleet reads none)"),
    (UnknownKeyType, errors.CredentialError, "a key of a type that is not known here"),
    (paramiko.SFTPError, errors.CommandError, "the file transfer failed"),
    (paramiko.SSHException, errors.Dropped, "the SSH session broke"),
)

NETMIKO: tuple[Row, ...] = (
    (netmiko.NetmikoAuthenticationException, errors.LoginRefused, "the device does not take the credential"),
    (netmiko.ConfigInvalidException, errors.CommandRefused, "the device did not accept the configuration"),
    (netmiko.ReadTimeout, errors.DeadlineExceeded, "no prompt came back before the deadline"),
    (netmiko_exceptions.NetmikoParsingException, errors.OutputIncomplete, "the output could not be parsed"),
    (netmiko_exceptions.WriteException, errors.Dropped, "the command line was closed while we wrote"),
    (netmiko_exceptions.ReadException, errors.Dropped, "the command line was closed while we read"),
    (netmiko_exceptions.ConnectionException, errors.Dropped, "the command line could not be opened"),
    (netmiko.NetmikoTimeoutException, errors.TimedOut, "the device gave no answer in time"),
    (netmiko_exceptions.NetmikoBaseException, errors.CommandError, "netmiko gave up"),
)

SYSTEM: tuple[Row, ...] = (
    (TimeoutError, errors.TimedOut, "no answer in time"),
    (ConnectionRefusedError, errors.Refused, "refused"),
    (ConnectionError, errors.Dropped, "the connection was closed by the other side"),
    (EOFError, errors.Dropped, "the connection was closed by the other side"),
    (OSError, errors.Unreachable, "the network said no"),
    (UnicodeError, errors.NotSsh, "text that is no UTF-8 where SSH demands it"),
    (ValueError, errors.CommandError, "an answer that the library does not understand"),
)

_BUSY = re.compile(r"MaxStartups|Not allowed at this time|Too many|connection limit", re.IGNORECASE)
"""What OpenSSH (9.2 and 9.8), dropbear and routers say before they hang up on one connection too many."""

# More telling first: what is wrong with trust, then with crypto and login, then silence, then a broken line.
_VAGUE = (paramiko.SSHException, netmiko.NetmikoTimeoutException, netmiko_exceptions.NetmikoBaseException)
_TABLE: tuple[Row, ...] = (
    (BadCompression, errors.BudgetExceeded, "a compressed packet that no honest device sends"),
    *(row for row in PARAMIKO if row[0] not in _VAGUE),
    *(row for row in NETMIKO if row[0] not in _VAGUE),
    *SYSTEM,
    *(row for row in (*NETMIKO, *PARAMIKO) if row[0] in _VAGUE),
)


@dataclass(frozen=True)
class Scene:
    """What was going on: which host, which phase, what the server had said and offered by then."""

    where: str
    phase: str
    said: str = ""
    offer: Mapping[str, list[str]] = field(default_factory=dict)
    spoke: bool = False
    identified: bool = False


def translate(fault: BaseException, scene: Scene) -> HostError:
    """Return the error of our tree that this exception means; the caller raises it ``from`` the original."""
    chain = tuple(_chain(fault))
    for link in chain:
        if isinstance(link, HostError):
            return link
    if REBOOTING.search(scene.said) or any(REBOOTING.search(str(link)) for link in chain):
        return errors.Rebooting(f"{scene.where}: the device says that it is going down or not yet up; try again later")
    for link in chain:
        if isinstance(link, paramiko.SSHException) and "not found in known_hosts" in str(link):
            return errors.HostKeyUnknown(f"{scene.where}: no host key is pinned; nothing was sent")
    for kind, ours, words in _TABLE:
        for link in chain:
            if isinstance(link, kind):
                return _word(ours, words, link, scene)
    return errors.ConnectError(f"{scene.where}: {scene.phase}: {_one_line(fault)}")


def _word(ours: type[HostError], words: str, link: BaseException, scene: Scene) -> HostError:
    if ours is errors.CryptoMismatch:
        return ours(f"{scene.where}: {_crypto_words(scene)}")
    if ours is errors.Dropped and scene.phase == "banner" and scene.spoke and not scene.identified:
        if _BUSY.search(scene.said):
            return errors.Dropped(f"{scene.where}: it turns connections away for now: {_printable(scene.said)}")
        said = f"; it said: {_printable(scene.said)}" if scene.said.strip() else ""
        return errors.NotSsh(f"{scene.where}: something answers there, but it does not speak SSH{said}")
    detail = "" if isinstance(link, EOFError | TimeoutError) else f" ({_one_line(link)})"
    said = f"; it said: {_printable(scene.said)}" if scene.said and issubclass(ours, errors.ConnectError) else ""
    return ours(f"{scene.where}: {scene.phase}: {words}{detail}{said}")


def _crypto_words(scene: Scene) -> str:
    """Name the kinds in which nothing is common, what the peer has, and the way out."""
    lacking: list[str] = []
    legacy: list[str] = []
    kinds = {"key exchange": "kex", "host key": "keys", "cipher": "ciphers", "MAC": "macs"}
    for name, kind in kinds.items():
        theirs = [item for item in scene.offer.get(name, []) if not item.startswith(("ext-info-", "kex-strict-"))]
        if theirs and not MODERN[kind] & set(theirs):
            lacking.append(f"{name}: it has only {_printable(', '.join(theirs))}")
            legacy += [item for item in theirs if item in offered_by_library()[kind]][:1]
    if not lacking:
        return "no SSH version or algorithm that both sides accept; update the device's SSH server"
    remedy = (
        f"update the device, or grant it for a while: legacy_ssh: {{algorithms: [{', '.join(legacy)}], expires: DATE}}"
        if len(legacy) == len(lacking)
        else "update the device; the SSH library here has none of these any more"
    )
    return f"no algorithm that both sides accept ({'; '.join(lacking)}); {remedy}"


def _chain(fault: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    waiting: list[BaseException] = [fault]
    while waiting:
        link = waiting.pop(0)
        if id(link) in seen:
            continue
        seen.add(id(link))
        yield link
        waiting += [other for other in (link.__cause__, link.__context__) if other is not None]


def _one_line(fault: BaseException) -> str:
    return _printable(str(fault) or type(fault).__name__)


def _printable(text: str) -> str:
    """Device text on one line, without control characters that would act on a terminal."""
    return "".join(character if character.isprintable() else " " for character in text)[:300].strip()
