"""Version comparison against the real thing: ``dpkg`` on this machine, and rpm's own published cases."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storefleet.audit.versions import compare, compare_debian, compare_rpm, in_range, parse_range

PART = st.text("019.+~abAZ", min_size=1, max_size=6).map(lambda text: "1" + text)
REVISION = st.text("019.+~abAZ", min_size=1, max_size=4)
DEBIAN = st.builds(
    lambda epoch, upstream, revision: f"{epoch}{upstream}{revision}",
    st.sampled_from(["", "", "0:", "1:", "12:"]),
    st.builds(lambda head, tail: head + tail, PART, st.sampled_from(["", "", "-1", "-0a"])),
    st.one_of(st.just(""), REVISION.map(lambda text: f"-{text}")),
)


@pytest.mark.skipif(shutil.which("dpkg") is None, reason="no dpkg on this machine to compare with")
@settings(max_examples=150, deadline=None)
@given(DEBIAN, DEBIAN)
def test_debian_versions_compare_as_dpkg_compares_them(left, right):
    order = compare_debian(left, right)
    operator = {-1: "lt", 0: "eq", 1: "gt"}[order]
    assert subprocess.run(["dpkg", "--compare-versions", left, operator, right], check=False).returncode == 0


@given(DEBIAN, DEBIAN)
def test_comparison_is_antisymmetric(left, right):
    for system in ("dpkg", "rpm", "none"):
        assert compare(left, right, system) == -compare(right, left, system)


@pytest.mark.parametrize(
    ("left", "right", "order"),
    [
        ("1.0", "1.0", 0),
        ("1.0", "2.0", -1),
        ("2.0.1a", "2.0.1", 1),
        ("5.5p10", "5.5p1", 1),
        ("10xyz", "10.1xyz", -1),
        ("xyz.4", "8", -1),
        ("1.0~rc1", "1.0", -1),
        ("1.0~rc1~git123", "1.0~rc1", -1),
        ("1.0^", "1.0", 1),
        ("1.0^git1", "1.01", -1),
        ("1.0^20160101", "1.0.1", -1),
        ("1.0~rc1^git1", "1.0~rc1", 1),
        ("6.0.rc1", "6.0", 1),
        ("1:1.0", "2.0", 1),
        ("2.4.1-7.el9", "2.4.1", 0),
        ("0010", "10", 0),
    ],
)
def test_rpm_versions_compare_as_its_own_test_suite_says(left, right, order):
    assert compare_rpm(left, right) == order
    assert compare_rpm(right, left) == -order


def test_a_range_holds_when_every_clause_does():
    assert in_range("2.4.1-1", ">=2.4.1,<3", "dpkg")
    assert not in_range("2.4.1~rc1-1", ">=2.4.1,<3", "dpkg")
    assert not in_range("3", ">=2.4.1,<3", "dpkg")
    assert in_range("1.10", ">1.9", "none")


@pytest.mark.parametrize("text", ["", "2.4", ">= 2 3", ">=2;<3", "~>2", ">=2,"])
def test_a_range_that_says_nothing_is_refused(text):
    with pytest.raises(ValueError, match="range of versions"):
        parse_range(text)
