"""Card numbers in what an application wrote: cut to six and four digits before anything keeps or shows them."""

from __future__ import annotations

import re

from storefleet.collect.redact import HIDDEN

_GAP = r"[ .\u00a0\u2010-\u2013-]"
_NUMBER = re.compile(
    rf"(?<!\d)(?<!\d\.)(?:\d{{14,19}}|\d{{4}}({_GAP})\d{{4}}\1\d{{4}}\1\d{{4}}(?:\1\d{{1,3}})?|\d{{4}}({_GAP})\d{{6}}\2\d{{4,5}})"
    r"(?!\d|\.\d)"
)
_TRACK_1 = re.compile(r"(?<!\d)(?P<card>\d{14,19})\^[^^\r\n]{1,40}\^[^\s\"'?]{4,}")
_TRACK_2 = re.compile(r"(?<!\d)(?P<digits>\d{14,}+)(?P<mark>[=D])\d{7,}", re.IGNORECASE)
_LONGEST, _SHORTEST = 19, 14
_DIGEST = 32
"""From so many hexadecimal digits on it is a digest or a key, in which any number may stand by chance."""


def mask_cards(text: str) -> str:
    """Return the text with card numbers cut to what may be shown, and without track data; twice is as once.

    A number of 14 to 19 digits is a card's when a card scheme gives out such numbers and the Luhn check (ISO/IEC
    7812-1) holds. One number in ten passes that check by chance, so this is for texts of applications and names of
    files, and not for counters or serial numbers. Article numbers (EAN-13), IMEI and times begin or end otherwise.
    """
    text = _TRACK_1.sub(lambda found: f"{_cut(found['card'])}^{HIDDEN}" if is_card(found["card"]) else found[0], text)
    text = _TRACK_2.sub(_track, text)
    return _NUMBER.sub(_masked, text)


def is_card(number: str) -> bool:
    """Tell whether digits, with or without separators, can be the number of a payment card."""
    digits = [int(digit) for digit in number if digit.isdecimal()]
    doubled = (digit * 2 - 9 * (digit > 4) for digit in digits[-2::-2])
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0 and _issued(digits)


def _issued(digits: list[int]) -> bool:
    """Tell whether a scheme gives out numbers that begin so and are so long."""
    length, first = len(digits), int("".join(map(str, digits[:4])))
    two, three = first // 100, first // 10
    return (
        (first // 1000 == 4 and length in (16, 19))  # Visa
        or ((51 <= two <= 55 or 2221 <= first <= 2720) and length == 16)  # Mastercard
        or (two in (34, 37) and length == 15)  # American Express
        or ((two in (36, 38, 39) or 300 <= three <= 305 or three == 309) and length in (14, 16))  # Diners
        or ((3528 <= first <= 3589 or 2200 <= first <= 2204) and 16 <= length <= 19)  # JCB, Mir
        or (
            (first // 1000 == 6 or two in (50, 56, 57, 58, 81)) and 16 <= length <= 19
        )  # UnionPay, Discover, Maestro, RuPay
    )


def _masked(found: re.Match[str]) -> str:
    return _cut(found[0]) if is_card(found[0]) and not _in_digest(found) else found[0]


def _in_digest(found: re.Match[str]) -> bool:
    start, end = found.span()
    window = found.string[max(0, start - _DIGEST) : end + _DIGEST]
    at = min(start, _DIGEST)
    before = re.search(r"[0-9a-fA-F]*\Z", window[:at])
    after = re.match(r"[0-9a-fA-F]*", window[at + end - start :])
    around = (before[0] if before else "") + (after[0] if after else "")
    return len(around) + end - start >= _DIGEST and not around.isdecimal()


def _track(found: re.Match[str]) -> str:
    digits = found["digits"]
    for length in range(min(_LONGEST, len(digits)), _SHORTEST - 1, -1):
        if is_card(digits[-length:]):
            return f"{digits[:-length]}{_cut(digits[-length:])}{found['mark']}{HIDDEN}"
    return found[0]


def _cut(number: str) -> str:
    digits = "".join(digit for digit in number if digit.isdecimal())
    return f"{digits[:6]}{'*' * (len(digits) - 10)}{digits[-4:]}"
