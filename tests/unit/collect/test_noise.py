# ruff: noqa: E101 - as nft prints it
"""What a device counts and renews by itself must not look like a change of what it is."""

from __future__ import annotations

import pytest

from storefleet.collect.facts import Fact
from storefleet.collect.linux.guards import firewall
from storefleet.collect.linux.interfaces import interfaces

RULESET = """\
table inet shop {
	counter asked {
		packets 0 bytes 0
	}

	quota much {
		over 25 mbytes used 0 bytes
	}

	set seen {
		type ipv4_addr
		flags dynamic,timeout
		timeout 1h
		elements = { 10.0.0.7 timeout 1h expires 59m43s,
			     10.0.0.8 timeout 1h expires 12s }
	}

	set known {
		type ipv4_addr
		elements = { 10.0.0.1, 10.0.0.2 }
	}

	chain in {
		type filter hook input priority 0; policy accept;
		counter packets 0 bytes 0
		ip saddr @known counter name "asked" accept
	}
}"""


def read(backend: str, tag: str, text: str) -> dict:
    (fact,) = firewall(f"backend\t{backend}\nrc\t{tag}\t0\n\x1d{tag}\n{text}\n\x1d\n")
    return fact.value


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("counter packets 0 bytes 0", "counter packets 12 bytes 1234", True),
        ("\tpackets 0 bytes 0", "\tpackets 9 bytes 99", True),
        ("used 0 bytes", "used 12 mbytes", True),
        ("expires 59m43s", "expires 3s", True),
        ("10.0.0.8 timeout 1h expires 12s", "10.0.0.9 timeout 1h expires 12s", True),
        ("10.0.0.1, ", "10.0.0.9, ", False),
        ("timeout 1h\n", "timeout 2h\n", False),
        ("over 25", "over 26", False),
        ("policy accept", "policy drop", False),
        ("flags dynamic,timeout\n", "flags constant\n", False),
    ],
)
def test_a_packet_filter_is_another_only_when_somebody_changed_it(old, new, same):
    assert old in RULESET
    before, now = read("nftables", "nft", RULESET), read("nftables", "nft", RULESET.replace(old, new, 1))
    assert (before["sha256"] == now["sha256"]) is same
    assert before["rules"] == now["rules"] == 2


def test_the_digest_of_iptables_knows_no_counter():
    text = ":INPUT ACCEPT [{n}:{n}]\n[{n}:{n}] -A INPUT -j ACCEPT"
    assert read("iptables", "iptables", text.format(n=0)) == read("iptables", "iptables", text.format(n=12))


LINK = (
    "2: eth0: <BROADCAST,UP,LOWER_UP> mtu 1500 qdisc x state UP\\    link/ether 52:54:00:00:01:01 brd ff:ff:ff:ff:ff:ff"
)
ADDRESSES = (
    "2: eth0    inet6 fd00:aa::4909:2f8f:10e:dd2/64 scope global temporary deprecated dynamic \\ valid_lft 3600sec",
    "2: eth0    inet6 fd00:aa::11/64 scope global dynamic mngtmpaddr \\ valid_lft 3600sec",
)


def test_an_address_of_privacy_is_an_address_and_is_said_to_be_made_anew():
    said = "\n".join(ADDRESSES)
    found = interfaces(f"rc\tlink\t0\nrc\taddr\t0\n\x1dlink\n{LINK}\n\x1d\n\x1daddr\n{said}\n\x1d\n")
    facts = {one.path: one.value for one in found if isinstance(one, Fact)}
    assert facts["/network/interfaces/eth0/addresses"] == ["fd00:aa::4909:2f8f:10e:dd2/64", "fd00:aa::11/64"]
    assert facts["/network/interfaces/eth0/temporary"] == ["fd00:aa::4909:2f8f:10e:dd2/64"]


def test_the_kernels_table_tells_them_apart_too():
    rows = "fd0000aa0000000049092f8f010e0dd2 02 40 00 01 eth0\nfd0000aa000000000000000000000011 02 40 00 00 eth0"
    sys = "sys\teth0\tflags\t0x1003\nsys\teth0\tcarrier\t1\nrc\tifconfig\t0\n"
    facts = {one.path: one.value for one in interfaces(f"{sys}\x1dinet6\n{rows}\n\x1d\n") if isinstance(one, Fact)}
    assert facts["/network/interfaces/eth0/temporary"] == ["fd00:aa::4909:2f8f:10e:dd2/64"]
    assert len(facts["/network/interfaces/eth0/addresses"]) == 2
