"""Lines of routing protocols on a real router: bgpd and ospfd run on one router for these tests, and on no other."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from storefleet.lab.lab import Lab

pytestmark = pytest.mark.lab
STOREFLEET = str(Path(sys.executable).with_name("storefleet"))
ROUTER = "S0001-router"
LOOK = "vtysh -c 'show running-config'; cd /etc/frr; sha256sum *; ls -l --time-style=+ ."
RESTART = "systemctl reset-failed frr; systemctl restart frr"
DAEMONS = f"""cd /etc/frr && sed -i "s/^bgpd=.*/bgpd=$1/; s/^ospfd=.*/ospfd=$1/" daemons &&
sed -i "s/^bgpd_options=.*/bgpd_options='-A 127.0.0.1 $2'/" daemons
{RESTART}"""
LOCAL = "-l 127.0.0.1"
"""Has bgpd listen where no audit looks for strangers; how it is without, a test says."""

POLICY = """\
ip prefix-list HQ seq 5 permit 10.0.0.0/24
ip prefix-list HQ seq 10 deny 0.0.0.0/0 le 32
bgp community-list standard OURS seq 5 permit 65001:1
route-map FROM-HQ permit 10
 match ip address prefix-list HQ
 set local-preference 200
exit
"""
BGP = """\
router bgp 65001
 bgp router-id 10.100.1.1
 no bgp ebgp-requires-policy
 neighbor 10.0.1.254 remote-as 65000
 neighbor 10.0.1.254 description head office
 neighbor 10.0.1.254 timers 10 30
 !
 address-family ipv4 unicast
  network 10.100.1.0/24
  neighbor 10.0.1.254 soft-reconfiguration inbound
  neighbor 10.0.1.254 route-map FROM-HQ in
 exit-address-family
exit
"""
NEIGHBOR = "router bgp 65001 / neighbor 10.0.1.254"
FAMILY = "[router bgp 65001, address-family ipv4 unicast]"
TASKS = f"""\
    - router_config:
        lines: |
          ip prefix-list HQ seq 5 permit 10.0.0.0/24
          ip prefix-list HQ seq 10 deny 0.0.0.0/0 le 32
          bgp community-list standard OURS seq 5 permit 65001:1
    - router_config:
        parents: route-map FROM-HQ permit 10
        lines: [match ip address prefix-list HQ, set local-preference 200]
    - router_config:
        parents: router bgp 65001
        lines:
          - bgp router-id 10.100.1.1
          - no bgp ebgp-requires-policy
          - neighbor 10.0.1.254 remote-as 65000
          - neighbor 10.0.1.254 description head office
          - neighbor 10.0.1.254 timers 10 30
    - router_config:
        parents: {FAMILY}
        lines:
          - network 10.100.1.0/24
          - neighbor 10.0.1.254 activate
          - neighbor 10.0.1.254 soft-reconfiguration inbound
          - neighbor 10.0.1.254 route-map FROM-HQ in
        save: always
"""
TEMPLATE = "    - router_config: {src: protocols.j2, save: always}\n"


def on_router(lab: Lab, script: str, *arguments: str, stdin: str | None = None) -> str:
    done = lab.enter(ROUTER, ["sh", "-c", script, *arguments], stdin=stdin)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def look(lab: Lab) -> str:
    return on_router(lab, LOOK)


def running(lab: Lab) -> str:
    return on_router(lab, "vtysh -c 'show running-config'")


def plan(lab: Lab, path: Path, tasks: str) -> subprocess.CompletedProcess[str]:
    text = f"- hosts: all\n  gather_facts: false\n  tasks:\n{tasks}"
    (lab.place.fleet / "playbooks" / "protocols.yaml").write_text(text)
    fleet = ["--fleet", str(lab.place.fleet)]
    return lab.exec([STOREFLEET, "plan", *fleet, "protocols.yaml", "-l", ROUTER, "-o", str(path)])


def apply(lab: Lab, path: Path) -> tuple[int, dict]:
    done = lab.exec([STOREFLEET, "apply", "--fleet", str(lab.place.fleet), str(path), "--format", "json"])
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def push(lab: Lab, path: Path, tasks: str) -> tuple[int, str, str]:
    """Plan and apply tasks; return the exit code, how the host ended, and why."""
    done = plan(lab, path, tasks)
    assert done.returncode == 0, done.stdout + done.stderr
    code, told = apply(lab, path)
    (end,) = told["hosts"]
    return code, end["ended"], end["why"]


def one(parents: str, *lines: str, more: str = "save: always") -> str:
    return f"    - router_config: {json.dumps({'parents': parents.split(' / '), 'lines': lines})[:-1]}, {more}}}\n"


@pytest.fixture(scope="module", autouse=True)
def _daemons(lab: Lab):
    on_router(lab, DAEMONS, "sh", "yes", LOCAL)
    assert {"bgpd", "ospfd"} <= set(on_router(lab, "vtysh -c 'show daemons'").split())
    lab.wait_until_answering([ROUTER])
    yield
    on_router(lab, DAEMONS, "sh", "no", "")
    lab.wait_until_answering([ROUTER])


@pytest.fixture(autouse=True)
def _clean(lab: Lab):
    """Have the router as it was, whatever a test has left."""
    on_router(lab, "rm -rf /var/lib/storefleet")
    before, saved = look(lab), on_router(lab, "cat /etc/frr/frr.conf")
    yield
    undone = "i=0; while [ -d /var/lib/storefleet/armed ] && [ $i -lt 90 ]; do sleep 1; i=$((i+1)); done"
    on_router(
        lab, f"{undone}; rm -rf /var/lib/storefleet; rm -f /etc/frr/frr.conf.sav; cat >/etc/frr/frr.conf", stdin=saved
    )
    if look(lab) != before:
        on_router(lab, RESTART)
    assert look(lab) == before
    lab.wait_until_answering([ROUTER])


@pytest.fixture
def speaks(lab: Lab):
    """Have the router speak BGP already, and that saved."""
    on_router(lab, "vtysh -f /dev/stdin; vtysh -c 'write memory'", stdin=POLICY + BGP)
    return look(lab)


# -- BGP


@pytest.mark.parametrize("tasks", [TASKS, TEMPLATE], ids=["lines", "template"])
def test_a_neighbour_with_its_policy_is_set_as_predicted_and_the_second_run_changes_nothing(
    lab: Lab, tmp_path: Path, tasks: str
) -> None:
    text = POLICY + BGP.replace("10.100.1.1\n", "{{ host.address }}\n")
    (lab.place.fleet / "playbooks" / "templates" / "protocols.j2").write_text(text)
    assert (got := push(lab, tmp_path / "1.json", tasks)) == (0, "changed", ""), got
    now = running(lab)
    assert BGP in now
    assert all(line in now.splitlines() for line in POLICY.splitlines())
    assert on_router(lab, "vtysh -c 'show bgp neighbors 10.0.1.254'").count("remote AS 65000") == 1
    for again in (tasks, TEMPLATE, TASKS):
        done = plan(lab, tmp_path / "2.json", again)
        assert (done.returncode, "0 changes on 0 hosts" in done.stdout) == (0, True), done.stdout


@pytest.mark.parametrize(
    ("parents", "line", "gone", "come"),
    [
        ("router bgp 65001", "neighbor 10.0.1.254 remote-as 65010", "remote-as 65000", "remote-as 65010"),
        (
            "router bgp 65001",
            "neighbor 10.0.1.254 description the hub",
            "description head office",
            "description the hub",
        ),
        ("router bgp 65001", "neighbor 10.0.1.254 timers 20 60", "timers 10 30", "timers 20 60"),
    ],
)
def test_an_attribute_of_a_neighbour_is_replaced_and_nothing_else_moves(
    lab: Lab, tmp_path: Path, speaks: str, parents: str, line: str, gone: str, come: str
) -> None:
    before = running(lab)
    assert push(lab, tmp_path / "1.json", one(parents, line)) == (0, "changed", "")
    assert running(lab) == before.replace(gone, come)
    shown = plan(lab, tmp_path / "2.json", one(parents, line)).stdout
    assert "0 changes on 0 hosts" in shown


def test_entries_of_a_list_and_of_a_route_map_and_the_map_of_a_neighbour_are_replaced(
    lab: Lab, tmp_path: Path, speaks: str
) -> None:
    before = running(lab)
    swaps = {
        "ip prefix-list HQ seq 5 permit 10.0.0.0/24": "ip prefix-list HQ seq 5 permit 10.0.0.0/16 le 24",
        "bgp community-list standard OURS seq 5 permit 65001:1": "bgp community-list standard OURS seq 5 deny 65001:2",
        "set local-preference 200": "set local-preference 300",
        "neighbor 10.0.1.254 route-map FROM-HQ in": "neighbor 10.0.1.254 route-map OTHER in",
    }
    lists, communities, preference, chosen = swaps.values()
    tasks = (
        f"    - router_config: {{lines: [{lists}, '{communities}']}}\n"
        + one("route-map FROM-HQ permit 10", preference, more="save: false")
        + one("router bgp 65001 / address-family ipv4 unicast", chosen)
    )
    assert (got := push(lab, tmp_path / "1.json", tasks)) == (0, "changed", ""), got
    for old, new in swaps.items():
        before = before.replace(old, new)
    assert running(lab) == before


@pytest.mark.parametrize("line", ["no neighbor 10.0.1.254", "no neighbor 10.0.1.254 remote-as 65000"])
def test_a_neighbour_goes_with_all_its_lines_and_the_second_run_has_nothing_to_take(
    lab: Lab, tmp_path: Path, speaks: str, line: str
) -> None:
    before = running(lab)
    assert push(lab, tmp_path / "1.json", one("router bgp 65001", line)) == (0, "changed", "")
    assert running(lab) == "".join(
        part for part in before.splitlines(keepends=True) if "neighbor 10.0.1.254 " not in part
    )
    assert "0 changes on 0 hosts" in plan(lab, tmp_path / "2.json", one("router bgp 65001", line)).stdout


def test_bgp_goes_as_a_whole(lab: Lab, tmp_path: Path, speaks: str) -> None:
    before = running(lab)
    task = "    - router_config: {lines: [no router bgp 65001], save: always}\n"
    assert push(lab, tmp_path / "1.json", task) == (0, "changed", "")
    assert running(lab) == before.replace(BGP + "!\n", "")
    assert "0 changes on 0 hosts" in plan(lab, tmp_path / "2.json", task).stdout


def test_an_address_family_holds_these_lines_and_no_other(lab: Lab, tmp_path: Path, speaks: str) -> None:
    before = running(lab)
    lines = ("network 10.100.1.0/24", "neighbor 10.0.1.254 weight 5")
    task = one("router bgp 65001 / address-family ipv4 unicast", *lines, more="match: exact, save: always")
    assert push(lab, tmp_path / "1.json", task) == (0, "changed", "")
    family = "  neighbor 10.0.1.254 soft-reconfiguration inbound\n  neighbor 10.0.1.254 route-map FROM-HQ in\n"
    assert running(lab) == before.replace(family, "  neighbor 10.0.1.254 weight 5\n")
    assert "0 changes on 0 hosts" in plan(lab, tmp_path / "2.json", task).stdout


@pytest.mark.parametrize(
    ("parents", "lines", "said"),
    [
        # refused by bgpd, after lines that were taken
        (
            "router bgp 65001",
            ("neighbor 10.0.1.254 remote-as 65010", "neighbor 10.0.1.253 description nobody"),
            "Specify remote-as or peer-group commands first",
        ),
        (
            "router bgp 65001",
            ("neighbor 10.0.1.254 timers 5 15", "bgp listen range 10.0.0.0/8 peer-group X"),
            "peer-group",
        ),
        # taken as something else
        ("router bgp 65001", ("network 10.0.0.0/24",), "has router bgp 65001 / address-family ipv4 unicast / network"),
        (
            "router bgp 65001 / address-family ipv4 unicast",
            ("no neighbor 10.0.1.254 soft-reconfiguration inbound", "network 10.101.2.9/24"),
            "network 10.101.2.0/24",
        ),
        ("router bgp 65001", ("no bgp default ipv4-unicast",), "neighbor 10.0.1.254 activate"),
        ("route-map FROM-HQ deny 10", ("set metric 5",), "has route-map FROM-HQ deny 10 / match ip address"),
        # taken whole, with all lines of a group
        (
            "router bgp 65001",
            ("neighbor HQ peer-group", "neighbor HQ remote-as 65010", "neighbor 10.0.1.254 peer-group HQ"),
            "neighbor 10.0.1.254",
        ),
        # takes away the neighbour, and all is set again
        ("router bgp 65001", ("no neighbor 10.0.1.254", "neighbor 10.0.1.9 weight x"), "10.0.1.9"),
    ],
)
def test_a_line_that_is_refused_or_altered_puts_all_back_byte_for_byte(
    lab: Lab, tmp_path: Path, speaks: str, parents: str, lines: tuple[str, ...], said: str
) -> None:
    task = one(parents, *lines)
    done = plan(lab, tmp_path / "1.json", task)
    if done.returncode != 0:
        assert said in done.stdout
    else:
        code, told = apply(lab, tmp_path / "1.json")
        (end,) = told["hosts"]
        assert (code, said in end["why"], "refused and put back" in end["why"]) == (4, True, True), end
    assert look(lab) == speaks


GROUP = """\
router bgp 65001
 neighbor HUBS peer-group
 neighbor HUBS remote-as 65000
 neighbor HUBS description all hubs
 neighbor 10.0.1.253 peer-group HUBS
 neighbor 10.0.1.253 password s3cret-word
 address-family ipv4 unicast
  neighbor HUBS route-map FROM-HQ in
 exit-address-family
 address-family ipv6 unicast
  neighbor 10.0.1.254 activate
 exit-address-family
exit
interface wan0
 ip ospf cost 5
exit
"""


@pytest.mark.parametrize(
    "tasks",
    [
        one(
            "router bgp 65001",
            *("neighbor 10.0.1.254 remote-as 65010", "neighbor 10.0.1.9 remote-as 65009", "no bgp router-id"),
        ),
        "    - router_config: {lines: [no router bgp 65001, no route-map FROM-HQ], save: always}\n",
        one("router bgp 65001", "no neighbor 10.0.1.254", "no neighbor 10.0.1.253"),
        one("interface wan0", "ip ospf area 0", "no ip ospf cost") + one("router ospf", "maximum-paths 4"),
    ],
    ids=["replaced", "all", "neighbours", "ospf"],
)
def test_a_run_is_undone(lab: Lab, tmp_path: Path, speaks: str, tasks: str) -> None:
    on_router(lab, "vtysh -f /dev/stdin; vtysh -c 'write memory'", stdin=GROUP)
    before = look(lab)
    assert plan(lab, tmp_path / "1.json", tasks).returncode == 0
    code, told = apply(lab, tmp_path / "1.json")
    assert (code, look(lab) != before) == (0, True), told
    undo = [STOREFLEET, "undo", "--fleet", str(lab.place.fleet), told["run"], "-o", str(tmp_path / "2.json")]
    done = lab.exec(undo)
    assert done.returncode == 0, done.stdout + done.stderr
    code, told = apply(lab, tmp_path / "2.json")
    assert (code, look(lab)) == (0, before), told


def test_bgp_that_listens_where_the_audit_expects_nothing_goes_back(lab: Lab, tmp_path: Path) -> None:
    """As bgpd is shipped: it opens port 179 on every address, which `lists.router_listeners` does not name."""
    on_router(lab, DAEMONS, "sh", "yes", "")
    try:
        before = look(lab)
        lab.wait_until_answering([ROUTER])
        code, ended, why = push(lab, tmp_path / "1.json", one("router bgp 65001", "bgp router-id 10.100.1.1"))
        assert (code, ended, "R-LST-01" in why, ",179" in why) == (4, "undone", True, True), why
        assert look(lab) == before
    finally:
        on_router(lab, DAEMONS, "sh", "yes", LOCAL)
        lab.wait_until_answering([ROUTER])


WATCH = """rm -f /tmp/enough /tmp/seen
cat >/tmp/watch <<'X'
while [ ! -e /tmp/enough ]; do cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '; done >/tmp/seen
X
setsid sh /tmp/watch >/dev/null 2>&1 </dev/null &
"""


def test_the_password_of_a_neighbour_is_in_no_plan_no_outcome_no_journal_and_no_list_of_processes(
    lab: Lab, tmp_path: Path, speaks: str
) -> None:
    lab.enter(ROUTER, ["sh", "-s"], stdin=WATCH)
    seen = ""
    try:
        for word in ("s3cret-word", "s3cret-other"):
            task = one("router bgp 65001", f"neighbor 10.0.1.254 password {word}")
            done = plan(lab, tmp_path / "1.json", task)
            code, told = apply(lab, tmp_path / "1.json")
            assert (code, f"neighbor 10.0.1.254 password {word}\n" in running(lab)) == (0, True), told
            seen += done.stdout + done.stderr + (tmp_path / "1.json").read_text() + json.dumps(told)
        lines = ("neighbor 10.0.1.254 password s3cret-third", "neighbor 10.0.1.253 password s3cret-fourth")
        assert plan(lab, tmp_path / "2.json", one("router bgp 65001", *lines)).returncode == 0
        code, told = apply(lab, tmp_path / "2.json")
        assert (code, "password <redacted>: not taken" in json.dumps(told)) == (4, True), told
        seen += (tmp_path / "2.json").read_text() + json.dumps(told)
    finally:
        lab.enter(ROUTER, ["touch", "/tmp/enough"])
        time.sleep(1)
        processes = on_router(lab, "cat /tmp/seen; rm -f /tmp/seen /tmp/enough /tmp/watch")
    assert "vtysh -f /dev/stdin" in processes
    journal = on_router(lab, "journalctl --no-pager; cat /var/log/frr/* 2>/dev/null; true")
    assert "bgpd" in journal
    var = lab.place.fleet / "var"
    kept = b"".join(path.read_bytes() for path in var.rglob("*") if path.is_file())
    assert kept
    for words in (seen, processes, journal, kept.decode("utf-8", "replace")):
        assert "s3cret" not in words


# -- OSPF

OSPF = """\
    - router_config:
        parents: router ospf
        lines: [ospf router-id 10.100.1.1, redistribute connected, passive-interface default]
    - router_config:
        parents: interface lan0
        lines: [ip ospf area %s, ip ospf cost %d, ip ospf message-digest-key 1 md5 s3cret-word]
        save: always
"""
LAN = "interface lan0\n description store LAN\n ip address 10.100.1.1/24\n"


def test_ospf_is_set_replaced_and_taken_away(lab: Lab, tmp_path: Path) -> None:
    before = running(lab)
    assert push(lab, tmp_path / "1.json", OSPF % ("0", 5)) == (0, "changed", "")
    lines = " ip ospf area 0\n ip ospf cost 5\n ip ospf message-digest-key 1 md5 s3cret-word\n"
    assert LAN + lines in running(lab)
    assert "router ospf\n ospf router-id 10.100.1.1\n redistribute connected\n passive-interface default\n" in running(
        lab
    )
    assert "s3cret" not in (tmp_path / "1.json").read_text()
    assert "0 changes on 0 hosts" in plan(lab, tmp_path / "2.json", OSPF % ("0", 5)).stdout
    assert push(lab, tmp_path / "3.json", OSPF % ("0", 7)) == (0, "changed", "")
    assert LAN + lines.replace("cost 5", "cost 7") in running(lab)
    code, _, why = push(lab, tmp_path / "4.json", OSPF % ("1", 7))
    assert (code, "Must remove previous area config" in why, "put back" in why) == (4, True, True), why
    exact = one("interface lan0", *LAN.splitlines()[1:], "ip ospf area 1", more="match: exact, save: always")
    assert push(lab, tmp_path / "5.json", exact) == (0, "changed", "")
    assert LAN + " ip ospf area 1\n" in running(lab)
    away = "    - router_config: {lines: [no router ospf], save: false}\n" + one("interface lan0", "no ip ospf area")
    assert push(lab, tmp_path / "6.json", away) == (0, "changed", "")
    assert running(lab) == before
    assert "0 changes on 0 hosts" in plan(lab, tmp_path / "7.json", away).stdout
