"""Lines on a real router, and changes that cut the line of one that runs FRR or of a kiosk without systemd."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from storefleet.lab.lab import Lab
from storefleet.model.changes import Alter
from storefleet.model.effects import NONCE
from storefleet.modules import remote, undo

pytestmark = pytest.mark.lab
STOREFLEET = str(Path(sys.executable).with_name("storefleet"))
ROUTER, KIOSK = "S0001-router", "S0001-kiosk1"
UNDO_AFTER = "25"
LOOKS = {
    ROUTER: """\
vtysh -c 'show running-config'; cd /etc/frr; sha256sum *; ls -l --time-style=+ .; ip -4 addr | grep inet
ip -4 route | sed 's/ nhid [0-9]*//'
""",
    KIOSK: """\
cd /etc; sha256sum network.conf inittab init.d/rcS; ls -l network.conf inittab | cut -c1-40; ip -4 addr; ip -4 route
""",
}
"""What decides about the line, and what is so now."""

HOLD = "\n    - pause: {seconds: 10}"
"""Keeps a run going, and so the host armed, after a change that does not cut its line: not disarmed when it is cut."""

SHUT = "router_config: {parents: interface wan0, lines: [shutdown], save: %s}"
"""Cuts the line to head office, over which we come in."""


def look(lab: Lab, host: str) -> str:
    return lab.enter(host, ["sh", "-c", LOOKS[host]]).stdout


def planned(lab: Lab, path: Path, host: str, task: str) -> subprocess.CompletedProcess[str]:
    text = f"- hosts: all\n  gather_facts: false\n  tasks:\n    - {task}\n"
    (lab.place.fleet / "playbooks" / "lines.yaml").write_text(text)
    return lab.exec([STOREFLEET, "plan", "--fleet", str(lab.place.fleet), "lines.yaml", "-l", host, "-o", str(path)])


def applying(lab: Lab, path: Path) -> list[str]:
    return [
        *(STOREFLEET, "apply", "--fleet", str(lab.place.fleet), str(path)),
        *("--undo-after", UNDO_AFTER, "--format", "json"),
    ]


def push(lab: Lab, path: Path, host: str, task: str) -> tuple[int, str, str]:
    """Plan and apply one task; return the exit code, how the host ended, and why."""
    done = planned(lab, path, host, task)
    assert done.returncode == 0, done.stdout + done.stderr
    done = lab.exec(applying(lab, path))
    (end,) = json.loads(done.stdout)["hosts"]
    return done.returncode, end["ended"], end["why"]


def until(true, seconds: float) -> None:
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.3)
    assert true()


def undone(lab: Lab, host: str) -> bool:
    script = "[ ! -d /var/lib/storefleet/armed ] && [ ! -d /var/lib/storefleet/undoing/* ]"
    return lab.enter(host, ["sh", "-c", script]).returncode == 0


@pytest.fixture(autouse=True)
def _clean(lab: Lab):
    """Have both as they were, whatever a test has left."""
    for host in LOOKS:
        lab.enter(host, ["rm", "-rf", "/var/lib/storefleet"])
    before = {host: look(lab, host) for host in LOOKS}
    saved = lab.enter(ROUTER, ["sh", "-c", "cat /etc/frr/frr.conf"]).stdout
    yield
    for host in LOOKS:
        until(lambda host=host: undone(lab, host), 60)
        lab.enter(host, ["rm", "-rf", "/var/lib/storefleet"])
    back = 'rm -f /etc/frr/frr.conf.sav; cat >/etc/frr/frr.conf; [ "$0" = 0 ] || systemctl restart frr'
    lab.enter(ROUTER, ["sh", "-c", back, str(int(look(lab, ROUTER) != before[ROUTER]))], stdin=saved)
    lab.wait_until_answering(list(LOOKS))


# -- lines, each read back


def test_a_line_is_set_read_back_and_saved_last_and_the_second_run_changes_nothing(lab: Lab, tmp_path: Path) -> None:
    task = "router_config: {parents: interface port-pos1, lines: [description lane 1], save: changed}"
    assert push(lab, tmp_path / "1.json", ROUTER, task) == (0, "changed", "")
    assert "interface port-pos1\n description lane 1\n" in look(lab, ROUTER)
    assert "description lane 1\n" in lab.enter(ROUTER, ["cat", "/etc/frr/frr.conf"]).stdout
    kept = lab.enter(ROUTER, ["sh", "-c", "cut -f 4 /var/lib/storefleet/kept/*/list"]).stdout
    assert kept.split() == ["router:running-config", "router:saved-config"]
    done = planned(lab, tmp_path / "2.json", ROUTER, task)
    assert (done.returncode, "0 changes on 0 hosts" in done.stdout) == (0, True), done.stdout
    task = task.replace("lane 1", "pos1")
    assert push(lab, tmp_path / "3.json", ROUTER, task) == (0, "changed", "")


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        # taken by the dry run, refused with 0 and a `%` when it is made
        (("description lane 1",), "only inactive interfaces can be deleted"),
        (("shutdown", "no description"), "only inactive interfaces can be deleted"),
    ],
)
def test_a_line_that_is_refused_in_the_middle_undoes_the_others(lab: Lab, tmp_path: Path, lines, said) -> None:
    before = look(lab, ROUTER)
    text = (
        "interface port-pos1\n"
        + "".join(f" {line}\n" for line in lines)
        + "no interface wan0\nip route 10.9.0.0/16 10.0.1.9\n"
    )
    (lab.place.fleet / "playbooks" / "templates" / "lines.j2").write_text(text)
    code, ended, why = push(lab, tmp_path / "1.json", ROUTER, "router_config: {src: lines.j2, save: always}")
    assert (code, said in why, "refused and put back" in why) == (4, True, True), why
    assert ended in ("failed", "undone")
    assert look(lab, ROUTER) == before


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("ip route 10.9.1.7/16 10.0.1.9", "has ip route 10.9.0.0/16 10.0.1.9"),
        ("ip access-list 6 permit any", "has ipv6 access-list 6 seq 5 permit any"),
        ("hostname another", "lacks hostname another"),
    ],
)
def test_a_line_that_the_router_silently_alters_is_a_failure_and_undone(lab: Lab, tmp_path: Path, lines, said) -> None:
    before = look(lab, ROUTER)
    task = f"router_config: {{lines: [description of nothing, {lines}]}}".replace("description of nothing, ", "")
    code, ended, why = push(lab, tmp_path / "1.json", ROUTER, task)
    assert (code, said in why, "refused and put back" in why) == (4, True, True), why
    assert ended in ("failed", "undone")
    assert look(lab, ROUTER) == before


@pytest.mark.parametrize(
    ("line", "said"),
    [("router bgp 65000", "bgpd does not run there"), ("ip adress 10.1.1.1/24", "Unknown command")],
)
def test_what_the_router_would_not_do_is_refused_by_the_plan(lab: Lab, tmp_path: Path, line, said) -> None:
    before = look(lab, ROUTER)
    done = planned(lab, tmp_path / "1.json", ROUTER, f"router_config: {{lines: [{line}]}}")
    assert (done.returncode, said in done.stdout) == (3, True), done.stdout
    assert look(lab, ROUTER) == before


WATCH = """rm -f /tmp/enough /tmp/seen
cat >/tmp/watch <<'X'
while [ ! -e /tmp/enough ]; do cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '; done >/tmp/seen
X
setsid sh /tmp/watch >/dev/null 2>&1 </dev/null &
"""


def test_a_password_is_in_no_list_of_processes_and_in_no_plan(lab: Lab, tmp_path: Path) -> None:
    lab.enter(ROUTER, ["sh", "-s"], stdin=WATCH)
    task = "router_config: {lines: [enable password s3cret-word], save: always}"
    try:
        assert push(lab, tmp_path / "1.json", ROUTER, task) == (0, "changed", "")
        assert "enable password s3cret-word\n" in look(lab, ROUTER)
        task = task.replace("enable password s3cret-word", "no enable password")
        assert push(lab, tmp_path / "2.json", ROUTER, task) == (0, "changed", "")
    finally:
        lab.enter(ROUTER, ["touch", "/tmp/enough"])
        time.sleep(1)
        seen = lab.enter(ROUTER, ["cat", "/tmp/seen"]).stdout
        lab.enter(ROUTER, ["rm", "-f", "/tmp/seen", "/tmp/enough", "/tmp/watch"])
    assert "vtysh -f /dev/stdin" in seen
    assert "s3cret" not in seen + (tmp_path / "1.json").read_text() + (tmp_path / "2.json").read_text()
    assert "enable password" not in look(lab, ROUTER)


def test_a_change_that_could_cut_and_is_not_saved_goes_back(lab: Lab, tmp_path: Path) -> None:
    """The audit after it finds that what runs is not what is saved: a power cut would take it away again."""
    before = look(lab, ROUTER)
    task = "router_config: {lines: [ip route 10.0.0.80/32 10.0.1.254]}"
    code, ended, why = push(lab, tmp_path / "1.json", ROUTER, task)
    assert (code, ended, "R-CFG-01" in why) == (4, "undone", True), why
    assert look(lab, ROUTER) == before


FINDS = {"lane-port-shut": ("R-IF-01", "port-up.yaml"), "unsaved-change": ("R-CFG-01", "router-save.yaml")}


@pytest.mark.parametrize("fault", FINDS)
def test_the_fix_that_the_audit_names_mends_what_it_finds(lab: Lab, tmp_path: Path, fault) -> None:
    control, playbook = FINDS[fault]
    audit = [STOREFLEET, "audit", "--fleet", str(lab.place.fleet), "router-baseline", "-l", ROUTER]
    lab.break_(fault, ROUTER)
    try:
        found = lab.exec(audit)
        assert (found.returncode, control in found.stdout) == (1, True), found.stdout
        plan = [STOREFLEET, "plan", "--fleet", str(lab.place.fleet), playbook, "-l", ROUTER]
        assert lab.exec([*plan, "-o", str(tmp_path / "1.json")]).returncode == 0
        done = lab.exec(applying(lab, tmp_path / "1.json"))
        assert (done.returncode, json.loads(done.stdout)["hosts"][0]["ended"]) == (0, "changed"), done.stderr
        assert lab.exec(audit).returncode == 0
        assert "0 changes on 0 hosts" in lab.exec([*plan, "-o", str(tmp_path / "2.json")]).stdout
    finally:
        lab.mend(ROUTER)
        lab.enter(ROUTER, ["vtysh", "-c", "write memory"])


# -- the line is cut


@pytest.mark.parametrize("save", ["false", "always"])
def test_a_router_whose_way_in_was_shut_comes_back_by_itself_byte_for_byte(lab: Lab, tmp_path: Path, save) -> None:
    before = look(lab, ROUTER)
    code, ended, why = push(lab, tmp_path / "1.json", ROUTER, SHUT % save)
    assert (code, ended, "the way back" in why) == (4, "undone", True), why
    until(lambda: look(lab, ROUTER) == before, 15)
    lab.wait_until_answering([ROUTER])


AWAY = "router_config: {lines: [ip route 10.0.0.80/32 blackhole], save: always}"
"""Cuts the tills off from the payment host; the router itself goes on answering, and saves it."""


@pytest.mark.parametrize(
    ("task", "cut", "where"),
    [
        (SHUT % "false", "wan0\n description to head office\n ip address 10.0.1.1/24\n shutdown\n", "running"),
        (AWAY + HOLD, "ip route 10.0.0.80/32 blackhole\n", "saved"),
    ],
    ids=["shut", "saved"],
)
def test_a_power_cut_while_armed_brings_the_router_up_as_it_was(lab: Lab, tmp_path: Path, task, cut, where) -> None:
    before = look(lab, ROUTER)
    assert planned(lab, tmp_path / "1.json", ROUTER, task).returncode == 0
    running = subprocess.Popen(
        lab.head_office_argv(applying(lab, tmp_path / "1.json")), stdout=subprocess.PIPE, text=True
    )
    show = {"running": ["vtysh", "-c", "show running-config"], "saved": ["cat", "/etc/frr/frr.conf"]}[where]
    try:
        until(lambda: cut in lab.enter(ROUTER, show).stdout, 30)
        lab.power_cut(ROUTER)
        lab.plug_in(ROUTER)
        out, _ = running.communicate(timeout=200)
    finally:
        running.kill()
        running.wait(10)
    until(lambda: undone(lab, ROUTER), 30)
    until(lambda: look(lab, ROUTER) == before, 20)
    (end,) = json.loads(out)["hosts"]
    assert (running.returncode, end["ended"]) == (4, "undone"), out


def test_a_router_comes_back_when_its_controller_is_killed(lab: Lab, tmp_path: Path) -> None:
    before = look(lab, ROUTER)
    assert planned(lab, tmp_path / "1.json", ROUTER, AWAY + HOLD).returncode == 0
    running = subprocess.Popen(lab.head_office_argv(applying(lab, tmp_path / "1.json")), stdout=subprocess.DEVNULL)
    try:
        until(lambda: "blackhole" in lab.enter(ROUTER, ["cat", "/etc/frr/frr.conf"]).stdout, 30)
    finally:
        running.kill()
        running.wait(10)
    until(lambda: undone(lab, ROUTER), 60)
    until(lambda: look(lab, ROUTER) == before, 10)


def test_a_change_of_the_way_in_that_was_right_stays(lab: Lab, tmp_path: Path) -> None:
    task = "router_config: {lines: [ip route 10.0.0.80/32 10.0.1.254], save: always}"
    assert push(lab, tmp_path / "1.json", ROUTER, task) == (0, "changed", "")
    assert undone(lab, ROUTER)
    time.sleep(int(UNDO_AFTER) + 3)
    assert look(lab, ROUTER).count("ip route 10.0.0.80/32 10.0.1.254") == 1
    task = task.replace("[ip", "[no ip")
    assert push(lab, tmp_path / "2.json", ROUTER, task) == (0, "changed", "")


# -- a host without systemd


def kiosk(lab: Lab, script: str) -> str:
    text = "{\n" + script.replace(NONCE, "0123456789abcdef") + "\n}\n"
    done = lab.enter(KIOSK, ["sh", "-s"], stdin=text)
    assert done.returncode == 0, done.stderr
    return done.stdout


WRONG = 'copy: {dest: /etc/network.conf, content: "ADDRESS=10.100.77.61\\nGATEWAY=10.100.77.1\\n"}'


@pytest.mark.parametrize(
    "cut",
    [
        "ip addr del 10.100.1.61/24 dev eth0; ip addr add 10.100.77.61/24 dev eth0",
        "ip route del default; ip route add default via 10.100.1.250",
        "ip link set eth0 down",
        "ip route add 10.0.0.0/8 dev lo",
    ],
)
def test_a_kiosk_with_a_wrong_address_or_route_comes_back_by_itself(lab: Lab, cut) -> None:
    before = look(lab, KIOSK)
    kiosk(lab, undo.arm("r1", 3))
    assert kiosk(lab, undo.is_armed("r1")) == "0123456789abcdef armed\n"
    change = Alter(subject="line:eth0", action="cut", cost="path", script=cut)
    kiosk(lab, remote.change(change, "r1", 1))
    assert look(lab, KIOSK) != before
    until(lambda: undone(lab, KIOSK), 15)
    assert kiosk(lab, undo.disarm("r1")).startswith("0123456789abcdef undone\ntimer: the way back\n")
    until(lambda: look(lab, KIOSK) == before, 10)
    lab.wait_until_answering([KIOSK])


def test_a_kiosk_that_was_disarmed_stays_as_it_is_and_its_boot_is_its_own(lab: Lab) -> None:
    before = look(lab, KIOSK)
    kiosk(lab, undo.arm("r1", 3))
    assert "undo.sh boot" in kiosk(lab, "cat /etc/inittab")
    kiosk(lab, "ip route add 10.50.0.0/16 via 10.100.1.1")
    assert kiosk(lab, undo.disarm("r1")) == "0123456789abcdef disarmed\n"
    time.sleep(5)
    assert "10.50.0.0/16" in look(lab, KIOSK)
    kiosk(lab, "ip route del 10.50.0.0/16")
    assert look(lab, KIOSK) == before
    assert "timer.sh" not in kiosk(lab, "ps")


def test_of_two_runs_one_arms_and_the_other_is_told(lab: Lab) -> None:
    kiosk(lab, undo.arm("r1", 60))
    text = "{\n" + undo.arm("r2", 60).replace(NONCE, "0123456789abcdef") + "\n}\n"
    done = lab.enter(KIOSK, ["sh", "-s"], stdin=text)
    assert (done.returncode, done.stderr) == (1, "armed already: r1\n")
    assert kiosk(lab, undo.is_armed("r1"))
    assert kiosk(lab, undo.disarm("r1"))


def test_where_no_boot_can_be_hooked_nothing_is_armed(lab: Lab) -> None:
    before = look(lab, KIOSK)
    hidden = "mv /etc/inittab /etc/inittab.x; mv /etc/init.d/rcS /etc/init.d/rcS.x"
    lab.enter(KIOSK, ["sh", "-c", hidden])
    try:
        text = "{\n" + undo.arm("r1", 60).replace(NONCE, "0123456789abcdef") + "\n}\n"
        done = lab.enter(KIOSK, ["sh", "-s"], stdin=text)
        assert (done.returncode, "takes the line that undoes at boot" in done.stderr) == (1, True), done.stderr
        assert undone(lab, KIOSK)
    finally:
        lab.enter(KIOSK, ["sh", "-c", "mv /etc/inittab.x /etc/inittab; mv /etc/init.d/rcS.x /etc/init.d/rcS"])
    assert look(lab, KIOSK) == before


def test_a_power_cut_while_armed_brings_the_kiosk_up_as_it_was(lab: Lab, tmp_path: Path) -> None:
    before = look(lab, KIOSK)
    assert planned(lab, tmp_path / "1.json", KIOSK, WRONG + HOLD).returncode == 0
    running = subprocess.Popen(
        lab.head_office_argv(applying(lab, tmp_path / "1.json")), stdout=subprocess.PIPE, text=True
    )
    try:
        until(lambda: "10.100.77.61" in lab.enter(KIOSK, ["cat", "/etc/network.conf"]).stdout, 30)
        lab.power_cut(KIOSK)
        lab.plug_in(KIOSK)
        out, _ = running.communicate(timeout=200)
    finally:
        running.kill()
        running.wait(10)
    until(lambda: undone(lab, KIOSK), 30)
    until(lambda: look(lab, KIOSK) == before, 15)
    (end,) = json.loads(out)["hosts"]
    assert (running.returncode, end["ended"]) == (4, "undone"), out


def test_a_kiosk_comes_back_when_its_controller_is_killed(lab: Lab, tmp_path: Path) -> None:
    """The shell that waits survives the log-out."""
    before = look(lab, KIOSK)
    assert planned(lab, tmp_path / "1.json", KIOSK, WRONG + HOLD).returncode == 0
    running = subprocess.Popen(lab.head_office_argv(applying(lab, tmp_path / "1.json")), stdout=subprocess.DEVNULL)
    try:
        until(lambda: "10.100.77.61" in lab.enter(KIOSK, ["cat", "/etc/network.conf"]).stdout, 30)
    finally:
        running.kill()
        running.wait(10)
    until(lambda: undone(lab, KIOSK), 60)
    until(lambda: look(lab, KIOSK) == before, 10)
