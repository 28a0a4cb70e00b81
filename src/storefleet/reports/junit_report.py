"""The audit as JUnit XML, so that a build server shows controls as it shows tests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from storefleet.model.findings import State
from storefleet.model.report import AuditDocument, HostReport, ReportedFinding, ReportedResult
from storefleet.reports.escape import visible
from storefleet.reports.phrases import sentence
from storefleet.reports.values import observed, required

_TAGS: dict[State, str] = {
    "fail": "failure",
    "error": "error",
    "unknown": "error",
    "na": "skipped",
    "waived": "skipped",
    "skipped": "skipped",
}
_COUNTS = {"failures": "failure", "errors": "error", "skipped": "skipped"}


def audit_junit(document: AuditDocument) -> str:
    """Return one suite per store with one case per control and host, as JUnit's own readers take it.

    A case is named ``CONTROL HOST``, its class ``AUDIT.STORE``. An ``unknown`` is an error of type ``unknown``: a build
    must not be green by what nobody could see. The document must list its passes (:data:`NEEDS_ALL_RESULTS` of
    :mod:`storefleet.reports.writer`); where it does not, a property says how many are counted and not listed.
    """
    by_store: dict[str, list[HostReport]] = {store.store: [] for store in document.stores}
    for host in document.hosts:
        by_store.setdefault(host.store, []).append(host)
    counts: Counter[str] = Counter()
    suites: list[str] = []
    for store, hosts in by_store.items():
        suite = _suite(store, hosts, document)
        counts.update({name: int(suite.get(name, "0")) for name in ("tests", "failures", "errors")})
        # Store by store: as one tree a fleet's would be gigabytes.
        ElementTree.indent(suite)
        suites.append(ElementTree.tostring(suite, encoding="unicode"))
    root = Element("testsuites", name=visible(f"storefleet {document.run.fleet}"))
    for name, count in counts.items():
        root.set(name, str(count))
    opening, closing = ElementTree.tostring(root, encoding="unicode", short_empty_elements=False).rsplit("</", 1)
    return "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', opening, *suites, f"</{closing}", ""])


def _suite(store: str, hosts: Iterable[HostReport], document: AuditDocument) -> Element:
    suite = Element("testsuite", name=visible(store), timestamp=visible(document.run.started_at))
    properties = SubElement(suite, "properties")
    seen: Counter[str] = Counter()
    unlisted = 0
    for host in hosts:
        listed = sum(result.state == "pass" and not result.trial for result in host.results)
        unlisted += host.passed - listed
        for result in host.results:
            seen["tests"] += 1
            seen[_case(suite, host, result)] += 1
        if not (host.was_judged or host.left_out or any(item.state in {"unknown", "error"} for item in host.results)):
            seen.update(["tests", _unseen(suite, host)])
    suite.set("tests", str(seen["tests"]))
    for name, tag in _COUNTS.items():
        suite.set(name, str(seen[tag]))
    about = {
        "run": document.run.id,
        "verdict": f"exit {document.verdict.exit}: {document.verdict.words}",
        **({"passes counted and not listed": str(unlisted)} if unlisted else {}),
    }
    for name, value in about.items():
        SubElement(properties, "property", name=name, value=visible(value))
    return suite


def _case(suite: Element, host: HostReport, result: ReportedResult) -> str:
    """Add one case and return the tag of what befell it, or nothing for a pass."""
    case = SubElement(
        suite,
        "testcase",
        classname=visible(f"{result.audit}.{host.store}"),
        name=visible(f"{result.control} {host.host}"),
    )
    tag = "skipped" if result.trial and result.state != "pass" else _TAGS.get(result.state, "")
    if tag:
        body = SubElement(case, tag, type=result.severity if result.state == "fail" else result.state)
        body.set("message", visible(_message(result, host)))
        body.text = "\n".join(_lines(result)) or None
    return tag


def _unseen(suite: Element, host: HostReport) -> str:
    """Add a case for a host of which nothing is known and nothing is listed: no build is green by its silence."""
    name = visible(f"judged {host.host}")
    case = SubElement(suite, "testcase", classname=visible(f"storefleet.{host.store}"), name=name)
    SubElement(case, "error", type="unknown", message=visible(f"unknown: {host.reason or 'no reason given'}"))
    return "error"


def _message(result: ReportedResult, host: HostReport) -> str:
    on_trial = "on trial, not counted: " if result.trial else ""
    if result.state == "fail":
        counted = [finding for finding in result.findings if finding.waiver is None] or list(result.findings)
        words = list(dict.fromkeys(sentence(result, finding) for finding in counted)) or [result.title]
        more = f" and {len(words) - 1} more" if len(words) > 1 else ""
        return f"{on_trial}{words[0]}{more}"
    if result.state == "waived":
        names = {finding.waiver for finding in result.findings if finding.waiver} or {result.waiver or "?"}
        return f"{on_trial}waived by {', '.join(sorted(names))}"
    reason = result.reason or host.reason or "no reason given"
    return f"{on_trial}{result.state}: {reason}"


def _lines(result: ReportedResult) -> list[str]:
    """Return what stands inside the element: the rule, then each finding with what is and what should be."""
    lines = [visible(result.title)] if result.title else []
    lines += [_line(finding) for finding in result.findings]
    return lines + ([f"cause {visible(result.cause)}"] if result.cause else [])


def _line(finding: ReportedFinding) -> str:
    facts = [f"is {observed(finding)}", f"should be {required(finding)}"]
    facts += [f"{finding.change} since {visible(finding.first_seen or '?')}"] if finding.change else []
    facts += [f"waived by {visible(finding.waiver)}"] if finding.waiver else []
    facts += [f"fix {visible(finding.fix)}"] if finding.fix else []
    return f"{visible(finding.key)}   {'   '.join(facts)}"
