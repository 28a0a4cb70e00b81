"""One fault as lines: severity, control, what is wrong, where; the path with both values; life, cause and fix."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rich.text import Text

from storefleet.model.findings import Change
from storefleet.model.report import HostReport
from storefleet.reports.escape import visible
from storefleet.reports.fold import Entry
from storefleet.reports.layout import GAP, flow, labelled, pad, some, widest, wrap
from storefleet.reports.values import observed, required
from storefleet.reports.view import INDENT, LABEL, SEVERITY_STYLES, View

_LONGEST_VALUE = 240
"""Cells of a value before it is cut; `-v` shows it whole."""


def entry_lines(entries: Sequence[Entry], all_hosts: Sequence[HostReport], view: View) -> list[Text]:
    """Return the lines of all entries, their columns aligned with one another."""
    control = widest((visible(entry.result.control) for entry in entries), 8, 16)
    body = INDENT + LABEL + control + 2
    sentences = [visible(entry.words) for entry in entries]
    where = body + widest(sentences, 20, max(20, (view.width - body) * 3 // 5)) + GAP
    lines: list[Text] = []
    for entry, words in zip(entries, sentences, strict=True):
        lines += _head(entry, words, control, where, view)
        lines += _values(entry, body, view)
        lines += flow(_facts(entry, all_hosts, view), view.width, body)
    return lines


def _head(entry: Entry, words: str, control: int, where: int, view: View) -> list[Text]:
    """Return severity, control and sentence with the hosts beside it, or below where there is no room."""
    result = entry.result
    label = "trial" if result.trial else result.severity
    style = (
        "dim"
        if result.trial
        else "bold white on red"
        if result.severity == "critical"
        else SEVERITY_STYLES[result.severity]
    )
    body = INDENT + LABEL + control + 2
    hosts = _hosts(entry, view)
    beside = len(wrap(words, where - GAP - body)) == 1 and len(wrap(hosts, view.width - where)) == 1
    first, *rest = wrap(words, (where - GAP if beside else view.width) - body)
    head = Text(" " * INDENT).append(label, style=style).append(" " * (LABEL - len(label)))
    head.append(pad(visible(result.control)[:control], control), style="bold").append("  ")
    head.append(pad(first, where - body) if beside else first, style="bold")
    lines = [head, *(Text(" " * body).append(part, style="bold") for part in rest)]
    if beside:
        head.append(hosts, style="cyan")
        return lines
    return [*lines, *(Text(" " * body).append(part, style="cyan") for part in wrap(hosts, view.width - body))]


def _hosts(entry: Entry, view: View) -> str:
    names = [visible(view.name(host.host, host.store)) for host in entry.hosts]
    stores = len({host.store for host in entry.hosts})
    shown = some(names, view.most(8 if view.whole_names else 24))
    return f"{len(names):,} hosts in {stores:,} stores: {shown}" if stores > 1 and len(names) > 2 else shown


def _values(entry: Entry, body: int, view: View) -> list[Text]:
    """Return path, `is` and `should be`: on one line where it fits, else below one another."""
    path, actual, due = visible(entry.finding.key), observed(entry.finding), required(entry.finding)
    if not view.verbose:
        actual, due = _cut(actual), _cut(due)
    one = Text(" " * body).append(path, style="dim").append("   is ", style="dim").append(actual, style="red")
    one.append("   should be ", style="dim").append(due, style="green")
    if one.cell_len <= view.width:
        return [one]
    lines = [Text(" " * body).append(part, style="dim") for part in wrap(path, view.width - body)]
    lines += labelled("is        ", actual, view.width, body + 2, "red")
    return lines + labelled("should be ", due, view.width, body + 2, "green")


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}… (-v shows it whole)"


def _facts(entry: Entry, all_hosts: Sequence[HostReport], view: View) -> list[Text]:
    result = entry.result
    pieces = [*_life(entry, view), *_scope(entry, all_hosts)]
    if result.cause:
        pieces.append(Text(f"cause {visible(result.cause)}", style="dim"))
    if entry.finding.fix:
        pieces.append(Text(f"fix  {visible(entry.finding.fix)}", style="cyan"))
    if view.verbose:
        pieces += [
            Text(f"{visible(name)} {visible(', '.join(places))}", style="dim") for name, places in result.refs.items()
        ]
        pieces.append(Text(f"seen {view.clock(entry.finding.observed_at)}", style="dim"))
    return pieces


_LIVES: dict[Change, tuple[str, str]] = {
    "new": ("NEW", "bold magenta"),
    "worse": ("WORSE, open", "bold magenta"),
    "reopened": ("BACK AGAIN", "bold magenta"),
    "still": ("open", ""),
}


def _life(entry: Entry, view: View) -> list[Text]:
    """Return what is new, worse or old; over many hosts with how many of them."""
    kinds = Counter(finding.change for finding in entry.findings)
    pieces: list[Text] = []
    for change, (word, style) in _LIVES.items():
        if kinds[change]:
            count = f"{kinds[change]:,} " if len(kinds) > 1 else ""
            pieces.append(Text(f"{count}{word}{_since(entry, change, view)}", style=style))
    if any(finding.flapping for finding in entry.findings):
        times = max(finding.flapping for finding in entry.findings)
        pieces.append(Text(f"flapping: began {times} times in two weeks", style="magenta"))
    if any(finding.value_changed for finding in entry.findings):
        pieces.append(Text("another wrong value than last time", style="magenta"))
    return pieces


def _since(entry: Entry, change: Change, view: View) -> str:
    """Return since when the oldest of the kind is open; what began tonight needs no date."""
    instants = [finding.first_seen for finding in entry.findings if finding.change == change and finding.first_seen]
    return f" since {view.clock(min(instants))}" if instants and change in {"worse", "still"} else ""


def _scope(entry: Entry, all_hosts: Sequence[HostReport]) -> list[Text]:
    words = scope_words(entry, all_hosts)
    return [Text(words, style="bold")] if words else []


def scope_words(entry: Entry, all_hosts: Sequence[HostReport]) -> str:
    """Say when every host of a role in one store has the fault: then it is rarely the hosts."""
    kinds = {(host.store, host.role) for host in entry.hosts}
    alike = sum((host.store, host.role) in kinds and host.was_judged for host in all_hosts)
    if len(kinds) > 1 or not 1 < alike == len(entry.hosts):
        return ""
    role = entry.hosts[0].role
    network = (entry.result.cause or "").startswith("network/") and role != "router"
    return f"all {alike} {visible(role)}s{', so look at the router' if network else ''}"
