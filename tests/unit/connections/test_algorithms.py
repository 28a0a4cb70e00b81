from __future__ import annotations

import datetime
import re

import paramiko
import pytest

from storefleet.connections.algorithms import (
    MODERN,
    disabled,
    legacy_of,
    offered_by_library,
    ordered_host_keys,
)
from storefleet.errors import CryptoMismatch
from storefleet.model.store import Host, LegacySsh

WEAK = re.compile(r"sha1|md5|cbc|3des|dss|arcfour|^ssh-rsa$|group1-|chacha20", re.IGNORECASE)


def host(*algorithms, expires="2026-12-31"):
    legacy = LegacySsh(algorithms=algorithms, expires=expires) if algorithms else None
    return Host(name="S1-r", store="S1", device="r", role="router", platform="frr", legacy_ssh=legacy)


def left(legacy=frozenset()):
    off = disabled(legacy)
    return {kind: [name for name in names if name not in off[kind]] for kind, names in offered_by_library().items()}


def test_what_is_left_of_the_library_is_exactly_the_modern_set():
    assert {kind: sorted(names) for kind, names in left().items()} == {
        "kex": [
            "curve25519-sha256@libssh.org", "diffie-hellman-group-exchange-sha256", "diffie-hellman-group14-sha256",
            "diffie-hellman-group16-sha512", "ecdh-sha2-nistp256", "ecdh-sha2-nistp384", "ecdh-sha2-nistp521",
        ],
        "keys": [
            "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "rsa-sha2-256", "rsa-sha2-512",
            "ssh-ed25519",
        ],
        "pubkeys": [
            "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "rsa-sha2-256", "rsa-sha2-512",
            "ssh-ed25519",
        ],
        "ciphers": ["aes128-ctr", "aes128-gcm@openssh.com", "aes192-ctr", "aes256-ctr", "aes256-gcm@openssh.com"],
        "macs": [
            "hmac-sha2-256", "hmac-sha2-256-etm@openssh.com", "hmac-sha2-512", "hmac-sha2-512-etm@openssh.com",
        ],
    }  # fmt: skip


def test_no_weak_name_is_in_the_modern_set():
    assert not [name for names in MODERN.values() for name in names if WEAK.search(name)]


def test_a_name_that_a_later_library_adds_is_off_until_somebody_allows_it(monkeypatch):
    monkeypatch.setattr(paramiko.Transport, "_preferred_ciphers", ("aes128-ctr", "rot13@example.org"))
    assert disabled()["ciphers"] == ["rot13@example.org"]


def test_legacy_ssh_gives_back_exactly_what_it_names():
    granted = left(frozenset({"diffie-hellman-group14-sha1", "ssh-rsa"}))
    assert set(granted["kex"]) - set(left()["kex"]) == {"diffie-hellman-group14-sha1"}
    assert set(granted["keys"]) - set(left()["keys"]) == {"ssh-rsa"}
    assert granted["ciphers"] == left()["ciphers"]


def test_legacy_ssh_holds_to_the_end_of_its_last_day():
    given = host("ssh-rsa")
    assert legacy_of(given, datetime.date(2026, 12, 31)) == {"ssh-rsa"}
    with pytest.raises(CryptoMismatch, match="expired on 2026-12-31"):
        legacy_of(given, datetime.date(2027, 1, 1))
    assert legacy_of(host()) == frozenset()


def test_a_misspelt_algorithm_is_named_and_not_ignored():
    with pytest.raises(CryptoMismatch, match="diffie-helman-group14-sha1"):
        legacy_of(host("diffie-helman-group14-sha1"), datetime.date(2026, 1, 1))


def test_the_pinned_type_is_asked_for_first_and_the_others_still_after_it():
    order = ordered_host_keys(("ssh-rsa",))
    assert order[:2] == ("rsa-sha2-512", "rsa-sha2-256")
    assert set(order) == set(offered_by_library()["keys"])
