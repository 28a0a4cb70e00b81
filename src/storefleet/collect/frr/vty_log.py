"""What FRR itself writes down: the commands that were typed (`log commands`), that it started, what is in its files.

Seen on FRR 8.4.4: ``[M7Q4P-46WDR] vty[34]@(config-if)# description by hand``. The mode stands there and nobody's name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from storefleet.collect.deeds import Trace
from storefleet.collect.log_lines import Entry
from storefleet.collect.quote import quote

TELLING = r"vty\[[0-9]+\]@[^( ]*\(config|watchfrr .* starting"
"""What a line of FRR holds that tells anything, as an extended regular expression."""

MOST = 1000
"""Lines of its logs that are looked at, the newest."""

SHARE = 512 * 1024
"""Bytes of the end of a log that are looked at."""

MANY = (
    '{ d = match($0, /[^ ]/) - 1; if (d < 0) next; p[d] = substr($0, d + 1); k = ""; '
    'for (i = 0; i <= d; i++) k = k (i ? " / " : "") p[i]; if (k == ENVIRON["W"]) n++ } END { print n + 0 }'
)
"""Counts a line in its sections, by the indentation that FRR writes."""

_TYPED = re.compile(
    r"(?:\[[A-Z0-9]{5}-[A-Z0-9]{5}\] )?(?P<vty>vty\[\d{1,6}\])@[0-9A-Fa-f.:]{0,45}"
    r"\((?P<mode>[\w-]{1,48})\)# (?P<line>.+)"
)
_STARTS = re.compile(r"(?:\[[A-Z0-9]{5}-[A-Z0-9]{5}\] )?watchfrr \S+ starting.*")
_KEPT = re.compile(r"(?P<at>\d{9,11}) (?P<now>\d{1,6}) (?P<before>\d{0,6}) (?P<line>.+)")
_HISTORY = re.compile(r"(?P<user>[\w.@-]{1,64}) (?P<at>\d{9,11}) (?P<line>.+)")
_OPENERS = ("interface", "router", "vrf", "route-map", "line")
_ENDS = ("exit", "end", "quit")


def script(wanted: Sequence[str]) -> str:
    """Return the part that asks a router, for the script of :mod:`storefleet.collect.traces`.

    ``wanted`` are lines behind their sections: ``interface lan0 / description by hand``.
    Of the configuration that is saved, and of the one before, it says how often each line stands there and nothing
    else: they hold secrets. Of what people typed, only vtysh's own memory of it, in their homes; that of root is
    everybody's who came in through sudo.
    """
    looks = "".join(f"kept {quote(line)}\n" for line in wanted)
    return f"""many() {{ [ -f "$2" ] && W=$1 awk '{MANY}' "$2"; }}
kept() {{
s=$(stat -c %Y /etc/frr/frr.conf 2>/dev/null) &&
  printf 'kept %s %s %s %s\\n' "$s" "$(many "$1" /etc/frr/frr.conf)" "$(many "$1" /etc/frr/frr.conf.sav)" "$1"
}}
{looks}printf 'boot %s\\n' "$(sed -n 's/^btime //p' /proc/stat)"
telling() {{ grep -aE '{TELLING}' | tail -n {MOST} | sed "s/^/$1 /"; }}
u=$(id -u frr 2>/dev/null) && written --since @"$since" _UID="$u" + SYSLOG_IDENTIFIER=watchfrr | telling journal
for f in /var/log/frr/*.log; do tail -c {SHARE} "$f" 2>/dev/null; done | telling line
sed -n '/^root:/d; s/^\\([^:]*\\):[^:]*:[^:]*:[^:]*:[^:]*:\\([^:]*\\):.*/\\1 \\2/p' /etc/passwd |
while read -r user home; do
  f=$home/.history_frr
  [ -f "$f" ] && [ ! -L "$f" ] && at=$(stat -c %Z "$f") &&
    tail -n 200 "$f" | while IFS= read -r line; do printf 'history %s %s %s\\n' "$user" "$at" "$line"; done
done
"""


def typed(entries: Sequence[Entry], uids: Mapping[int, str]) -> Iterator[Trace]:
    """Yield the commands of configuration that were typed, each with the sections that it was typed in."""
    open_: dict[tuple[str, str, str], list[tuple[str, str]]] = {}
    for entry in entries:
        if entry.uid and uids.get(entry.uid) != "frr":
            continue
        if _STARTS.fullmatch(entry.text):
            yield Trace("start", entry.at, "the routing daemons started")
        elif (found := _TYPED.fullmatch(entry.text)) and found["mode"].startswith("config"):
            stack = open_.setdefault((entry.program, entry.pid, found["vty"]), [])
            yield from _in_section(stack, found["mode"], found["line"].strip(), entry.at)


def _in_section(stack: list[tuple[str, str]], mode: str, line: str, at: int) -> Iterator[Trace]:
    """Yield the line behind what was typed last in each of the modes above its own."""
    if line.split(" ", 1)[0] in _OPENERS and mode == "config-if":
        mode = "config"  # typed inside an interface, it leaves that
    modes = [name for name, _ in stack]
    if mode in modes:
        del stack[modes.index(mode) :]
    if line not in _ENDS:
        yield Trace("command", at, line, detail="\n".join(text for _, text in stack))
    stack.append((mode, line))


def kept(text: str) -> Iterator[Trace]:
    """Yield how a line is saved: ``new`` or ``gone`` since the save before, else ``there`` or ``absent``."""
    if found := _KEPT.fullmatch(text):
        now, before = int(found["now"]), int(found["before"] or found["now"])
        how = "new" if now > before else "gone" if now < before else "there" if now else "absent"
        yield Trace("kept", int(found["at"]), found["line"], detail=how)


def remembered(texts: Sequence[str]) -> Iterator[Trace]:
    """Yield what vtysh keeps of what somebody typed, in its order; ``at`` is when it was written the last time."""
    sections: dict[str, list[str]] = {}
    for text in texts:
        if (found := _HISTORY.fullmatch(text)) is None:
            continue
        line, seen = found["line"].strip(), sections.setdefault(found["user"], [])
        yield Trace("history", int(found["at"]), line, found["user"], detail="\n".join(seen))
        if line in _ENDS or line.split(" ", 1)[0].startswith("conf"):
            seen.clear()
        elif line.split(" ", 1)[0] in _OPENERS or line.startswith("int"):
            seen[:] = [line]
        elif line.startswith("address-family"):
            seen[1:] = [line]
