"""Configuration text: what stays of it, what is hidden, and whether the saved one is the running one."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator

from storefleet.collect.facts import Fact, Findings, in_order
from storefleet.collect.frr.platform import RouterPlatform, pattern
from storefleet.collect.redact import redact
from storefleet.model.state import Missing


def is_complete(text: str, platform: RouterPlatform) -> bool:
    """Tell whether the text ends as a whole configuration does."""
    lines = [line for line in text.split("\n") if line.strip()]
    return bool(lines) and lines[-1].strip() == platform.ends_with


def kept_lines(text: str, platform: RouterPlatform) -> list[str]:
    """Return the lines that are configuration: neither blank nor volatile, indentation kept."""
    lines = (line.rstrip() for line in text.split("\n"))
    return [line for line in lines if line and not any(pattern(word).fullmatch(line) for word in platform.volatile)]


def hide(line: str, platform: RouterPlatform, key: bytes) -> str:
    """Return the line with its secrets hidden; hiding twice is hiding once."""
    for word in platform.secrets:
        match = pattern(word).fullmatch(line)
        if match:
            start, end = match.span("secret")
            line = line[:start] + redact(line[start:end], key) + line[end:]
    return line


def with_parents(lines: Iterable[str], platform: RouterPlatform) -> list[str]:
    """Return each line behind the sections that it stands in: ``interface lan0 / ip address 10.1.1.1/24``.

    Depth is told by indentation, as FRR writes it; lines that only close a section are left out.
    """
    return [" / ".join((*parents, text)) for parents, text in in_sections(lines, platform)]


def in_sections(lines: Iterable[str], platform: RouterPlatform) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield each line with the sections that it stands in, the outermost first."""
    open_: list[tuple[int, str]] = []
    for line in lines:
        text = line.strip()
        depth = len(line) - len(line.lstrip())
        while open_ and open_[-1][0] >= depth:
            open_.pop()
        if pattern(platform.closing).fullmatch(text):
            continue
        yield tuple(parent for _, parent in open_), text
        open_.append((depth, text))


def running(text: str, platform: RouterPlatform, key: bytes) -> Findings:
    """Read the running configuration; the digest is taken over the redacted lines.

    A digest over the secrets themselves would let anyone who holds the rest of the text try passwords against it.
    """
    if not is_complete(text, platform):
        yield Missing("/config/running", f"output incomplete: no `{platform.ends_with}` at its end")
        yield Missing("/management", f"output incomplete: no `{platform.ends_with}` at its end")
        return
    plain = kept_lines(text, platform)
    lines = [hide(line, platform, key) for line in plain]
    sections = with_parents(lines, platform)
    yield Fact("/config/running/text", "\n".join(lines) + "\n")
    yield Fact("/config/running/sha256", _digest(lines))
    yield Fact("/config/running/lines", in_order(sections))
    yield from _management(sections)


def saved(text: str, platform: RouterPlatform, key: bytes, running_text: str | None) -> Findings:
    """Read the saved configuration, and compare it with the running one where that could be read."""
    plain = kept_lines(text, platform)
    lines = [hide(line, platform, key) for line in plain]
    yield Fact("/config/startup/text", "\n".join(lines) + "\n")
    yield Fact("/config/startup/sha256", _digest(lines))
    if running_text is None or not is_complete(running_text, platform):
        for place in ("/config/saved", "/config/unsaved"):
            yield Missing(place, "the running configuration is not known")
        return
    differences = unsaved(kept_lines(running_text, platform), plain, platform, key)
    yield Fact("/config/saved", not differences)
    yield Fact("/config/unsaved", in_order(differences))


def unsaved(now: list[str], kept: list[str], platform: RouterPlatform, key: bytes) -> list[str]:
    """Return what the next reload would change: ``+`` runs and is not saved, ``-`` is saved and does not run.

    The order of sections is the router's own and means nothing; lines are compared with their parents and secrets, and
    shown with the secrets hidden.
    """
    running_lines, saved_lines = (Counter(with_parents(lines, platform)) for lines in (now, kept))
    shown = _shown(now, platform, key) | _shown(kept, platform, key)
    extra = [f"+{shown[line]}" for line in running_lines - saved_lines]
    lost = [f"-{shown[line]}" for line in saved_lines - running_lines]
    return sorted(extra) + sorted(lost)


def _shown(lines: list[str], platform: RouterPlatform, key: bytes) -> dict[str, str]:
    """Return line with parents → the same with its secrets hidden."""
    hidden = [hide(line, platform, key) for line in lines]
    return dict(zip(with_parents(lines, platform), with_parents(hidden, platform), strict=True))


def _digest(lines: list[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode("utf-8", "replace")).hexdigest()


def _management(sections: list[str]) -> Findings:
    """Read how the router is managed, as far as its configuration says."""
    yield Fact("/management/http", {"enabled": False})
    yield Fact("/management/snmp", {"enabled": "agentx" in sections})
    yield Fact("/management/vty", {})
    yield Fact("/management/syslog", {})
    for line in sections:
        words = line.split()
        if line.startswith("log syslog ") and len(words) == 3:
            yield Fact("/management/syslog/level", words[2])
        elif line.startswith("line vty / access-class ") and len(words) > 4:
            yield Fact("/management/vty/access_class", words[4])
        elif line.startswith("line vty / exec-timeout ") and words[-1].isdecimal() and len(words) in (5, 6):
            minutes, seconds = int(words[4][:6]), int(words[5][:6]) if len(words) == 6 else 0
            yield Fact("/management/vty/exec_timeout_s", minutes * 60 + seconds)
