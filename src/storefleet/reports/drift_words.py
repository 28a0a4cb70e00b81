"""Words that every report of drift shares: what stands on each side, since when, by whom, why it matters, what next."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, tzinfo

from storefleet.drift.repair import may_cut
from storefleet.model.drift import QUIET, Approval, Difference, DriftDocument, FeatureState, StoreDrift
from storefleet.model.findings import SEVERITIES
from storefleet.model.instants import instant
from storefleet.reports.escape import visible
from storefleet.reports.times import clock, zone_for

CONFIG = "running-config"
LOST = "not saved: the next reload undoes it"
_HASH = re.compile(r"\b([0-9a-f]{12})[0-9a-f]{28,}\b")
_LONGEST = 400


@dataclass(frozen=True, slots=True)
class Clock:
    """Says an instant of the document in one zone; the year stands where it is not this report's."""

    zone: tzinfo
    now: datetime | None

    def __call__(self, text: str | None) -> str:
        """Return such as ``21.11. 17:02 CET``."""
        return clock(text, self.zone, self.now)


def clock_of(document: DriftDocument, timezone: str, store: StoreDrift | None = None) -> Clock:
    """Return the clock of one store, or that of all; ``timezone`` is ``store``, ``UTC`` or an IANA name."""
    zones: set[str | None] = {store.timezone} if store else {one.timezone for one in document.stores}
    seen = (store.seen if store else None) or document.run
    return Clock(zone_for(timezone, zones), instant(seen.at) if seen else None)


def count(number: int, word: str) -> str:
    """Return such as ``1 store`` or ``1,343 stores``."""
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"


def rank(one: Difference) -> int:
    """Return how grave a difference is: 0 is ``info``, also for a word that nobody knows."""
    return SEVERITIES.index(one.matters.severity) if one.matters.severity in SEVERITIES else 0


def loud(store: StoreDrift) -> list[Difference]:
    """Return what is drift, in the document's order: the grave ones first."""
    return [one for one in store.differences if one.cause not in QUIET]


def side(text: str | None, limit: int = _LONGEST) -> str:
    """Return one side of a difference on one line; a checksum is told by its beginning."""
    if text is None:
        return "absent"
    return visible(_HASH.sub(r"\1…", text), limit) or "present"


def sides(one: Difference, limit: int = _LONGEST) -> tuple[str, str, str]:
    """Return what was approved, what is observed and what is intended; a configuration's lines without their indent."""
    strip = one.part == CONFIG
    texts = [text.strip() if text and strip else text for text in (one.approved, one.observed, one.intended)]
    approved, observed, intended = (side(text, limit) for text in texts)
    return approved, observed, intended


def change_words(one: Difference, limit: int = _LONGEST) -> str:
    """Return what it was and what it is, or the one value of what stands as it was approved and is not intended."""
    approved, observed, _ = sides(one, limit)
    return observed if one.approved == one.observed else f"{approved}  →  {observed}"


def place(one: Difference, limit: int = 300) -> str:
    """Return the key, before it the section where the key does not say it."""
    section = f"[{visible(one.section, limit)}] " if one.section and one.section not in one.key else ""
    return section + visible(one.key, limit)


def approval_words(approval: Approval | None, since: str, at: Clock) -> str:
    """Say with what was compared."""
    if since != "approved":
        return f"compared with what was seen on {at(since)}"
    if approval is None:
        return "nothing was approved yet"
    by = ", ".join(visible(part) for part in (approval.by, approval.ticket) if part)
    return f"compared with what was approved on {at(approval.at)}{f' ({by})' if by else ''}"


def when_words(one: Difference, at: Clock) -> str:
    """Say when it happened and by whom, and how sure that is."""
    if one.who is not None:
        by = f"by {visible(one.who.user, 80)}" if one.who.user else "by whom is not known"
        origin = f" from {visible(one.who.origin, 80)}" if one.who.origin else ""
        if not one.who.is_timed and one.last_otherwise and one.first_seen:
            then = f"between {at(one.last_otherwise.at)} and {at(one.first_seen.at)}, perhaps {by}{origin}"
            return f"{then}, {one.who.certainty}: {visible(one.who.evidence, 160)}, since {at(one.who.at)}"
        return f"{at(one.who.at)} {by}{origin}, {one.who.certainty}: {visible(one.who.evidence, 160)}"
    moved = one.standard is not None and one.standard.since == one.first_seen
    if one.cause == "behind" and moved and one.standard and one.standard.since and one.standard.before:
        if one.standard.state == "fails":
            return f"untouched; came to fail between {at(one.standard.before.at)} and {at(one.standard.since.at)}"
        return f"the standard moved between {at(one.standard.before.at)} and {at(one.standard.since.at)}"
    if one.first_seen is None:
        return "since when is not known"
    if one.last_otherwise is None:
        return f"so since it was first seen, {at(one.first_seen.at)}"
    by = f"by {visible(one.ours)}" if one.ours else "by whom is not known"
    return f"between {at(one.last_otherwise.at)} and {at(one.first_seen.at)}, {by}"


def life_words(one: Difference) -> str:
    """Say whether it is new, and how often it came and went; nothing of what was simply there before."""
    words = {"new": "NEW", "reopened": "BACK AGAIN", "still": ""}[one.life]
    went = f"had gone {count(one.flaps, 'time')} since it was approved" if one.flaps else ""
    return ", ".join(filter(None, (words, went)))


def alike_words(one: Difference) -> str:
    """Say in how many stores it is the same."""
    if one.same_in_stores is None:
        return ""
    return "only here" if one.same_in_stores == 1 else f"{one.same_in_stores:,} stores alike"


def consequences(one: Difference) -> str:
    """Say what is lost and what does not work because of it."""
    lost = LOST if one.cause == "unsaved" else ""
    return "; ".join(filter(None, (lost, visible(one.matters.breaks, _LONGEST))))


def standard_words(one: Difference, at: Clock) -> str:
    """Say who intends something of it, what, and since when."""
    if one.standard is None:
        return ""
    found = one.standard
    feature = f", feature {visible(found.feature, 120)}" if found.feature else ""
    since = f", so since {at(found.since.at)}" if found.since else ""
    return f"{visible(found.by, 200)}{feature}: {found.state}{since}"


def is_intended(one: Difference) -> bool:
    """Tell whether something speaks of what should be there, so that an absent one means that nothing should."""
    return one.standard is not None or one.intended is not None


def fix_command(one: Difference) -> str:
    """Return what shows and asks, and then runs the playbook that a failing control names."""
    return f"storefleet push {visible(one.fix, 200)} -l {visible(one.host)}" if one.fix else ""


def where_typed(one: Difference) -> str:
    """Say where lines that mend are typed."""
    if one.part == CONFIG:
        cuts = "; at its console: over the network this can cut the line" if may_cut(one.repair) else ""
        return f"in configuration mode of {visible(one.host)}, then write memory{cuts}"
    return f"on {visible(one.host)}"


_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def reason_words(reason: str, at: Clock) -> str:
    """Return why nothing can be said, its instants in the zone of the report."""
    return visible(_INSTANT.sub(lambda found: at(found[0]), reason), _LONGEST)


def feature_words(one: FeatureState) -> str:
    """Say what is wrong with a feature of a golden configuration."""
    name = " ".join(filter(None, (visible(one.golden, 200), visible(one.feature, 120))))
    if one.state == "cannot_parse":
        return f"{name}: nothing was compared, {visible(one.reason, _LONGEST) or 'no reason given'}"
    counts = ((one.missing, "missing"), (one.extra, "extra"), (one.out_of_order, "out of order"))
    told = ", ".join(f"{number:,} {word}" for number, word in counts if number)
    return f"{name}: {' · '.join(filter(None, (told, visible(one.reason, _LONGEST)))) or 'not as it should be'}"


def headline(document: DriftDocument) -> str:
    """Say the verdict in one sentence, what cannot be told before what can."""
    seen = document.coverage
    drifted = [store for store in document.stores if loud(store)]
    found = [one for store in drifted for one in loud(store)]
    strange = sum(len(store.identities) for store in document.stores)
    parts = []
    if not seen.enough:
        parts.append(f"too few hosts could be compared: {seen.compared:,} of {seen.expected:,}")
    if unread := sum(one.state == "cannot_parse" for store in document.stores for one in store.golden):
        parts.append(f"what is intended of {count(unread, 'router')} is not known")
    if strange:
        parts.append(f"{count(strange, 'host')} not who {'it' if strange == 1 else 'they'} should be")
    if found:
        worst = max(map(rank, found))
        many = sum(rank(one) == worst for one in found)
        grave = f", {many:,} of them {SEVERITIES[worst]}" if worst else ", none fails a control"
        parts.append(f"{count(len(found), 'difference')} in {count(len(drifted), 'store')}{grave}")
    words = "; ".join(parts) or "nothing drifted"
    return words[:1].upper() + words[1:]
