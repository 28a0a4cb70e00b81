"""What the host's own connections to its endpoints met."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from storefleet.collect.facts import Fact, Findings, pointer
from storefleet.collect.plan import Endpoint
from storefleet.collect.text import address, integer
from storefleet.model.base import Json
from storefleet.model.instants import utc
from storefleet.model.state import Missing

_RESULTS = ("open", "refused", "timeout", "unreachable", "name")
_VERSION = re.compile(r"New, (TLSv[0-9.]+|SSLv[0-9.]+),")
_VERIFIED = re.compile(r"Verify return code: (\d+) \((.*)\)")
_ERROR = re.compile(r"(?:routines:[^:]*:|alert )([^:|]+)")


def reachable(text: str, endpoints: tuple[Endpoint, ...]) -> Findings:
    """Read the probe ``reachable``; an endpoint without a line of its own is unknown, never unreachable."""
    rows = {line.split("\t")[0]: line.split("\t") for line in text.split("\n")}
    yield Fact("/ports/reachable", {})
    for endpoint in endpoints:
        key = f"{endpoint.host}:{endpoint.port}"
        row = rows.get(key, [])
        if len(row) == 2 and row[1] == "none":
            yield Missing(pointer("ports", "reachable", key), "no tool on this system: bash, nc")
        elif len(row) != 6:
            yield Missing(pointer("ports", "reachable", key), "output incomplete")
        else:
            yield from _endpoint(key, row)


def _endpoint(key: str, row: list[str]) -> Findings:
    _, result, ms, at, wanted, tls = row
    place = pointer("ports", "reachable", key)
    if result not in _RESULTS:
        yield Missing(place, "the tool's answer is none that we know")
        return
    facts: dict[str, Json] = {"result": result}
    spent, where = integer(ms), address(at)
    if spent is not None:
        facts["ms"] = spent
    if where is not None:
        facts["address"] = where
    yield Fact(place, facts)
    if wanted and result == "open":
        if tls == "none":
            yield Missing(place + "/tls", "no tool on this system: openssl")
        else:
            yield from _handshake(place + "/tls", tls)


def _handshake(place: str, tls: str) -> Findings:
    """Read what ``openssl s_client`` and ``openssl x509`` said, as the probe joined it.

    A certificate that does not verify is a failed handshake: the till's application will not take it either. One that
    does not end in time is told apart: a line that loses packets does that too.
    """
    parts = tls.split("|")
    lines = [part.removeprefix("line=") for part in parts if part.startswith("line=")]
    named = dict(part.partition("=")[::2] for part in parts if not part.startswith("line="))
    if named.get("status") in ("124", "137", "143"):
        yield Fact(place, {"result": "timeout", "error": "the handshake did not end within 8 s"})
        return
    if "connected" not in named:
        yield Missing(place, "openssl did not get as far as a connection")
        return
    not_after = _date(named.get("notAfter", ""))
    shown = {name: named[name].strip() for name in ("issuer", "subject") if named.get(name)}
    yield Fact(place, {**_outcome(lines), **shown, **({"not_after": not_after} if not_after else {})})


def _outcome(lines: list[str]) -> dict[str, Json]:
    version = next((match[1] for line in lines if (match := _VERSION.search(line))), None)
    verified = next((match for line in lines if (match := _VERIFIED.search(line))), None)
    if version is None:
        return {"result": "failed", "error": _reason(lines, None)}
    facts: dict[str, Json] = {"result": "ok", "version": version, "verified": True}
    if verified is None or verified[1] != "0":
        facts |= {"result": "failed", "verified": False, "error": _reason(lines, verified)}
    return facts


def _reason(lines: list[str], verified: re.Match[str] | None) -> str:
    if verified is not None:
        return verified[2]
    for line in lines:
        match = _ERROR.search(line)
        if match:
            return match[1].strip()
    return "no handshake"


def _date(text: str) -> str | None:
    """Read ``Nov 23 09:00:00 2027 GMT``."""
    try:
        return utc(datetime.strptime(text.strip(), "%b %d %H:%M:%S %Y GMT").replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        return None
