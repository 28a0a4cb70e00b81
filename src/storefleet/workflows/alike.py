"""What is alike in several stores, and what comes first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import msgspec

from storefleet.drift.compare import Delta
from storefleet.drift.signature import signature
from storefleet.model.drift import CAUSES, Difference, StoreDrift
from storefleet.model.findings import SEVERITIES
from storefleet.workflows.evidence import own_values
from storefleet.workflows.picture import Picture
from storefleet.workflows.workspace import Workspace


def says_anything(store: StoreDrift) -> bool:
    """Tell whether a store is told of; lines that a golden feature only warns of do not make it so."""
    broken = any(one.state != "warn" for one in store.golden)
    return bool(store.differences or store.ended or broken or store.identities or store.not_compared)


def counted(
    stores: Sequence[StoreDrift], others: Mapping[str, Collection[str]], *, whole: bool
) -> Iterator[StoreDrift]:
    """Say of every difference in how many stores it is the same; ``others`` are stores by signature.

    Of what is behind a standard it is only known where the whole fleet was held against it.
    """
    where: dict[str, set[str]] = defaultdict(set)
    for store in stores:
        for one in store.differences:
            where[one.signature] |= {store.store, *others.get(one.signature, ())}
    for store in stores:
        told = (
            msgspec.structs.replace(
                one, same_in_stores=None if one.cause == "behind" and not whole else len(where[one.signature])
            )
            for one in store.differences
        )
        yield msgspec.structs.replace(store, differences=tuple(told))


def elsewhere(workspace: Workspace, stores: Iterable[StoreDrift], others: Iterable[Picture]) -> dict[str, set[str]]:
    """Return the other stores that have differences of the same signature; only the parts that matter are read."""
    wanted = {(one.part, one.signature) for store in stores for one in store.differences}
    parts = {part for part, _ in wanted}
    where: dict[str, set[str]] = defaultdict(set)
    known: dict[tuple[str, str | None, str | None, str], list[Delta]] = {}
    for picture in others:
        differing = [part for part in parts if picture.approved.get(part) != picture.observed.get(part)]
        own = own_values(workspace, picture.host) if differing else {}
        for part in differing:
            mark = (part, picture.approved.get(part), picture.observed.get(part), picture.host.role)
            if mark not in known:
                known[mark] = _differing(picture, part)
            for delta in known[mark]:
                if (part, name := signature(delta, own)) in wanted:
                    where[name].add(picture.host.store)
    return where


def _differing(picture: Picture, part: str) -> list[Delta]:
    """Return what differs in one part; hosts that share its contents share that, as tills after an update do."""
    approved, observed = ({part: side[part]} if part in side else {} for side in (picture.approved, picture.observed))
    return replace(picture, approved=approved, observed=observed).differing


def gravity(one: Difference) -> tuple[int, bool, int, str, str, str]:
    """Return the place of a difference in a report."""
    return (
        -SEVERITIES.index(one.matters.severity),
        one.cause == "ours",
        CAUSES.index(one.cause),
        one.host,
        one.part,
        one.key,
    )
