"""What is called a secret is hidden wherever a device prints it, and card numbers never leave a text whole."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from storefleet.collect.app import app
from storefleet.collect.facts import Fact
from storefleet.collect.probes import Probe
from storefleet.collect.redact import mask_cards, redact, strip_secrets

KEY = b"the fleet's own key"
CANARY = "c4n4ry"


@pytest.mark.parametrize(
    "text",
    [
        f"password = {CANARY}",
        f"db.password={CANARY} more of it",
        f'{{"api_key": "{CANARY}", "host": "h"}}',
        f"DB_PASSWORD: '{CANARY}'",
        f"export POS_TOKEN={CANARY}",
        f"psk={CANARY}",
        f'<auth passwd="{CANARY}"/>',
        f"postgresql://pos:{CANARY}@db.hq.example/pos",
        f"-----BEGIN RSA PRIVATE KEY-----\nMII{CANARY}\nabc\n-----END RSA PRIVATE KEY-----",
        f"-----BEGIN OPENSSH PRIVATE KEY-----\n{CANARY} and then the line was cut",
        f"snmp community: {CANARY}",
    ],
)
def test_what_a_text_itself_calls_a_secret_is_not_left_in_it(text):
    assert CANARY not in strip_secrets(text)
    assert strip_secrets(strip_secrets(text)) == strip_secrets(text)


@pytest.mark.parametrize(
    "text",
    [
        "passwordauthentication no",
        "PASS_MAX_DAYS\t99999",
        "user\troot\tx\t0\t0\t/root\t/bin/sh",
        "shadow\troot\tset",
        "tcp\tLISTEN 0 128 0.0.0.0:22",
        "https://pay.hq.example:19003/status",
        "key\troot\tssh-ed25519 AAAA sf@hq",
    ],
)
def test_what_is_no_secret_stays(text):
    assert strip_secrets(text) == text


@given(st.text(max_size=200))
@example("password=a\npassword=<redacted>")
def test_hiding_twice_is_hiding_once(text):
    assert strip_secrets(strip_secrets(text)) == strip_secrets(text)
    assert mask_cards(mask_cards(text)) == mask_cards(text)
    assert redact(redact(text, KEY), KEY) == redact(text, KEY)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("paid with 4111111111111111 today", "paid with 411111******1111 today"),
        ("4111 1111 1111 1111", "411111******1111"),
        ("3782-822463-10005", "378282*****0005"),
        ("5555555555554444", "555555******4444"),
        (";4111111111111111=25121011000012345678?", ";411111******1111=<redacted>?"),
    ],
)
def test_a_card_number_is_cut_to_what_may_be_shown_and_its_track_is_gone(text, shown):
    assert mask_cards(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "4111111111111112",  # no Luhn
        "0000000000000000",
        "1732612345678901234567890",  # longer than any card
        "52:54:00:11:22:33",
        "2026-11-22T01:14:07Z",
        "1732600000.1234567890123456",  # a fraction of seconds
        "9f0c1d4111111111111111ab" * 2,
    ],
)
def test_what_is_no_card_number_stays(text):
    assert mask_cards(text) == text


def probe_of(text, **fields):
    found = app(text, Probe("pos", file="/opt/pos.ini", into="/app/pos", **fields), KEY)
    return {item.path: item.value for item in found if isinstance(item, Fact)}


def test_a_field_named_for_a_secret_is_hidden_though_nobody_asked_for_it():
    text = f"[db]\nuser = pos\npassword = {CANARY}\n"
    taken = probe_of(text, parse="ini", take={"user": "db/user", "login": "db/password", "db_password": "db/password"})
    assert taken["/app/pos/user"] == "pos"
    assert taken["/app/pos/login"] == taken["/app/pos/db_password"] == redact(CANARY, KEY)
    whole = probe_of(f'{{"db": {{"password": "{CANARY}", "port": 5432}}}}', parse="json")
    assert whole["/app/pos/db"] == {"password": redact(CANARY, KEY), "port": 5432}


def test_that_a_secret_changed_stays_visible():
    one, other = (probe_of(f"password={word}", parse="keyvalue")["/app/pos/password"] for word in ("a", "b"))
    assert one != other
    assert one.startswith("<redacted:")


def test_a_card_number_in_an_application_never_becomes_a_fact():
    found = probe_of("last sale 4111 1111 1111 1111 ok", parse="lines")
    assert "4111 1111" not in str(found)
    assert "411111******1111" in str(found)
