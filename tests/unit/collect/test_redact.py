"""What is called a secret is hidden wherever a device prints it, and card numbers never leave a text whole."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from patience import ends_within

from storefleet.collect.app import app
from storefleet.collect.cards import is_card, mask_cards
from storefleet.collect.facts import Fact
from storefleet.collect.linux.guards import certificates
from storefleet.collect.linux.kernel import files
from storefleet.collect.probes import Probe
from storefleet.collect.redact import redact, redact_urls, strip_secrets

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
        f"password = x#{CANARY}; and more",
        f"password = <{CANARY}",
        f"secret: &{CANARY}",
        f'{{"password": "a\\"{CANARY}"}}',
        f"{{'token': 12{CANARY}, 'host': 1}}",
        f'password="{CANARY} without an end',
        f"https://pos.hq.example/pay?user=x&api_key={CANARY}&y=1",
        f"<Password>{CANARY}</Password>",
        f"arg\t/usr/bin/pos --db-password {CANARY} --verbose",
        f"redis://:{CANARY}@127.0.0.1/0",
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
        '{"tokens": 5, "password_max_age": 90, "host": "pay.hq.example"}',
        "--password-file /etc/pos/password",
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


def wide(text):
    """Write digits as a Chinese input method may."""
    return "".join(chr(ord(digit) + 0xFEE0) if digit.isdecimal() else digit for digit in text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("paid with 4111111111111111 today", "paid with 411111******1111 today"),
        ("paid with 4111111111111111.", "paid with 411111******1111."),
        ("4111 1111 1111 1111", "411111******1111"),
        ("4111.1111.1111.1111", "411111******1111"),
        ("4111\u00a01111\u00a01111\u00a01111", "411111******1111"),
        ("3782-822463-10005", "378282*****0005"),
        ("3056 930902 5904", "305693****5904"),
        ("5555555555554444", "555555******4444"),
        ("2223003122003222EUR", "222300******3222EUR"),
        ("card4111111111111111", "card411111******1111"),
        ("6212345678901232 UnionPay", "621234******1232 UnionPay"),
        (wide("4111111111111111"), wide("411111******1111")),
        (";4111111111111111=25121011000012345678?", ";411111******1111=<redacted>?"),
        ("57114111111111111111D25121011000012345678", "5711411111******1111D<redacted>"),
        ("%B4111111111111111^DOE/JOHN^25121011000012345678?", "%B411111******1111^<redacted>?"),
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
        "20261122011430",  # a time, which passes the Luhn check
        "1732600000.1234567890123456",  # a fraction of seconds
        "1764093600000000000",  # nanoseconds
        "9f0c1d4111111111111111ab" * 2,
        "4006381333931",  # an article number
        "356938035643809",  # an IMEI
        "8986003020151001238",  # a SIM card
        "libc6 2.36-9+deb12u10",
        "10.100.1.11:19003 10.0.0.10:443",
        "f621624dc28049e28118f03bbd9eb167",
        "3f333df6-90a4-4fda-8dd3-9485d27cee36",
    ],
)
def test_what_is_no_card_number_stays(text):
    assert mask_cards(text) == text


def test_hardly_any_other_number_is_taken_for_a_card():
    """Serial numbers, receipts and counters of every length that a card may have, as they come: one in a thousand."""
    random = Random(412)
    receipts = [f"1{random.randrange(10**15):015}" for _ in range(2000)]
    times = [
        f"2026{random.randrange(1, 13):02}{random.randrange(1, 29):02}{random.randrange(10**6):06}" for _ in range(2000)
    ]
    stamps = [str(1_760_000_000_000_000 + random.randrange(10**13)) for _ in range(2000)]
    assert [text for text in (*receipts, *times, *stamps) if mask_cards(text) != text] == []
    anything = [str(random.randrange(10**13, 10**19)) for _ in range(10_000)]
    assert sum(mask_cards(text) != text for text in anything) < 400


CARDS = st.integers(10**14, 10**15 - 1).map(lambda body: f"4{body}")


@given(
    st.text(alphabet="0123456789 -.=D^ab\n", max_size=60), CARDS, st.sampled_from(["", " ", "x", "\n", ":", '"', "."])
)
def test_a_card_number_that_stands_by_itself_is_found_in_any_text(before, body, gap):
    number = next(body[:15] + check for check in "0123456789" if is_card(body[:15] + check))
    text = mask_cards(f"{before}|{gap}{number}{gap}|{before}")
    assert number not in text
    assert mask_cards(text) == text


@pytest.mark.parametrize(
    "text", ["x-1-r", "1", "41", "4111 ", "password ", "a://b:", "<password>", "12=", "-----BEGIN A"]
)
def test_no_text_of_a_device_makes_the_search_slow(text):
    """A megabyte; a search that grows with the square of the text would take hours."""
    long = text * (1_000_000 // len(text))
    with ends_within(120):
        mask_cards(long)
        strip_secrets(long)
        redact_urls(long, KEY)


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


def test_the_name_of_a_watched_file_holds_no_card_number():
    found = list(files("kind\tfile\t/var/pos/4111111111111111.txt\nunread\t/var/pos/4111111111111111.txt"))
    assert "4111111111111111" not in str(found)
    assert "411111******1111.txt" in str(found)


HOSTILE = [
    "a" + " " * 60_000 + "b",
    "\t" * 60_000,
    "a=" + " " * 60_000 + "b",
    "a\n" * 30_000,
    "[" * 60_000,
    "x" * 60_000,
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("parse", ["ini", "json", "yaml", "keyvalue", "lines", "regex"])
def test_no_application_text_holds_every_other_host_up(text, parse):
    """Python's regular expressions keep all threads waiting: what a till writes must not decide for how long."""
    with ends_within(120):
        list(app(text, Probe("pos", file="/a", into="/app/pos", parse=parse, pattern=r"version (\S+)"), KEY))
        list(certificates(f"status\t/c\t0\ncert\t/c\t-----BEGIN CERTIFICATE-----{text * 4}"))
