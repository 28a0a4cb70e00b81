"""What the ledger reads: the ids of a file of the archive, and why a host was not asked, out of an audit's words."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from storefleet.connections.known_hosts import KnownHosts, PinnedKey
from storefleet.connections.ssh import verify_host_key
from storefleet.drift.identity_values import NOTHING, Identity
from storefleet.errors import ConnectError, HostKeyChanged, HostKeyUnknown
from storefleet.model.store import Connect, Host
from storefleet.workflows.identities import ids, refusal

HOST = Host("S1-pos1", "S1", "pos1", "till", "linux", "10.1.1.1", Connect(via="S1-router"))
NEW, OLD = (PinnedKey("ssh-ed25519", word) for word in (b"new", b"old"))


def refused(known):
    key = SimpleNamespace(get_name=lambda: NEW.type, asbytes=lambda: NEW.blob)
    with pytest.raises(ConnectError) as caught:
        verify_host_key(SimpleNamespace(get_remote_server_key=lambda: key), HOST, known)
    return caught.value


@pytest.mark.parametrize(
    ("known", "others", "ends"),
    [
        (KnownHosts({"S1-pos1": (OLD,)}), (), "is pinned"),
        (KnownHosts({"S1-pos1": (OLD,), "S2-pos1": (NEW,), "S3-pos1": (NEW,)}), ("S2-pos1", "S3-pos1"), "is pinned"),
        (KnownHosts({"S1-pos1": (NEW,)}, frozenset({NEW.blob})), (), "which is revoked in known_hosts"),
    ],
)
def test_a_refusal_is_told_from_the_words_with_which_a_connection_ends(known, others, ends):
    fault = refused(known)
    assert isinstance(fault, HostKeyChanged)
    note = refusal(HOST.name, str(fault))
    assert note is not None
    assert (note.host, note.kind, note.others) == ("S1-pos1", "refused", others)
    assert note.evidence[0].startswith(f"it shows ssh-ed25519 {NEW.fingerprint}, ")
    assert note.evidence[0].endswith(ends)


def test_a_host_of_which_no_key_is_pinned_is_not_refused():
    fault = refused(KnownHosts())
    assert isinstance(fault, HostKeyUnknown)
    assert refusal(HOST.name, str(fault)) is None


@pytest.mark.parametrize(
    "reason",
    [
        "",
        "S1-pos1 (10.1.1.1:22): no answer within 5 s (tcp)",
        "S1-pos1 (10.1.1.1:22): the login was refused; it says 'x (y): shows k, but k is pinned; nothing was sent.'",
        "S1-pos1 (10.1.1.1:22): shows k; it is pinned",
    ],
)
def test_any_other_reason_is_no_refusal(reason):
    assert refusal("S1-pos1", reason) is None


def test_only_the_lines_of_the_ids_are_read():
    text = (
        '/system/hostname = "\\n/system/serial = \\"FORGED\\""\n'
        '/system/machine_id = "abc123"\n'
        '/system/os/name = "/system/serial = \\"FORGED\\""\n'
        '/system/serial = "SN \\"7\\" \\u001b[31m"\n'
    )
    assert ids(text) == Identity('SN "7" \x1b[31m', "abc123")


@pytest.mark.parametrize("line", ['/system/serial = "', "/system/serial = 12", '/system/serial = "\\q"', ""])
def test_a_line_that_cannot_be_read_is_no_id(line):
    assert ids(f"{line}\n") == NOTHING
