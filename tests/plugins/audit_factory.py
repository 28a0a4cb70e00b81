"""Synthetic audits: values of the real types, so that a change of the model breaks the tests and not the reports."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from storefleet.model.findings import Expected, Finding, Result
from storefleet.model.report import (
    Actor,
    AuditDocument,
    ClosedFinding,
    FindingLife,
    HostReport,
    Identity,
    Inputs,
    Recorded,
    RunInfo,
    WaiverUse,
)
from storefleet.model.state import StateDocument
from storefleet.model.store import Host, Store
from storefleet.model.summary import audit_document, host_report, store_report
from storefleet.model.verdict import VerdictRules, decide

START = datetime(2026, 11, 22, 8, 14, 3, tzinfo=UTC)
NIGHT = "2026-11-22T08:14:03Z"


def run_info(run_id: str = "20261122T081403Z-audit-7f3a", **changes: object) -> RunInfo:
    fields = {
        "id": run_id,
        "verb": "audit",
        "fleet": "grocery-de",
        "actor": Actor("op-a", "ops1"),
        "started_at": NIGHT,
        "finished_at": "2026-11-22T08:14:07.100Z",
        "inputs": Inputs("4be1c02", dirty=False),
        "version": "0.1.0",
        **changes,
    }
    return RunInfo(**fields)  # type: ignore[arg-type]


def store(store_id: str = "S0412", name: str = "Lübeck Nord", **changes: object) -> Store:
    fields = {"region": "north", "timezone": "Europe/Berlin", "format": "supermarket", "number": int(store_id[1:])}
    return Store(id=store_id, name=name, **{**fields, **changes})  # type: ignore[arg-type]


def host(store_id: str = "S0412", device: str = "pos1", role: str = "till", platform: str = "linux") -> Host:
    return Host(name=f"{store_id}-{device}", store=store_id, device=device, role=role, platform=platform)


def facts(name: str = "S0412-pos1", collected_at: str = NIGHT, **parts: object) -> StateDocument:
    return StateDocument(name, name.partition("-")[0], "till", "linux", collected_at, 1.5, parts)  # type: ignore[arg-type]


def passing(count: int, audit: str = "till-baseline") -> list[Result]:
    return [Result(f"T-OK-{number:02}", audit, "Something is right", "pass", "low") for number in range(count)]


def failing(control: str, severity: str, title: str, *findings: Finding, **changes: object) -> Result:
    fields = {"observed_at": NIGHT, **changes}
    return Result(control, "till-baseline", title, "fail", severity, findings=findings, **fields)  # type: ignore[arg-type]


def other(control: str, state: str, reason: str | None = None, **changes: object) -> Result:
    return Result(control, "till-baseline", "A rule", state, "medium", reason=reason, **changes)  # type: ignore[arg-type]


def lives(results: Sequence[Result], change: str = "new", since: str = NIGHT) -> Recorded:
    return Recorded(
        tuple(
            FindingLife(result.audit, result.control, finding.key, change, since)  # type: ignore[arg-type]
            for result in results
            for finding in result.findings
        )
    )


PAY = failing(
    "T-PAY-01",
    "critical",
    "Every payment endpoint answers from the till itself",
    Finding("/ports/reachable[pay2.hq.example:19003]/result", Expected('"open"', "open", True), "timeout"),
    cause="network/acl",
    fix="storefleet plan acl-pos.yaml -l S0412-router",
    refs={"pci-dss-4.0.1": ("1.2.5",)},
)
LISTENER = failing(
    "T-LST-01",
    "high",
    "Nothing listens that has no reason to",
    Finding(
        "/ports/listening[tcp,0.0.0.0,4444]",
        Expected("absent (not in the list till_listeners)", remove=True),
        {"proto": "tcp", "address": "0.0.0.0", "port": 4444, "process": "nc"},
    ),
    cause="attack/listener",
)
DNS = failing(
    "T-NET-01",
    "critical",
    "The till resolves through its own store, in this order",
    Finding("/network/dns/servers", Expected("", ["10.101.156.1", "10.0.0.53"], True), ["10.101.156.1", "8.8.8.8"]),
    cause="software/config",
)
UNSAVED = failing(
    "R-CFG-01",
    "medium",
    "What runs is what is saved",
    Finding("/config/startup/sha256", Expected("equal to /config/running/sha256"), "9f" * 32),
    cause="human/unsaved",
)


def first_store() -> AuditDocument:
    """The worked example of one store: four tills cut from the standby, a listener, a forgotten `write memory`."""
    hosts: list[HostReport] = []
    for device in ("pos1", "pos2", "pos3", "pos4"):
        results = [PAY, *([LISTENER] if device == "pos2" else []), *passing(38)]
        recorded = Recorded(lives([PAY], "still", "2026-11-21T16:02:00Z").lives + lives([LISTENER]).lives)
        if device == "pos3":
            results += [other("T-LST-01", "waived", waiver="W-0031"), other("T-CERT-01", "unknown", "sudo refused")]
        hosts.append(
            host_report(
                host(device=device), results, recorded, judged=True, identity=Identity("5CG1234XYZ", as_expected=True)
            )
        )
    hosts.append(
        host_report(
            host(device="router", role="router", platform="frr"),
            [UNSAVED, *passing(20)],
            lives([UNSAVED], "still", "2026-11-21T16:02:00Z"),
            judged=True,
        )
    )
    hosts += [host_report(host(device=f"kiosk{n}", role="kiosk"), passing(30), judged=True) for n in range(1, 7)]
    dark = [other(f"T-{number:02}", "unknown", "not reached") for number in range(39)]
    hosts.append(
        host_report(
            host(device="sco1", role="sco"),
            dark,
            judged=False,
            reason="no answer from 10.101.156.41:22 (timeout 5 s)",
            dark_since="2026-11-20T21:00:00Z",
        )
    )
    closed = [
        ClosedFinding(
            "S0412-pos4", "S0412", "till-baseline", "T-FS-01", "/hardware/storage[/var]/use_pct", "high", "fixed",
            "2026-11-20T21:00:00Z", NIGHT,
        )
    ]  # fmt: skip
    return document([(store(), hosts)], closed=closed, waivers=[WaiverUse("W-0031", "2027-01-31")])


def document(
    stores: Sequence[tuple[Store, Sequence[HostReport]]],
    *,
    closed: Sequence[ClosedFinding] = (),
    waivers: Sequence[WaiverUse] = (),
    rules: VerdictRules = VerdictRules(),  # noqa: B008 - frozen
    run: RunInfo | None = None,
) -> AuditDocument:
    reports = []
    for row, of_store in stores:
        dark = None if any(item.was_judged for item in of_store) else "2026-11-20T21:00:00Z"
        reports.append(store_report(row, of_store, link="primary", dark_since=dark))
    hosts = [item for _, of_store in stores for item in of_store]
    verdict = decide(hosts, reports, rules, START + timedelta(seconds=4))
    return audit_document(run or run_info(), verdict, reports, hosts, closed=closed, waivers=waivers)


def many_stores(count: int = 40) -> AuditDocument:
    """A fleet: one fault over many stores, single faults, a dark store."""
    stores = []
    for number in range(1, count + 1):
        store_id = f"S{number:04}"
        row = store(store_id, f"Filiale {number}")
        if number == 17:
            dead = [other("T-01", "unknown", "not reached")]
            gone = [
                host_report(
                    host(store_id, device), dead, judged=False, reason="no route to the store",
                    dark_since="2026-11-19T01:00:00Z",
                )
                for device in ("router", "pos1", "pos2")
            ]  # fmt: skip
            stores.append((row, gone))
            continue
        hosts = [host_report(host(store_id, "router", "router", "frr"), passing(20), judged=True)]
        for device in ("pos1", "pos2"):
            results = [*([DNS] if number % 3 == 0 else []), *passing(38)]
            if number == 5 and device == "pos2":
                results.append(LISTENER)
            recorded = Recorded(lives([DNS], "still", "2026-10-12T01:00:00Z").lives + lives([LISTENER]).lives)
            hosts.append(host_report(host(store_id, device), results, recorded, judged=True))
        stores.append((row, hosts))
    return document(stores, rules=VerdictRules(min_coverage=97, fail_on_severity="high", fail_on_change=("new",)))


def hostile_store(label: str, text: str) -> AuditDocument:
    """A store in which every field that a device, a file or a person fills says the hostile text."""
    del label
    finding = Finding(f"/a[{text}]", Expected(text, [text], has_value=True), {text: text})
    bare = Finding(f"/services/{text}/active", Expected("active", "active", has_value=True), text)
    results = [
        failing("T-1", "high", text, finding, bare, cause=text, fix=text, refs={text: (text,)}),
        failing("T-2", "low", text, finding, trial=True),
        *(other(text, state, text, waiver=text) for state in ("error", "unknown", "skipped", "na", "waived")),
    ]
    known = Recorded(lives(results, "worse").lives)
    odd = Identity(text, as_expected=False, contradicted=text)
    hosts = [
        host_report(host(device=f"pos{number}", role=text), results, known, judged=True, identity=odd)
        for number in (1, 2)
    ]
    dark = Host(name=f"S0412-{text}", store="S0412", device="x", role=text, platform=text)
    hosts.append(host_report(dark, results[2:], judged=False, reason=text, dark_since=text))
    place = store(name=text, region=text, timezone=text, format=text)
    closed = [
        ClosedFinding(f"S0412-{text}", "S0412", text, text, text, "low", how, text, text)  # type: ignore[arg-type]
        for how in ("fixed", "retired")
    ]
    run = run_info(text, fleet=text, limit=text, reason=text, ticket=text, version=text)
    return document([(place, hosts)], closed=closed, waivers=[WaiverUse(text, text, wide=True)], run=run)
