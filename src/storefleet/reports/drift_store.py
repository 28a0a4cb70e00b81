"""The drift of one store as a section: who is who, the grave differences first, what is no drift last."""

from __future__ import annotations

from rich.text import Text

from storefleet.model.drift import IdentityNote, StoreDrift
from storefleet.reports.drift_entry import entry_lines
from storefleet.reports.drift_groups import quiet_words
from storefleet.reports.drift_words import Clock, approval_words, feature_words, loud, reason_words, side
from storefleet.reports.escape import visible
from storefleet.reports.layout import flow


def store_lines(store: StoreDrift, since: str, at: Clock, width: int) -> list[Text]:
    """Return the section of one store."""
    head = Text(visible(store.store) or "hosts of no store", style="bold")
    name = f" {visible(store.name, 80)}" if store.name else ""
    about = [approval_words(store.approved, since, at), f"seen {at(store.seen.at)}" if store.seen else ""]
    pieces = [head.append(name, style="not bold"), *(Text(words) for words in about if words)]
    lines = flow(pieces, width, 0, " · ")
    for note in store.identities:
        lines += _identity(note, width)
    drifted = loud(store)
    for one in drifted:
        lines += entry_lines(one, at, width)
    lines += _rest(store, at, width)
    if since == "approved" and any(one.cause != "behind" for one in drifted):
        lines += flow([Text(f"accept: storefleet drift accept {visible(store.store)} D-… --reason …")], width, 2)
    return lines


def _identity(note: IdentityNote, width: int) -> list[Text]:
    others = f" with {', '.join(map(visible, note.others))}" if note.others else ""
    head = Text(f"! {note.kind}  {visible(note.host)}{others}: {visible(note.words, 400)}", style="bold red")
    lines = flow([head], width, 2)
    for piece in note.evidence:
        lines += flow([Text(visible(piece, 200), style="dim")], width, 4)
    return lines


def _rest(store: StoreDrift, at: Clock, width: int) -> list[Text]:
    lines: list[Text] = []
    for feature in store.golden:
        style = "yellow" if feature.state == "cannot_parse" else ""
        told = f"golden  {feature.state}  {visible(feature.host)}  {feature_words(feature)}"
        lines += flow([Text(told, style=style)], width, 2)
    by_reason: dict[str, list[str]] = {}
    for gap in store.not_compared:
        by_reason.setdefault(reason_words(gap.reason.replace(gap.host, "HOST"), at), []).append(visible(gap.host))
    for reason, hosts in by_reason.items():
        told = reason.replace("HOST", hosts[0]) if len(hosts) == 1 else reason
        lines += flow([Text(f"not compared  {', '.join(hosts)}: {told}", style="yellow")], width, 2)
    for gap in store.not_asked:
        told = f"not asked  {visible(gap.host)}: {reason_words(gap.reason, at)}"
        lines += flow([Text(told, style="yellow")], width, 2)
    for gone in store.ended:
        was = f"was {side(gone.was, 200)}"
        told = f"gone since {at(gone.at.at)}  {visible(gone.host)}  {visible(gone.key, 300)}  {was}"
        lines += flow([Text(told, style="green")], width, 2)
    for words in quiet_words([store]):
        lines += flow([Text(words, style="dim")], width, 2)
    return lines
