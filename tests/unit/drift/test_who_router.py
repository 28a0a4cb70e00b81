"""Who changed a router: lines that name it, the save, the start that read what was saved, and who was there."""

from __future__ import annotations

import pytest
from drift_factory import config_delta

from storefleet.collect.traces import Trace
from storefleet.drift.compare import Delta
from storefleet.drift.typed import named_by, names
from storefleet.drift.who import who
from storefleet.drift.who_router import wanted
from storefleet.model.drift import Sighting

BEFORE, FIRST = Sighting("r1", "2026-11-27T02:00:00Z"), Sighting("r2", "2026-11-28T02:00:00Z")
NIGHT = 1795744800  # 2026-11-27T02:00:00Z
NOON = NIGHT + 36000
CONFIG = "running-config"
CAME = config_delta("interface lan0 / description by hand", None, "description by hand")
WENT = config_delta("interface lan0 / description store LAN", "description store LAN", None)
CHANGED = config_delta(
    "interface lan0 / description",
    "description store LAN",
    "description by hand",
    ("interface lan0 / description store LAN", "interface lan0 / description by hand"),
)
ROUTE = config_delta("ip route 10.7.0.0/16 10.0.1.254", None, "ip route 10.7.0.0/16 10.0.1.254")
SHUT = config_delta("interface wan0 / shutdown", "shutdown", None)
FAMILY = config_delta(
    "router bgp 65001 / address-family ipv4 unicast / neighbor 10.1.1.1 activate",
    None,
    "neighbor 10.1.1.1 activate",
)
SECRET = config_delta(
    "router bgp 65001 / neighbor 10.1.1.1 password <redacted:0123456789ab>",
    None,
    "neighbor 10.1.1.1 password <redacted:0123456789ab>",
)
LAN0 = ["interface lan0"]
BGP = ["router bgp 65001", "address-family ipv4 unicast"]


@pytest.mark.parametrize(
    ("delta", "sections", "text", "expected"),
    [
        (CAME, LAN0, "description by hand", True),
        (CAME, ["int lan0"], "desc by hand", True),
        (CAME, ["interface lan1"], "description by hand", False),
        (CAME, [], "description by hand", False),
        (CAME, LAN0, "description by han", False),
        (CAME, LAN0, "description b hand", False),
        (CAME, LAN0, "d by hand", False),
        (CHANGED, LAN0, "description by hand", True),
        (CHANGED, LAN0, "description store LAN", False),
        (CHANGED, LAN0, "no description", False),
        (WENT, LAN0, "no description", True),
        (WENT, LAN0, "no description store LAN", True),
        (WENT, LAN0, "description store LAN", False),
        (WENT, LAN0, "no ip", False),
        (WENT, [], "no interface lan0", True),
        (WENT, [], "no interface lan", False),
        (SHUT, ["interface wan0"], "no shutdown", True),
        (SHUT, ["interface wan0"], "no shut", True),
        (SHUT, ["interface wan0"], "shutdown", False),
        (ROUTE, [], "ip route 10.7.0.0/16 10.0.1.254", True),
        (ROUTE, [], "ip rou 10.7.0.0/16 10.0.1.254", True),
        (ROUTE, [], "ip route 10.7.0.0/16 10.0.1.25", False),
        (ROUTE, [], "ip route 10.7.0.0/1 10.0.1.254", False),
        (ROUTE, [], "no ip route 10.7.0.0/16 10.0.1.254", False),
        (FAMILY, BGP, "neighbor 10.1.1.1 activate", True),
        (FAMILY, BGP[:1], "neighbor 10.1.1.1 activate", False),
        (SECRET, BGP[:1], "neighbor 10.1.1.1 password hunter2222", True),
        (SECRET, BGP[:1], "neighbor 10.1.1.2 password hunter2222", False),
    ],
)
def test_what_was_typed_names_a_line_only_in_its_section_and_with_its_words(delta, sections, text, expected):
    assert names(sections, text, delta) is expected


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("/usr/bin/vtysh -c 'configure terminal' -c 'interface lan0' -c 'description by hand' -c end", True),
        ("/usr/bin/vtysh -c 'configure terminal\ninterface lan0\ndescription by hand'", True),
        ("/usr/bin/vtysh -c 'conf t' -c 'int wan0' -c 'int lan0' -c 'desc by hand'", True),
        ("/usr/bin/vtysh -c 'conf t' -c 'interface lan0' -c exit -c 'description by hand'", False),
        ("/usr/bin/vtysh -c 'conf t' -c 'interface lan0' -c 'interface wan0' -c 'description by hand'", False),
        ("/usr/bin/vtysh -c 'show interface lan0'", False),
        ('/usr/bin/sh -c \'vtysh -c "conf t" -c "int lan0" -c "desc by hand"\'', True),
        (r"/bin/bash --login -c 'vtysh -c conf\\ t -c int\\ lan0 -c desc\\ by\\ hand'", True),
        ('/usr/bin/sh -c \'echo vtysh -c "int lan0" -c "desc by hand"\'', False),
        ("/usr/bin/echo -c 'interface lan0' -c 'description by hand'", False),
        ("/usr/bin/vtysh -c 'not closed", False),
    ],
)
def test_a_command_line_names_what_it_hands_to_vtysh(command, expected):
    assert named_by(command, CAME) is expected


def command(at, line, *sections):
    return Trace("command", at, line, detail="\n".join(sections))


def login(at, user="op2", until=0):
    return Trace("login", at, "", user, "10.0.0.9", until)


def kept(at, line, how):
    return Trace("kept", at, f"interface lan0 / {line}", detail=how)


VTYSH = "/usr/bin/vtysh -c 'configure terminal' -c 'interface lan0' -c 'description by hand'"
TYPED = command(NOON, "description by hand", "interface lan0")
SAVED = kept(NOON, "description by hand", "new")
BOOT, START = Trace("boot", NOON, ""), Trace("start", NOON + 2, "")
OLD = kept(NIGHT - 9999, "description store LAN", "there")
LOST = kept(NIGHT - 9999, "description by hand", "absent")
BACK = config_delta(CHANGED.key, "description by hand", "description store LAN", CHANGED.keys)


@pytest.mark.parametrize(
    ("delta", "traces", "expected"),
    [
        (CAME, [Trace("sudo", NOON, VTYSH, "op1"), TYPED], ("op1", "recorded", "sudo: vtysh with")),
        (CAME, [Trace("sudo", NOON, VTYSH, "sf-shell"), TYPED], ("", "recorded", "FRR's log of commands")),
        (CAME, [TYPED], ("", "recorded", "FRR's log of commands")),
        (CAME, [TYPED, login(NOON - 60)], ("op2", "inferred", "FRR's log of commands")),
        (CAME, [TYPED, login(NOON - 60, until=NOON - 30)], ("", "recorded", "FRR's log of commands")),
        (CAME, [TYPED, login(NOON - 60), login(NOON - 60, "op3")], ("", "recorded", "FRR's log of commands")),
        (CAME, [command(NOON, "description by hand", "interface wan0")], None),
        (CAME, [Trace("history", NOON, "description by hand", "op2", detail="interface lan0"), login(NOON)],
         ("op2", "inferred", "op2's memory of vtysh")),
        (CAME, [Trace("history", NOON, "description by hand", one, detail="interface lan0") for one in ("op2", "op3")],
         None),
        (CAME, [SAVED], ("", "recorded", "frr.conf was saved then, the first time with it")),
        (CAME, [SAVED, login(NOON - 5)], ("op2", "inferred", "frr.conf was saved then")),
        (CAME, [SAVED, Trace("sudo", NOON - 5, "/usr/bin/vtysh", "op1")], ("op1", "inferred", "frr.conf was saved")),
        (CAME, [kept(NOON, "description by hand", "there")], None),
        (CAME, [Trace("kept", NOON, "interface wan0 / description by hand", detail="new")], None),
        (CAME, [kept(NIGHT - 5, "description by hand", "new")], None),
        (CAME, [login(NOON)], ("op2", "inferred", "the only login in that time")),
        (CAME, [login(NOON), Trace("sudo", NOON, "/usr/bin/vtysh", "op1")], None),
        (CAME, [Trace("sudo", NOON, "/usr/bin/vtysh", "op1")], ("op1", "inferred", "sudo: vtysh")),
        (BACK, [BOOT, START, OLD], ("", "recorded", "it booted then")),
        (BACK, [START, OLD], ("", "recorded", "its routing daemons started then")),
        (BACK, [BOOT, START, kept(NOON - 60, "description store LAN", "there")], None),
        (BACK, [BOOT, START, kept(NIGHT - 9, "description store LAN", "absent")], None),
        (BACK, [BOOT, START], None),
        (BACK, [Trace("boot", NIGHT - 99, ""), OLD], None),
        (BACK, [BOOT, START, OLD, command(NOON - 60, "description store LAN", "interface lan0")],
         ("", "recorded", "FRR's log of commands")),
        (config_delta(CAME.key, "description by hand", None), [BOOT, START, LOST], ("", "recorded", "it booted then")),
    ],
)  # fmt: skip
def test_who_changed_a_line_is_told_only_where_something_speaks_for_it(delta, traces, expected):
    one = who(delta, FIRST, BEFORE, traces, frozenset({"sf", "sf-shell"}))
    if expected is None:
        assert one is None
    else:
        assert one is not None
        assert (one.user, one.certainty) == expected[:2]
        assert one.evidence.startswith(expected[2])


def test_no_secret_of_a_command_stands_in_the_evidence():
    typed = "/usr/bin/vtysh -c 'conf t' -c 'router bgp 65001' -c 'neighbor 10.1.1.1 password hunter2222'"
    for traces in ([Trace("sudo", NOON, typed, "op1")], [kept(NOON, "x", "new"), Trace("sudo", NOON, typed, "op1")]):
        one = who(SECRET, FIRST, BEFORE, traces, frozenset())
        assert one is not None
        assert one.user == "op1"
        assert "hunter2222" not in one.evidence
    hosts = Delta("network", "/network/hosts_file/10.9.9.9[x]", None, "")
    one = who(hosts, FIRST, BEFORE, [Trace("sudo", NOON, typed, "op1"), Trace("file", NOON, "/etc/hosts")], frozenset())
    assert one is not None
    assert one.evidence == "sudo at that time: vtysh"


def test_no_line_with_a_secret_is_sent_to_a_router():
    assert wanted([CHANGED, SECRET]) == ("interface lan0 / description by hand",)
    assert wanted([WENT, ROUTE]) == (
        "interface lan0 / description store LAN",
        "ip route 10.7.0.0/16 10.0.1.254",
    )
