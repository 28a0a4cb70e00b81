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
_HIDDEN = re.compile(r"<redacted(?::[0-9a-f]{12})?>")


def masked(text: str) -> str:
    """Return a text in which hidden values say no more than that they are hidden: equal whatever the key was."""
    return _HIDDEN.sub(HIDDEN, text)


def key_id(key: bytes) -> str:
    """Return a name for a key, by which two of them are told apart and nothing is learned of either."""
    return hmac.new(key, b"storefleet: the name of this redaction key", hashlib.sha256).hexdigest()[:8] if key else ""


_WORD = r"[\w.-]{0,64}(?:passwor[dt]|passwd|passphrase|secret|token|api[_-]?key|psk|community)"
_NAMED = tuple(
    re.compile(text, re.IGNORECASE | re.MULTILINE)
    for text in (
        # "name": "value" and name='value': up to the closing quote, or to the end of the line where none comes.
        (
            rf"""(?P<head>(?:^|[\s"'{{,;<?&]){_WORD}["']?\s{{0,64}}[=:]\s{{0,64}}(?P<quote>["']))"""
            r"""(?P<secret>(?:\\.|(?!(?P=quote))[^\\\r\n])+)"""
        ),
        # "name": 1234
        rf"""(?P<head>["']{_WORD}["']\s{{0,64}}[=:]\s{{0,64}})(?P<secret>[^\s"',}}\]\[{{<]+)""",
        # ?name=value&other=…
        rf"""(?P<head>[?&]{_WORD}=)(?P<secret>[^\s"'&<]+)""",
        # name = value: the whole line, for a secret may hold any character, that of a comment too.
        rf"""(?P<head>(?:^|[\s"'{{,;]){_WORD}[^\S\r\n]{{0,64}}[=:][^\S\r\n]{{0,64}})(?P<secret>[^\s"'][^\r\n]*)""",
        rf"""(?P<head><{_WORD}>)(?P<secret>[^<\r\n]+)""",
        rf"""(?P<head>(?:^|\s)--?{_WORD}[^\S\r\n])(?P<secret>[^\s-]\S*)""",
    )
)
_IN_URL = re.compile(
    r"(?P<head>\b[a-z][a-z0-9+.-]{0,24}://[^/\s:@]{0,64}:)(?P<secret>[^/\s@]{1,256})(?=@)", re.IGNORECASE
)
_PRIVATE_KEY = re.compile(r"(?P<head>-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----)(?P<secret>.*?)(?=-----END|\Z)", re.DOTALL)


_QUOTE = r"""(?P<quote>["'])?"""
_WORTH = r"""(?P<secret>(?(quote)(?!<redacted)(?:\\.|(?!(?P=quote))[^\\\r\n])+|(?:\\.|[^\s"'`;|&()<>\\])+))"""
_GAP = r"[^\S\r\n]"
_SCHEME = "(?:bearer|basic|digest|token)"
_OPTIONS = tuple(
    re.compile(head + _WORTH, re.IGNORECASE)
    for head in (
        rf"(?P<head>\bauthorization{_GAP}{{0,64}}:{_GAP}{{0,64}}(?:{_SCHEME}{_GAP}{{1,64}})?{_QUOTE})(?!{_SCHEME}\b)",
        rf"(?P<head>{_GAP}(?:-[a-z]{{0,16}}u|--(?:proxy-)?user)(?:{_GAP}|=){{0,64}}{_QUOTE}[\w.@-]{{1,64}}:)",
        rf"(?P<head>\bsshpass{_GAP}{{1,64}}-p{_GAP}{{0,64}}{_QUOTE})",
        rf"(?P<head>\b(?:mysql|mariadb)[\w-]{{0,64}}{_GAP}(?:[^;|&\r\n]{{0,256}}{_GAP})?(?-i:-p){_QUOTE})",
    )
)
"""What a program is told on its command line and a reader knows to be a password, though no word says so."""

_IN_COMMAND = tuple(
    re.compile(head + _WORTH, re.IGNORECASE)
    for head in (
        rf"(?P<head>(?<![\w.-]){_WORD}[\"']?\s{{0,64}}[=:]\s{{0,64}}{_QUOTE})",
        rf"(?P<head>(?:^|\s)--?{_WORD}\s{{1,64}}{_QUOTE})(?!-)",
    )
)
"""What a line of shell calls a secret: it ends with the word, so that what is done with it stays to be read."""


def strip_secrets(text: str) -> str:
    """Return a text of any device without what its own words call a secret; doing it twice is doing it once.

    For texts that are kept whole, a recording for example. A fact of a document is hidden by :func:`redact`, which
    keeps visible that it changed.
    """
    for pattern in (*_NAMED, *_OPTIONS, _IN_URL, _PRIVATE_KEY):
        text = pattern.sub(lambda match: match["head"] + HIDDEN, text)
    return text


def redact_command(text: str, key: bytes) -> str:
    """Return a line of shell with its passwords hidden, each by its keyed hash."""
    for pattern in (*_IN_COMMAND, *_OPTIONS, _IN_URL):
        text = pattern.sub(lambda match: match["head"] + redact(match["secret"], key), text)
    return text


def redact_urls(text: str, key: bytes) -> str:
    """Return the text with the password of every URL in it hidden by its keyed hash."""
    return _IN_URL.sub(lambda match: match["head"] + redact(match["secret"], key), text)
