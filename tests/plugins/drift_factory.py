"""Synthetic reports of drift: values of the real types, with everything that a report may have to show."""

from __future__ import annotations

import msgspec

from storefleet.drift.compare import CONFIG, Delta
from storefleet.model.drift import (
    CAUSES,
    Approval,
    Coverage,
    Difference,
    DriftDocument,
    DriftPoint,
    Ended,
    FeatureState,
    IdentityNote,
    Matters,
    NotCompared,
    Sighting,
    Standard,
    StoreDrift,
    Who,
)

NIGHT = Sighting("20261122T012000Z-audit-7f3a", "2026-11-22T01:20:00Z")
EVENING = Sighting("20261121T221400Z-audit-11aa", "2026-11-21T22:14:00Z")
BEFORE = Sighting("20261121T012000Z-audit-10bb", "2026-11-21T01:20:00Z")
APPROVAL = Approval("2026-11-02T09:14:00Z", "op-b", "second lane", "CHG-20301")
TREND = tuple(DriftPoint(f"run{day}", f"2026-11-{day:02}T01:20:00Z", day % 5 + 1, day % 5 + 3) for day in range(8, 22))
SHUT = "D-61c2aa01"


def config_delta(key: str, approved: str | None, observed: str | None, keys: tuple[str, ...] = ()) -> Delta:
    """Return a difference of lines, their keys those that went first; no line here holds what parts keys and lines."""
    paths = tuple(tuple(one.split(" / ")) for one in keys or (key,))
    went = tuple(path for path in paths if path[-1] in (approved or "").split("; "))
    came = tuple(path for path in paths if path[-1] in (observed or "").split("; "))
    return Delta(CONFIG, key, approved, observed, keys or (key,), went, came)


def difference(**changes: object) -> Difference:
    fields: dict[str, object] = {
        "id": "D-0b77aa02",
        "host": "S0412-pos2",
        "part": "app",
        "section": "pos",
        "key": "/app/pos/port",
        "cause": "behind",
        "approved": "19003",
        "intended": "19004",
        "observed": "19003",
        "standard": Standard(by="T-APP-03", state="fails", since=EVENING, before=BEFORE),
        "first_seen": EVENING,
        "last_otherwise": BEFORE,
        "last_seen": NIGHT,
        "matters": Matters("medium", ("T-APP-03",)),
        "signature": "app /app/pos/port: 19003 → 19004",
        "same_in_stores": 412,
        "fix": "pos-endpoint.yaml",
        **changes,
    }
    return Difference(**fields)  # type: ignore[arg-type]


def shut() -> Difference:
    return difference(
        id=SHUT,
        host="S0412-router",
        part="running-config",
        section="interface wan0",
        key="interface wan0 / shutdown",
        cause="unsaved",
        approved=None,
        intended=None,
        observed=" shutdown",
        standard=Standard(by="store.yaml", feature="ports", state="extra", since=EVENING),
        life="reopened",
        flaps=2,
        who=Who(
            at="2026-11-21T16:02:11Z",
            user="netadmin",
            origin="10.0.4.17",
            evidence="log file: shutdown",
            certainty="recorded",
        ),
        matters=Matters("critical", ("R-IF-02",), "lane 2 has no link"),
        signature="running-config interface wan0 / shutdown: absent → shutdown",
        same_in_stores=1,
        repair=("interface wan0", " no shutdown"),
        undo_repair=("interface wan0", " shutdown"),
        fix=None,
        told_with=("/network/interfaces/wan0/admin_up", "/network/interfaces/wan0/link_up"),
    )


def plain(name: str, cause: str, **changes: object) -> Difference:
    return difference(
        id=name,
        cause=cause,
        intended=None,
        standard=None,
        matters=Matters(),
        fix=None,
        **{
            "observed": "19005",
            "key": f"/files[/etc/{cause}]",
            "signature": f"files {cause}",
            "same_in_stores": 1,
            **changes,
        },
    )


def store(code: str = "S0412", name: str = "Lübeck Nord", **changes: object) -> StoreDrift:
    """Return a store that has one of everything, the grave differences first."""
    fields: dict[str, object] = {
        "store": code,
        "name": name,
        "timezone": "Europe/Berlin",
        "approved": APPROVAL,
        "seen": NIGHT,
        "differences": (
            shut(),
            difference(),
            plain("D-11110001", "manual", host="S0412-pos3", life="new", observed="ab" * 32),
            plain("D-11110002", "reverted"),
            plain("D-11110003", "unknown", first_seen=None, last_otherwise=None),
            plain("D-11110004", "replaced", host="S0412-sco1", last_otherwise=None),
            plain("D-11110005", "adopted"),
            plain("D-11110006", "ours", ours="20261120T0900Z-push-6c11 by op-b"),
            plain("D-11110007", "ours", ours="20261120T0900Z-push-6c11 by op-b"),
        ),
        "ended": (Ended("S0412-pos1", "files", "/files[/etc/motd]", "sha256 00", NIGHT),),
        "golden": (
            FeatureState(
                host="S0412-router",
                golden="store.yaml",
                feature="ntp",
                state="fail",
                missing=1,
                extra=2,
                out_of_order=3,
            ),
            FeatureState(
                host="S0412-router2", golden="store.yaml", state="cannot_parse", reason="the configuration is cut"
            ),
        ),
        "identities": (
            IdentityNote(
                host="S0412-pos1",
                kind="swapped",
                others=("S0413-pos1",),
                words="it shows the serial number of S0413-pos1",
                evidence=("serial SN-77 was approved of S0413-pos1",),
            ),
        ),
        "not_compared": (NotCompared("S0412-kiosk1", "dark since 2026-11-20T21:00:00Z"),),
        **changes,
    }
    return StoreDrift(**fields)  # type: ignore[arg-type]


def document(*stores: StoreDrift, **changes: object) -> DriftDocument:
    many = {cause: sum(one.cause == cause for each in stores for one in each.differences) for cause in CAUSES}
    fields: dict[str, object] = {
        "run": NIGHT,
        "summary": many,
        "stores": stores,
        "unchanged": 1343,
        "coverage": Coverage(24, 25, 90.0),
        "trend": TREND,
        **changes,
    }
    return DriftDocument(**fields)  # type: ignore[arg-type]


def one_store() -> DriftDocument:
    return document(store())


def fleet(stores: int = 18) -> DriftDocument:
    """Return a fleet: one thing that all have, one that half have, and one-offs; nobody is who else."""
    made = []
    for number in range(1, stores + 1):
        code = f"S{number:04}"
        some = [difference(id=f"D-{number:08x}", host=f"{code}-pos1", same_in_stores=stores)]
        if number % 2:
            seen = Sighting("run", f"2026-11-{9 + number % 9:02}T01:20:00Z")
            some.append(
                plain(f"D-a{number:07x}", "manual", host=f"{code}-router", first_seen=seen, signature="router ntp gone")
            )
        if number in {3, 4}:
            some.append(plain(f"D-b{number:07x}", "manual", host=f"{code}-pos2", signature=f"odd {number}"))
        if number == 5:
            grave = Matters("critical", ("R-IF-02",), "no link")
            some.append(
                msgspec.structs.replace(
                    plain(f"D-c{number:07x}", "unsaved", host=f"{code}-router", signature="wan0 shut"), matters=grave
                )
            )
        gaps = (NotCompared(f"{code}-sco1", "dark since 2026-11-20T21:00:00Z"),) if number == 7 else ()
        made.append(
            store(
                code,
                f"Filiale {number}",
                differences=tuple(some),
                ended=(),
                golden=(),
                identities=(),
                not_compared=gaps,
            )
        )
    return document(*made)


def hostile(text: str) -> DriftDocument:
    """Return a document with this text in every place in which a device, a file or a person may have put it."""
    seen = Sighting(text, NIGHT.at)
    one = difference(
        id=text,
        host=text,
        part=text,
        section=text,
        key=text,
        approved=text,
        intended=text,
        observed=text,
        cause="manual",
        standard=Standard(by=text, feature=text, state="fails", since=seen),
        first_seen=seen,
        last_otherwise=Sighting(text, BEFORE.at),
        who=Who(at=EVENING.at, user=text, origin=text, evidence=text, certainty="inferred"),
        matters=Matters("high", (text,), text),
        signature=text,
        repair=(text, text),
        undo_repair=(text,),
        fix=text,
        told_with=(text,),
    )
    ours = msgspec.structs.replace(one, cause="ours", ours=text, who=None)
    odd = msgspec.structs.replace(
        one, first_seen=Sighting(text, text), last_otherwise=None, who=None, part="running-config"
    )
    return document(
        store(
            text,
            text,
            timezone=text,
            approved=Approval(text, text, text, text),
            seen=seen,
            differences=(one, odd, ours),
            ended=(Ended(text, text, text, text, seen),),
            golden=(
                FeatureState(host=text, golden=text, feature=text, state="fail", missing=1, reason=text),
                FeatureState(host=text, golden=text, feature=text, state="cannot_parse", reason=text),
            ),
            identities=(IdentityNote(host=text, kind="cloned", others=(text,), words=text, evidence=(text,)),),
            not_compared=(NotCompared(text, text),),
        ),
        store("S2", differences=(msgspec.structs.replace(one, same_in_stores=2),)),
        run=seen,
        trend=(DriftPoint(text, text, 1, 1), DriftPoint(text, NIGHT.at, 2, 2)),
    )
