"""The audit document as the page's data: plain JSON, every text of a device made visible, every time with its zone."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, tzinfo
from typing import Any

import msgspec

from storefleet.model.findings import SEVERITIES, State
from storefleet.model.instants import instant
from storefleet.model.report import AuditDocument, ClosedFinding, HostReport, StoreReport, WaiverUse
from storefleet.reports.advice import first_steps
from storefleet.reports.entry_text import scope_words
from storefleet.reports.escape import visible, visible_lines
from storefleet.reports.fleet_view import rank
from storefleet.reports.fold import Entry, entries
from storefleet.reports.notes import expiring, oddity, waiver_words
from storefleet.reports.times import clock, duration, run_end, zone_for, zone_named
from storefleet.reports.trend import TrendPoint
from storefleet.reports.values import observed, required

_LETTERS: Mapping[State, str] = {"fail": "f", "error": "e", "unknown": "u", "waived": "w", "skipped": "s"}
_WORST = "feuws"
_NAMED_HOSTS = 12
_LONGEST = 1000
_MOST_FAULTS = 500
"""On the page over all stores; every store has all of its own."""


class Builder:
    """Makes the data of one run; ``diffs`` are compliance diffs by host, ``timezone`` is the setting of that name."""

    def __init__(
        self,
        document: AuditDocument,
        *,
        timezone: str = "store",
        diffs: Mapping[str, str] | None = None,
        trend: Sequence[TrendPoint] = (),
    ) -> None:
        self.document = document
        self._timezone = timezone
        self._diffs = diffs or {}
        self._trend = trend
        self._now = run_end(document.run)
        self._common = zone_for(timezone, {store.timezone for store in document.stores})
        self._expiring = [waiver.id for _, waiver in expiring(document.waivers, self._now)]
        self._controls = _controls(document.hosts)
        self._zones = {store.store: self._zone(store.timezone) for store in document.stores}
        self._hosts: dict[str, list[HostReport]] = defaultdict(list)
        for host in document.hosts:
            self._hosts[host.store].append(host)
        self._closed: dict[str, list[ClosedFinding]] = defaultdict(list)
        for item in document.closed:
            self._closed[item.store].append(item)

    def fleet(self) -> dict[str, Any]:
        """Return the data of the page over all stores, without the details of any."""
        document = self.document
        faults = self._faults(document.hosts)
        verdict = msgspec.to_builtins(document.verdict)
        verdict["headline"] = document.verdict.words[:1].upper() + document.verdict.words[1:]
        return {
            "run": self._run(),
            "verdict": verdict,
            "totals": msgspec.to_builtins(document.totals),
            "changes": msgspec.to_builtins(document.changes),
            "controls": list(self._controls.values()),
            "stores": [self._store(store) for store in sorted(document.stores, key=rank)],
            "faults": faults[:_MOST_FAULTS],
            "more_faults": max(0, len(faults) - _MOST_FAULTS),
            "dark": [self._darkness(store) for store in document.stores if store.state == "dark"],
            "odd": [
                {"host": visible(host.host), "store": host.store, "words": words}
                for host in document.hosts
                for words in (oddity(host.identity) if host.identity else [])
            ],
            "closed": [self._gone(item) for item in document.closed],
            "waivers": [self._waiver(waiver) for waiver in document.waivers],
            "expiring": self._expiring,
            "trend": [self._point(point) for point in self._trend],
            "details": {},
        }

    def detail(self, store: StoreReport) -> dict[str, Any]:
        """Return what the page of one store shows beside its line."""
        hosts = self._hosts[store.store]
        zone = self._zones[store.store]
        return {
            "first": [asdict(step) for step in first_steps(self.document, store, hosts)],
            "faults": self._faults(hosts),
            "hosts": [self._host(host, zone) for host in hosts],
            "closed": [self._gone(item) for item in self._closed[store.store]],
        }

    def _zone(self, name: str | None) -> tzinfo:
        return zone_named(name if self._timezone == "store" else self._timezone)

    def _clock(self, text: str | None, zone: tzinfo) -> str | None:
        return clock(text, zone, self._now) if text else None

    def _run(self) -> dict[str, Any]:
        run = self.document.run
        started, ended = instant(run.started_at), instant(run.finished_at)
        took = f", {duration((ended - started).total_seconds())}" if started and ended else ""
        texts = {"id": run.id, "verb": run.verb, "fleet": run.fleet, "version": run.version, "limit": run.limit}
        texts |= {"reason": run.reason, "ticket": run.ticket, "actor": f"{run.actor.user} on {run.actor.on}"}
        return {
            **{name: visible(text) if text else text for name, text in texts.items()},
            "when": f"{clock(run.finished_at or run.started_at, self._common)}{took}",
            "commit": (run.inputs.commit or "")[:12],
            "dirty": run.inputs.dirty,
        }

    def _store(self, store: StoreReport) -> dict[str, Any]:
        texts = {"name": store.name, "region": store.region, "format": store.store_format, "link": store.link}
        return {
            "id": store.store,
            **{name: visible(text) if text else None for name, text in texts.items()},
            "zone": store.timezone,
            "state": store.state,
            "worst": SEVERITIES.index(store.worst) if store.worst else None,
            "dark": self._clock(store.dark_since, self._zones[store.store]),
            "hosts": store.hosts,
            "judged": store.judged,
            "open": store.open,
            "new": store.new,
            "cells": self._cells(self._hosts[store.store]),
            "names": " ".join(host.host for host in self._hosts[store.store]).lower(),
        }

    def _cells(self, hosts: Iterable[HostReport]) -> str:
        """Return a letter for each control: the worst of the store's hosts."""
        seen: dict[str, str] = {}
        judged = False
        for host in hosts:
            judged = judged or host.was_judged
            for result in host.results:
                letter = _LETTERS.get(result.state)
                if letter and not result.trial:
                    seen[result.control] = min(letter, seen.get(result.control, letter), key=_WORST.index)
        return "".join(seen.get(name, "." if judged else "-") for name in self._controls)

    def _faults(self, hosts: Sequence[HostReport]) -> list[dict[str, Any]]:
        ranked = sorted(entries(hosts), key=lambda entry: not entry.changed)
        by_store: dict[str, list[HostReport]] = self._hosts
        return [self._fault(entry, by_store[entry.hosts[0].store]) for entry in [*ranked, *entries(hosts, trial=True)]]

    def _fault(self, entry: Entry, hosts: Sequence[HostReport]) -> dict[str, Any]:
        finding, result = entry.finding, entry.result
        stores = {host.store for host in entry.hosts}
        zone = self._zones[entry.hosts[0].store] if len(stores) == 1 else self._common
        first = [each.first_seen for each in entry.findings if each.first_seen]
        return {
            "control": self._controls[result.control]["at"],
            "trial": result.trial,
            "words": visible(entry.words, _LONGEST),
            "key": visible(finding.key, _LONGEST),
            "is": visible(observed(finding), _LONGEST),
            "due": visible(required(finding), _LONGEST),
            "fix": visible(finding.fix, _LONGEST) if finding.fix else None,
            "changes": dict(Counter(each.change or "still" for each in entry.findings)),
            "since": self._clock(min(first), zone) if first else None,
            "flapping": max(each.flapping for each in entry.findings),
            "alike": scope_words(entry, hosts) if len(stores) == 1 else "",
            "count": len(entry.hosts),
            "stores": len(stores),
            "hosts": [[visible(host.host), host.store] for host in entry.hosts[:_NAMED_HOSTS]],
        }

    def _darkness(self, store: StoreReport) -> dict[str, Any]:
        reason = next((host.reason for host in self._hosts[store.store] if host.reason), None)
        since = self._clock(store.dark_since, self._zones[store.store])
        return {"store": store.store, "since": since, "hosts": store.hosts, "reason": visible(reason or "", _LONGEST)}

    def _host(self, host: HostReport, zone: tzinfo) -> dict[str, Any]:
        return {
            "host": visible(host.host),
            "role": visible(host.role),
            "platform": visible(host.platform),
            "reason": visible(host.reason) if host.reason else None,
            "dark": self._clock(host.dark_since, zone),
            "odd": oddity(host.identity) if host.identity else [],
            "passed": host.passed,
            "failed": sum(result.state == "fail" and not result.trial for result in host.results),
            "results": [
                {"id": visible(result.control), "state": result.state, "reason": visible(result.reason or "", _LONGEST)}
                for result in host.results
                if result.state not in {"pass", "na", "fail"}
            ],
            "diff": "\n".join(visible_lines(self._diffs.get(host.host, "").rstrip("\n"))),
        }

    def _gone(self, item: ClosedFinding) -> dict[str, Any]:
        zone = self._zones.get(item.store) or UTC
        return {
            "host": visible(item.host),
            "store": item.store,
            "control": visible(item.control),
            "key": visible(item.key, _LONGEST),
            "how": item.how,
            "since": self._clock(item.first_seen, zone),
        }

    def _waiver(self, waiver: WaiverUse) -> dict[str, Any]:
        words = waiver_words(waiver, self._now)
        return {
            "id": visible(waiver.id),
            "expires": waiver.expires,
            "wide": waiver.wide,
            "soon": waiver.id in self._expiring,
        } | {"words": words[0] if words else ""}

    def _point(self, point: TrendPoint) -> dict[str, Any]:
        return {**asdict(point), "at": clock(point.at, self._common, self._now)}


def _controls(hosts: Iterable[HostReport]) -> dict[str, dict[str, Any]]:
    """Return the controls that have anything but passes, in the order of their names; ``at`` is their column."""
    found: dict[str, dict[str, Any]] = {}
    for host in hosts:
        for result in host.results:
            if result.state in _LETTERS and result.control not in found:
                found[result.control] = {
                    "id": visible(result.control),
                    "title": visible(result.title or result.control),
                    "severity": SEVERITIES.index(result.severity),
                    "cause": visible(result.cause) if result.cause else None,
                }
    return {name: {**found[name], "at": at} for at, name in enumerate(sorted(found))}


def size(data: Any) -> int:
    """Return how many bytes a part takes in a page."""
    return len(json.dumps(data, separators=(",", ":")))
