"""What guards the door: the SSH server's effective settings, the packet filter, certificates."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from itertools import pairwise

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from storefleet.collect.facts import Fact, Findings
from storefleet.collect.text import NO_FILE, Records, failure, integer
from storefleet.model.base import Json
from storefleet.model.instants import utc
from storefleet.model.state import Missing

_PEM = re.compile(r"-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----")
_NAME = re.compile(r"[a-z0-9]+")
_COUNTER = re.compile(r" ?packets \d+ bytes \d+|\[\d+:\d+\]| used \d+ \w+| last used \S+")
_DYNAMIC = re.compile(r"^\s*(flags [^;{}]*\b(dynamic|timeout)\b|timeout )")
_POLICY = re.compile(r"hook input [^;]*; policy (\w+);")


def sshd(text: str) -> Findings:
    """Read ``sshd -T``, or the options that dropbear was started with under the names that sshd has for them."""
    records = Records(text)
    reason = records.failed("sshd")
    if reason:
        yield Missing("/security/sshd", reason)
        return
    found: dict[str, Json] = {}
    for line in records.lines("sshd"):
        name, _, value = line.strip().partition(" ")
        if _NAME.fullmatch(name):
            known = found.get(name)
            if known is None:
                found[name] = value
            else:
                found[name] = [*(known if isinstance(known, list) else [known]), value]
    if records.lines("dropbear"):
        found = _dropbear(records.lines("dropbear"))
    if found:
        yield Fact("/security/sshd", found)


def _dropbear(arguments: list[str]) -> dict[str, Json]:
    """Options of dropbear(8): -s no passwords, -w no root, -g no root by password, -j -k no forwarding, -p port."""
    flags = {letter for word in arguments if re.fullmatch(r"-[a-zA-Z]+", word) for letter in word[1:]}
    ports: list[Json] = [after.rpartition(":")[2] for word, after in pairwise(arguments) if word == "-p"]
    root = "no" if "w" in flags else "prohibit-password" if "g" in flags else "yes"
    return {
        "daemon": "dropbear",
        "passwordauthentication": "no" if "s" in flags else "yes",
        "pubkeyauthentication": "yes",
        "permitrootlogin": root,
        "allowtcpforwarding": "no" if "j" in flags else "yes",
        "port": ports or "22",
    }


def firewall(text: str) -> Findings:
    """Read the packet filter: how many rules, what happens to what no rule names, and a hash without its counters."""
    records = Records(text)
    backend = records.first("backend") or ""
    tag = {"nftables": "nft", "iptables": "iptables"}.get(backend, "")
    reason = records.failed(tag) if tag else "cannot parse: no backend named"
    if reason:
        yield Missing("/security/firewall", reason)
        return
    lines = [_uncounted(line).rstrip() for line in records.lines(tag)]
    lines = [line for line in _settled(lines) if line and not line.startswith("#")]
    text = "\n".join(lines)
    found: dict[str, Json] = {"backend": backend, "rules": _rules(lines, backend)}
    found["sha256"] = hashlib.sha256(text.encode()).hexdigest()
    policy = _POLICY.search(text) if backend == "nftables" else re.search(r"^:INPUT (\w+)", text, re.MULTILINE)
    found["default_input"] = policy[1].lower() if policy else "accept"
    yield Fact("/security/firewall", found)


def _uncounted(line: str) -> str:
    return _COUNTER.sub(lambda found: "counter" if found[0].startswith("[") else "", line)


def _settled(lines: list[str]) -> Iterator[str]:
    """Leave out what a packet filter puts into sets by itself: their elements come, and go when their time is over."""
    passing = inside = False
    for line in lines:
        if re.match(r"\s*(set|map|meter) \S+ \{", line):
            passing = False
        passing = passing or bool(_DYNAMIC.match(line))
        inside = inside or (passing and line.lstrip().startswith("elements = {"))
        if not inside:
            yield line
        inside = inside and not line.rstrip().endswith("}")


def _rules(lines: list[str], backend: str) -> int:
    if backend == "iptables":
        return sum(line.startswith("-A ") for line in lines)
    rules, inside = 0, False
    for line in lines:
        word = line.strip()
        if re.match(r"(chain|table|set|map)\b.*\{$", word):
            inside = word.startswith("chain")
        elif word == "}":
            inside = False
        elif inside and not re.match(r"type \w+ hook|policy ", word):
            rules += 1
    return rules


def certificates(text: str) -> Findings:
    """Read the first certificate of each file; the chain behind it is another's business.

    A file that is not there has no entry; one that could not be read has an entry whose dates are missing.
    """
    records = Records(text)
    rows: list[Json] = []
    for path, status in records.fields("status", 2):
        code = integer(status)
        if code == NO_FILE:
            continue
        pem = _PEM.search("\n".join(line for name, line in records.fields("cert", 2) if name == path))
        facts: dict[str, Json] = {}
        reason = failure(code if code is not None else 1) if code else "cannot parse: no certificate in it"
        if pem is not None:
            try:
                facts = describe(pem[0])
            except ValueError:
                reason = "cannot parse: not an X.509 certificate"
        if not facts:
            yield Missing(f"/security/certificates/{len(rows)}/not_after", reason)
        rows.append({"path": path, **facts})
    yield Fact("/security/certificates", rows)


def describe(pem: str) -> dict[str, Json]:
    """Return subject, issuer, dates, serial and fingerprint of one certificate; raises ``ValueError`` on garbage."""
    found = x509.load_pem_x509_certificate(pem.encode())
    digest = found.fingerprint(hashes.SHA256()).hex().upper()
    return {
        "subject": found.subject.rfc4514_string(),
        "issuer": found.issuer.rfc4514_string(),
        "not_before": utc(found.not_valid_before_utc),
        "not_after": utc(found.not_valid_after_utc),
        "serial": f"{found.serial_number:x}",
        "fingerprint": ":".join(digest[at : at + 2] for at in range(0, len(digest), 2)),
    }
