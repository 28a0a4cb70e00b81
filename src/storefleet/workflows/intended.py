"""What is intended of the hosts of a comparison: by golden configurations for routers, by controls for facts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from storefleet.drift.compare import CONFIG, Delta
from storefleet.drift.config_lines import SEPARATOR, paths_of
from storefleet.drift.golden import Intent, golden_view
from storefleet.model.drift import FeatureState, Sighting, Standard
from storefleet.model.findings import SEVERITIES
from storefleet.storage.documents import KnownFinding
from storefleet.workflows.histories import Histories
from storefleet.workflows.intents import Intents
from storefleet.workflows.picture import Picture
from storefleet.workflows.sightings import instant_of
from storefleet.workflows.snapshots import folder_of
from storefleet.workflows.standards import Standards, Wish


@dataclass(frozen=True)
class Meant:
    """What is intended of one thing, and who says so."""

    intent: Intent
    standard: Standard


@dataclass(frozen=True)
class HostMeaning:
    """What is intended of a host: of its differences by their keys, and of what is as it was approved."""

    of: Mapping[str, Meant] = field(default_factory=dict)
    behind: tuple[tuple[Delta, Meant], ...] = ()
    features: tuple[FeatureState, ...] = ()


@dataclass
class Intended:
    """Asks golden configurations and controls what they would have."""

    intents: Intents
    standards: Standards
    histories: Histories

    def of(self, picture: Picture) -> HostMeaning:
        """Return what is intended of a host."""
        of: dict[str, Meant] = {}
        behind: list[tuple[Delta, Meant]] = []
        features: list[FeatureState] = []
        rendered, broken = self.intents.of(picture.host)
        features += broken
        config = [delta for delta in picture.differing if delta.part == CONFIG]
        for one in rendered if CONFIG in picture.observed else ():
            view = golden_view(picture.host.name, one, picture.text(picture.observed, CONFIG), config)
            features += view.features
            for key, intent in view.of.items():
                if key not in of or _weight(intent) > _weight(of[key].intent):
                    of[key] = Meant(intent, self._golden(picture, intent))
            known = {(delta.key, meant.intent.state, meant.intent.value) for delta, meant in behind}
            behind += [
                (delta, Meant(intent, self._golden(picture, intent, delta)))
                for delta, intent in view.behind
                if (delta.key, intent.state, intent.value) not in known
            ]
        for delta in picture.differing:
            if delta.key not in of and (wished := self.standards.intent(picture.host.name, delta)) is not None:
                of[delta.key] = Meant(wished, Standard(by=wished.source, state="fails"))
        return HostMeaning(of, (*behind, *self._behind(picture)), tuple(features))

    def _golden(self, picture: Picture, intent: Intent, delta: Delta | None = None) -> Standard:
        """Say since when the golden text has been so, as far as runs kept it."""
        since, before = self._since(picture, intent, delta) if delta is not None else (None, None)
        return Standard(by=intent.source, feature=intent.feature, state=intent.state, since=since, before=before)

    def _since(self, picture: Picture, intent: Intent, delta: Delta) -> tuple[Sighting | None, Sighting | None]:
        there = {SEPARATOR.join(path) for path in intent.paths}
        path = f"{folder_of(picture.host.store, picture.host.name)}/{CONFIG}"
        unwanted = {SEPARATOR.join(one) for key, one in _paths(picture).items() if key in delta.keys} - there
        return self.histories.intended_since(path, lambda keys: there <= {*keys} and unwanted.isdisjoint(keys))

    def _behind(self, picture: Picture) -> Iterator[tuple[Delta, Meant]]:
        """Yield facts that are as they were approved, and that came to fail a control since then."""
        host = picture.host
        for bare, finding, wish in self.standards.behind(host, picture.differing, picture.keys):
            approved = self.histories.approved_at(f"{folder_of(host.store, host.name)}/{bare.part}")
            if approved is None or finding.first_seen <= instant_of(approved):
                continue  # a person accepted it as it is, with the finding open: that is the audit's to tell
            yield (
                _fact(bare, picture.keys(bare.part) or {}, finding),
                _wished(bare, finding, wish, self.histories.before(finding.first_run, host.name)),
            )


def _weight(intent: Intent) -> tuple[bool, int]:
    """Return which of several golden configurations is told: one that is not met, and the gravest of these."""
    return intent.state != "equal", SEVERITIES.index(intent.severity)


def _paths(picture: Picture) -> Mapping[str, tuple[str, ...]]:
    return paths_of(picture.text(picture.observed, CONFIG))


def _fact(bare: Delta, side: Mapping[str, str], finding: KnownFinding) -> Delta:
    fields = [key for key in bare.keys if key.startswith(f"{finding.key}/")]
    value = side.get(finding.key)
    if value is None and fields:
        value = ", ".join(f"{key.removeprefix(f'{finding.key}/')} {side[key]}" for key in fields)
    return Delta(bare.part, bare.key, value, value, bare.keys)


def _wished(bare: Delta, finding: KnownFinding, wish: Wish, before: Sighting | None) -> Meant:
    intent = Intent(finding.control, "fails", wish.value, severity=finding.severity)
    since = Sighting(finding.first_run, finding.first_seen)
    return Meant(intent, Standard(by=finding.control, state="fails", since=since, before=before))
