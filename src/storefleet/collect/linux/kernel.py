"""Settings and modules of the kernel, and the files that are watched."""

from __future__ import annotations

import re

from storefleet.collect.cards import mask_cards
from storefleet.collect.facts import Fact, Findings, in_order, pointer
from storefleet.collect.text import NEEDS_ROOT, Records, instant, integer
from storefleet.model.base import Json
from storefleet.model.state import Missing

SYSCTL = (
    "fs/protected_hardlinks",
    "fs/protected_symlinks",
    "fs/suid_dumpable",
    "kernel/dmesg_restrict",
    "kernel/kptr_restrict",
    "kernel/panic",
    "kernel/randomize_va_space",
    "kernel/sysrq",
    "kernel/unprivileged_bpf_disabled",
    "kernel/yama/ptrace_scope",
    "net/ipv4/conf/all/accept_redirects",
    "net/ipv4/conf/all/accept_source_route",
    "net/ipv4/conf/all/log_martians",
    "net/ipv4/conf/all/rp_filter",
    "net/ipv4/conf/all/send_redirects",
    "net/ipv4/conf/default/accept_redirects",
    "net/ipv4/icmp_echo_ignore_broadcasts",
    "net/ipv4/ip_forward",
    "net/ipv4/tcp_syncookies",
    "net/ipv6/conf/all/accept_ra",
    "net/ipv6/conf/all/accept_redirects",
    "net/ipv6/conf/all/disable_ipv6",
    "net/ipv6/conf/all/forwarding",
    "vm/panic_on_oom",
    "vm/swappiness",
)
"""What the common hardening guides and our own diagnosis look at; one read of /proc each."""

_KINDS = ("file", "directory", "link", "absent")


def sysctl(text: str) -> Findings:
    """Read the probe ``sysctl``; a setting that this kernel has not is absent, not a gap."""
    found: dict[str, Json] = {}
    for line in text.split("\n"):
        name, tab, value = line.partition("\t")
        if tab and name in SYSCTL:
            found[name.replace("/", ".")] = " ".join(value.split())
    if found:
        yield Fact("/kernel/sysctl", found)


def modules(text: str) -> Findings:
    """Read the names of the loaded modules; a record (a gap) is no name."""
    names = {line.strip() for line in text.split("\n") if line.strip() and "\t" not in line}
    if names:
        yield Fact("/kernel/modules", in_order(names))


def files(text: str) -> Findings:
    """Read the probe ``files``: digest, mode, owner and time of every watched file; a name may hold a card number."""
    records = Records(mask_cards(text))
    kinds: dict[str, str] = {}
    for kind, path in records.fields("kind", 2):
        kinds[path] = kinds.get(path, kind)
    stats = {line[-1]: line for line in records.fields("stat", 6)}
    digests = {**_by_path(records), **dict(map(_summed, records.lines("sha256")))}
    for path, kind in kinds.items():
        place = pointer("files", path)
        if kind not in _KINDS:
            yield Missing(place, "neither a file nor a folder")
            continue
        facts: dict[str, Json] = {"kind": kind, **_stat(stats.get(path, []))}
        if kind != "absent" and "mode" not in facts:
            yield Missing(place, "no tool on this system: stat")
        digest = digests.get(path, "").split(" ")[0]
        if re.fullmatch(r"[0-9a-f]{64}", digest):
            facts["sha256"] = digest
        elif kind == "file":
            yield Missing(place + "/sha256", _unhashed(records, path))
        yield Fact(place, facts)
    for path in records.lines("denied"):
        yield Missing(pointer("files", path), NEEDS_ROOT)


def _by_path(records: Records) -> dict[str, str]:
    """Return what openssl summed up, a file at a time; a path may hold tabs, the value behind it never does."""
    return {path: value for path, tab, value in (line.rpartition("\t") for line in records.lines("digest")) if tab}


def _summed(line: str) -> tuple[str, str]:
    """Return path and digest of a line of sha256sum; GNU's marks a line whose name it had to escape."""
    digest, _, path = line.partition("  ")
    if digest.startswith("\\"):
        path = re.sub(r"\\([\\r])", lambda mark: "\r" if mark[1] == "r" else "\\", path)
    return path, digest.lstrip("\\")


def _unhashed(records: Records, path: str) -> str:
    if path in records.lines("unread"):
        return NEEDS_ROOT
    return "larger than the limit of the watch list" if path in records.lines("large") else "cannot be read"


def _stat(words: list[str]) -> dict[str, Json]:
    """Read ``stat -c '%a %U %G %Y %s %n'``, parted by tabs."""
    if not words or not re.fullmatch(r"[0-7]{1,5}", words[0]):
        return {}
    found: dict[str, Json] = {"mode": words[0].zfill(4), "owner": words[1], "group": words[2]}
    changed, size = integer(words[3]), integer(words[4])
    moment = instant(changed) if changed is not None else None
    if moment:
        found["mtime"] = moment
    if size is not None:
        found["size"] = size
    return found
