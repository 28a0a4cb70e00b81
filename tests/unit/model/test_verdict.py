"""The exit code as a table: each line is a claim of the contract."""

from datetime import UTC, datetime, timedelta

import audit_factory as factory
import pytest

from storefleet.model.findings import Expected, Finding
from storefleet.model.summary import host_report, store_report
from storefleet.model.verdict import VerdictRules, combine, coverage, decide

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
HIGH = factory.failing("T-H", "high", "t", Finding("/a", Expected("w"), 1))
LOW = factory.failing("T-L", "low", "t", Finding("/b", Expected("w"), 1))
TRIAL = factory.failing("T-T", "critical", "t", Finding("/c", Expected("w"), 1), trial=True)
WAIVED = factory.failing("T-W", "critical", "t", Finding("/c", Expected("w"), 1, waiver="W-1"))
ERROR = factory.other("T-E", "error", "the check broke")
UNKNOWN = factory.other("T-U", "unknown", "sudo refused")
NEW_ONLY = VerdictRules(fail_on_change=("new", "worse"))
HIGH_ONLY = VerdictRules(fail_on_severity="high")


def judged(*results, change="still", **options):
    return host_report(factory.host(), results, factory.lives(results, change), judged=True, **options)


def unseen(**options):
    return host_report(factory.host(device="pos2"), [], judged=False, reason="timeout", **options)


@pytest.mark.parametrize(
    ("hosts", "rules", "code"),
    [
        pytest.param([judged(*factory.passing(3))], VerdictRules(), 0, id="clean"),
        pytest.param([judged(HIGH)], VerdictRules(), 1, id="any open finding counts by default"),
        pytest.param([judged(LOW)], HIGH_ONLY, 0, id="below the severity that counts"),
        pytest.param([judged(HIGH)], HIGH_ONLY, 1, id="at the severity that counts"),
        pytest.param([judged(HIGH)], NEW_ONLY, 0, id="still open, and only new ones count"),
        pytest.param([judged(HIGH, change="new")], NEW_ONLY, 1, id="new"),
        pytest.param([judged(HIGH, change="worse")], NEW_ONLY, 1, id="worse"),
        pytest.param([judged(HIGH, change="reopened")], NEW_ONLY, 0, id="reopened is not asked for"),
        pytest.param([host_report(factory.host(), [HIGH], judged=True)], NEW_ONLY, 1, id="of unknown age counts"),
        pytest.param([judged(TRIAL, WAIVED)], VerdictRules(), 0, id="trial and waived never count"),
        pytest.param([judged(UNKNOWN)], VerdictRules(), 0, id="an unknown control of a judged host is not 3"),
        pytest.param([judged(ERROR)], VerdictRules(), 3, id="a broken check"),
        pytest.param([judged(HIGH, ERROR)], VerdictRules(), 3, id="3 wins over 1"),
        pytest.param([judged(), unseen()], VerdictRules(), 3, id="under the floor of 100"),
        pytest.param([judged(), unseen()], VerdictRules(min_coverage=50), 0, id="at the floor"),
        pytest.param([judged(), unseen(expected=False)], VerdictRules(), 0, id="a host that is not expected"),
        pytest.param(
            [judged(), judged(), unseen()], VerdictRules(min_coverage=66.7), 3, id="just under, not rounded up"
        ),
        pytest.param([unseen(expected=False)], VerdictRules(min_coverage=0), 3, id="nothing judged is never clean"),
        pytest.param([], VerdictRules(min_coverage=0), 3, id="no host at all is never clean"),
    ],
)
def test_the_exit_code(hosts, rules, code):
    assert decide(hosts, [store_report(factory.store(), hosts)], rules, NOW).exit == code


@pytest.mark.parametrize(("hours", "code"), [(71, 0), (73, 3)])
def test_a_store_dark_too_long_makes_3_even_when_coverage_is_met(hours, code):
    since = (NOW - timedelta(hours=hours)).isoformat()
    seen = [judged() for _ in range(99)]
    stores = [store_report(factory.store(), seen), store_report(factory.store("S0611"), [unseen()], dark_since=since)]
    verdict = decide([*seen, unseen()], stores, VerdictRules(min_coverage=97, dark_after_s=72 * 3600), NOW)
    assert verdict.exit == code
    assert ("S0611 (73 h)" in verdict.words) == (code == 3)


@pytest.mark.parametrize(
    ("judged_count", "expected", "floor", "percent"),
    [
        (11, 12, 100, 91.7),
        (9999, 10000, 100, 99.9),
        (9699, 10000, 97, 96.9),
        (8806, 8931, 97, 98.6),
        (3, 3, 100, 100.0),
    ],
)
def test_what_falls_short_is_never_rounded_up_to_the_goal(judged_count, expected, floor, percent):
    hosts = [judged()] * judged_count + [unseen()] * (expected - judged_count)
    assert coverage(hosts, floor).percent == percent


@pytest.mark.parametrize(
    ("codes", "winner"), [([], 0), ([0, 1], 1), ([1, 3], 3), ([3, 4, 1], 4), ([0, 0], 0), ([2, 0], 2)]
)
def test_the_order_of_the_codes(codes, winner):
    assert combine(codes) == winner


def test_the_words_name_what_decided_first_and_the_coverage():
    hosts = [judged(HIGH, LOW, change="new"), unseen()]
    words = decide(hosts, [], VerdictRules(), NOW).words
    assert words == "coverage 50 % is under the floor of 100 %; 1 new high, 1 new low findings"
    words = decide(hosts[:1], [], HIGH_ONLY, NOW).words
    assert words == "1 new high finding; coverage 100 %"
