"""Laws of remediation over texts written after what FRR 8.4.4 prints."""

from __future__ import annotations

import itertools

import pytest

from storefleet.compliance.remedy import applied, plain, remedy

BASE = """\
Building configuration...

Current configuration:
!
frr version 8.4.4
frr defaults traditional
hostname S0001-router
log syslog informational
no ipv6 forwarding
service integrated-vtysh-config
!
ip route 0.0.0.0/0 10.0.1.254
!
interface lan0
 description store LAN
 ip address 10.100.1.1/24
exit
!
interface wan0
 description to head office
 ip address 10.0.1.1/24
exit
!
end
"""
TEXTS = (
    BASE,
    BASE.replace(" ip address 10.0.1.1/24\n", " ip address 10.0.1.1/24\n shutdown\n"),
    BASE.replace("store LAN", "shop floor"),
    BASE.replace("!\nip route", "!\nip route 10.9.0.0/16 10.0.1.9\nip route"),
    BASE.replace("interface wan0\n description to head office\n", "interface wan0\n"),
)
PAIRS = list(itertools.permutations(TEXTS, 2))


@pytest.mark.parametrize(("running", "intended"), PAIRS)
def test_running_and_remediation_is_intended_and_rollback_is_running_again(running, intended):
    found = remedy(running, intended)
    then = applied(running, found.lines)
    assert then == plain(intended) == found.predicted
    assert applied(then, found.rollback) == plain(running)


@pytest.mark.parametrize("text", TEXTS)
def test_nothing_is_proposed_for_what_is_as_wanted(text):
    found = remedy(text, text)
    assert (found.lines, found.rollback) == ((), ())


def test_a_shut_interface_is_brought_up_below_its_own_section():
    assert remedy(TEXTS[1], BASE).lines == ("interface wan0", " no shutdown")
