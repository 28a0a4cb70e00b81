"""What undoes a difference of two configurations of a router, worked out by the router's own shell and awk."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from storefleet.compliance import lines
from storefleet.model.effects import NONCE
from storefleet.modules import inverse, vtysh

SHELLS = [pytest.param(("dash",), id="dash"), pytest.param(("busybox", "ash"), id="ash")]
BASE = """\
hostname S0001-router
interface wan0
 ip address 10.0.1.1/24
exit
"""
BGP = """\
router bgp 65001
 no bgp default ipv4-unicast
 neighbor HUBS peer-group
 neighbor HUBS remote-as 65000
 neighbor 10.0.1.253 peer-group HUBS
 neighbor 10.0.1.253 description a
 neighbor 10.0.1.254 remote-as 65000
 neighbor 10.0.1.254 description b
 address-family ipv4 unicast
  neighbor 10.0.1.254 activate
 exit-address-family
exit
"""


@pytest.fixture(params=SHELLS)
def undoes(request):
    if not shutil.which(request.param[0]):
        pytest.skip(f"{request.param[0]} is not on this machine")

    def told(before: str, now: str) -> list[lines.Path]:
        texts = [lines.write(lines.ordered(text)) for text in (before, now)]
        script = f'{inverse.INVERSE}inverse "$1" "$2"\n'.replace(NONCE, "0123456789abcdef")
        done = subprocess.run([*request.param, "-c", script, "sh", *texts], capture_output=True, text=True, check=True)
        return framed(done.stdout)

    return told


def framed(text: str) -> list[lines.Path]:
    """Read lines as vtysh does: sections are opened by what they are called, and closed by `exit`."""
    found: list[lines.Path] = []
    open_: list[str] = []
    for line in text.splitlines():
        if line == "exit":
            open_.pop()
        elif line.startswith(("router ", "address-family ", "interface ", "route-map ")):
            open_.append(line)
        else:
            found.append((*open_, line))
    return found


def test_a_neighbour_comes_back_before_its_attributes_and_a_group_before_its_members(undoes):
    back = [path[1:] for path in undoes(BASE + BGP, BASE + "router bgp 65001\n") if len(path) > 1]
    assert back == [
        ("no bgp default ipv4-unicast",),
        ("neighbor HUBS peer-group",),
        ("neighbor 10.0.1.254 remote-as 65000",),
        ("neighbor HUBS remote-as 65000",),
        ("neighbor 10.0.1.253 peer-group HUBS",),
        ("neighbor 10.0.1.253 description a",),
        ("neighbor 10.0.1.254 description b",),
        ("address-family ipv4 unicast", "neighbor 10.0.1.254 activate"),
    ]


def test_a_neighbour_whose_system_was_replaced_is_set_again_and_not_taken_away(undoes):
    now = BGP.replace("10.0.1.254 remote-as 65000", "10.0.1.254 remote-as 65010")
    assert undoes(BASE + BGP, BASE + now) == [("router bgp 65001", "neighbor 10.0.1.254 remote-as 65000")]


def test_a_section_that_was_not_there_is_taken_away_and_not_opened_again_for_its_lines(undoes):
    text = undoes(BASE, BASE + BGP)
    assert text == [("no router bgp 65001",)]


def test_an_address_family_is_never_taken_away_itself(undoes):
    now = BGP.removesuffix("exit\n") + " address-family ipv6 unicast\n  network 2001:db8::/32\nexit\n"
    assert undoes(BGP, now) == [("router bgp 65001", "address-family ipv6 unicast", "no network 2001:db8::/32")]


@pytest.mark.parametrize(
    ("section", "line", "no"),
    [
        ("route-map X permit 10", "set as-path prepend 1 2", "no set as-path prepend"),
        ("route-map X permit 10", "description what it is", "no description"),
        ("route-map X permit 10", "on-match goto 30", "no on-match goto"),
        ("router ospf", "maximum-paths 5", "no maximum-paths"),
        ("router ospf", "log-adjacency-changes detail", "no log-adjacency-changes"),
        ("router bgp 65001", "maximum-paths ibgp 5", "no maximum-paths ibgp 5"),
        ("interface lan0", "ip ospf cost 5", "no ip ospf cost 5"),
    ],
)
def test_a_line_goes_by_the_word_that_the_router_knows_there(undoes, section, line, no):
    assert undoes(f"{section}\n set x\n", f"{section}\n set x\n {line}\n") == [(section, no)]


def test_a_secret_of_a_routing_protocol_is_shown_to_nobody():
    for line in ("neighbor 10.0.1.254 password s3cret", "ip ospf authentication-key s3cret"):
        for path in (("router x", line), ("router x", f"no {line}")):
            assert "s3cret" not in vtysh.shown(path)
            assert vtysh.has_secret(path)
