"""Hiding secrets and card numbers: of a value it stays visible that it changed, of a text nothing is left."""

from __future__ import annotations

import hashlib
import hmac
import re

_MARK = re.compile(r"<redacted:[0-9a-f]{12}>")


def redact(text: str, key: bytes) -> str:
    """Return ``<redacted:…>`` with 48 bits of HMAC-SHA256; text that is hidden already stays as it is.

    Without the fleet's key nobody can try short values (a PIN, a community) against the hash. With no key given the
    mark says nothing at all.
    """
    if _MARK.fullmatch(text) or text == "<redacted>":
        return text
    if not key:
        return "<redacted>"
    return f"<redacted:{hmac.new(key, text.encode('utf-8', 'replace'), hashlib.sha256).hexdigest()[:12]}>"


HIDDEN = "<redacted>"

_NAMED = re.compile(
    r"""(?P<head>(?:^|[\s"'{,;<?&])[\w.-]*(?:passwor[dt]|passwd|passphrase|secret|token|api[_-]?key|psk|community)["']?\s*[=:]\s*["']?)"""
    r"""(?P<secret>[^\s"'#;,}&<][^\r\n"'#;,}&<]*)""",
    re.IGNORECASE | re.MULTILINE,
)
_IN_URL = re.compile(r"(?P<head>\b[a-z][a-z0-9+.-]*://[^/\s:@]{1,64}:)(?P<secret>[^/\s@]{1,256})(?=@)", re.IGNORECASE)
_PRIVATE_KEY = re.compile(r"(?P<head>-----BEGIN [A-Z ]*PRIVATE KEY-----)(?P<secret>.*?)(?=-----END|\Z)", re.DOTALL)
_CARD = re.compile(
    r"(?<![0-9A-Fa-f.])"
    r"(?:\d{4}[ -]\d{4}[ -]\d{4}[ -]\d{2,4}|\d{4}[ -]\d{6}[ -]\d{5}|[2-6]\d{13,18})"
    r"(?![0-9A-Fa-f.])"
)
_TRACK = re.compile(r"(?P<card>\d{12,19})[=D](?P<rest>\d{7,})")


def strip_secrets(text: str) -> str:
    """Return a text of any device without what its own words call a secret; doing it twice is doing it once.

    For texts that are kept whole, a recording for example. A fact of a document is hidden by :func:`redact`, which
    keeps visible that it changed.
    """
    for pattern in (_NAMED, _IN_URL, _PRIVATE_KEY):
        text = pattern.sub(lambda match: match["head"] + HIDDEN, text)
    return text


def redact_urls(text: str, key: bytes) -> str:
    """Return the text with the password of every URL in it hidden by its keyed hash."""
    return _IN_URL.sub(lambda match: match["head"] + redact(match["secret"], key), text)


def mask_cards(text: str) -> str:
    """Return the text with card numbers cut to their first six and last four digits, and without track data.

    What has 14 to 19 digits, begins as cards do and passes the Luhn check is taken for the number of a card: one in ten
    of all such digits does, so this is for the texts of applications and not for counters.
    """
    text = _TRACK.sub(lambda match: f"{_cut(match['card'])}={HIDDEN}" if _is_card(match["card"]) else match[0], text)
    return _CARD.sub(lambda match: _cut(match[0]) if _is_card(match[0]) else match[0], text)


def _cut(number: str) -> str:
    digits = re.sub(r"\D", "", number)
    return f"{digits[:6]}{'*' * (len(digits) - 10)}{digits[-4:]}"


def _is_card(number: str) -> bool:
    """Apply the Luhn check (ISO/IEC 7812-1)."""
    digits = [int(digit) for digit in re.sub(r"\D", "", number)]
    doubled = (digit * 2 - 9 * (digit > 4) for digit in digits[-2::-2])
    return len(set(digits)) > 1 and (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0
