"""The practice fleet does what LAB says, on the real thing."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from storefleet.errors import LabError
from storefleet.lab import Lab
from storefleet.lab.faults import FAULTS
from storefleet.lab.plan import build_plan

pytestmark = pytest.mark.lab

REPOSITORY = Path(__file__).parents[2]
PLAN = build_plan()
TARGETS = {"till": "S0001-pos1", "router": "S0002-router", "kiosk": "S0001-kiosk1"}
CASES = [(fault.name, TARGETS[kind]) for fault in FAULTS.values() for kind in fault.kinds]
LOGINS = {"till": ("sf-read", "till-read"), "kiosk": ("root", "kiosk"), "router": ("sf-shell", "router-shell")}


def ssh(lab, host, command, *, user=None, key=None, via=None):
    """Log in as an operator would: from head office, with the pinned key of the host's name, through its jump."""
    device = lab.plan.device(host)
    store = lab.plan.store(device.store)
    login, name = LOGINS[device.kind]
    options = ["-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes", "-o", "IdentitiesOnly=yes"]
    options += ["-o", f"UserKnownHostsFile={lab.place.fleet}/inventory/known_hosts", "-o", "ConnectTimeout=5"]
    address = store.wan if store.flat and device.kind == "router" else device.address
    words = ["ssh", "-F", "none", *options, "-o", f"HostKeyAlias={host}", "-i", f"{lab.place.keys}/{key or name}"]
    if store.flat and device.kind != "router" and via is None:
        jump = ["ssh", "-F", "none", *options, "-o", f"HostKeyAlias={store.router.name}"]
        jump += ["-i", f"{lab.place.keys}/router-cli", "-W", "%h:%p", f"sf@{store.wan}"]
        words += ["-o", "ProxyCommand=" + " ".join(jump)]
    return lab.exec([*words, f"{user or login}@{address}", command], timeout_s=30)


def connects(lab, address, port=22, times=1):
    """Count how often a TCP connection from head office succeeds."""
    script = (
        "import socket, sys\nwins = 0\nfor _ in range(int(sys.argv[3])):\n    try:\n"
        "        socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=0.4).close()\n"
        "        wins += 1\n    except OSError:\n        pass\nprint(wins)\n"
    )
    return int(lab.exec([sys.executable, "-c", script, address, str(port), str(times)]).stdout)


def traces(lab):
    """What this lab left on the machine; other labs may stand beside it."""
    folder = f"{lab.place.folder}/"
    mounts = [line for line in Path("/proc/self/mounts").read_text().splitlines() if folder in line]
    loops = [path.read_text().strip() for path in Path("/sys/block").glob("loop*/loop/backing_file")]
    names = [path.name for path in Path("/run/netns").glob("S0001-*")]
    cgroups = list(Path("/sys/fs/cgroup").rglob(f"{lab.place.cgroup}*"))
    return [*mounts, *(text for text in loops if text.startswith(folder)), *cgroups, *names]


def processes_of(name):
    """Processes of the machine that have a lab's folder in their command line."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().decode(errors="replace")
        except OSError:
            continue
        if f"var/lab/{name}" in words and "pytest" not in words:
            found.append(words.replace("\0", " "))
    return found


@pytest.mark.parametrize("device", PLAN.devices, ids=lambda device: device.name)
def test_every_device_answers_with_its_pinned_key(lab, device):
    command = "hostname || cat /etc/hostname" if device.kind != "router" else "cat /etc/hostname"
    done = ssh(lab, device.name, command)
    assert (done.stdout.strip(), done.returncode) == (device.name, 0), done.stderr


def test_up_again_changes_nothing(lab):
    before = (lab.supervisor_pid(), lab.place.record())
    again = Lab.up(lab.place.folder.name, root=REPOSITORY)
    assert (again.supervisor_pid(), again.place.record()) == before


def test_up_with_another_shape_is_refused(lab):
    with pytest.raises(LabError, match="storefleet lab down"):
        Lab.up(lab.place.folder.name, stores=2, root=REPOSITORY)


def test_a_till_becomes_root_for_sh_only(lab):
    assert ssh(lab, "S0001-pos1", "sudo -n sh -c 'id -u'").stdout.strip() == "0"
    assert ssh(lab, "S0001-pos1", "sudo -n id").returncode != 0


def test_a_healthy_till_is_quiet(lab):
    assert lab.enter("S0002-pos1", ["systemctl", "is-system-running"]).stdout.strip() == "running"
    listening = lab.enter("S0002-pos1", ["ss", "-Hltnup"]).stdout
    assert sorted(re.findall(r'(\S+:\d+)\s+\S+\s+users:\(\("(\w+)"', listening)) == [
        ("0.0.0.0:22", "sshd"),
        ("0.0.0.0:8443", "posd"),
    ]
    assert lab.enter("S0002-pos1", ["dpkg", "--verify"]).stdout == ""
    assert lab.enter("S0002-pos1", ["systemctl", "list-timers", "--no-legend"]).stdout.count("\n") <= 1


def test_a_till_reaches_the_payment_host_and_trusts_it(lab):
    for host, store in (("S0001-pos1", "its own prefix"), ("S0003-pos1", "the borrowed prefix")):
        argv = ["openssl", "s_client", "-verify_return_error", "-connect", "pay.hq.example:19003"]
        done = lab.enter(host, argv)
        assert "Verification: OK" in done.stdout, f"{host} in {store}: {done.stderr}"


def test_what_a_router_saved_is_what_it_runs(lab):
    running = lab.enter("S0001-router", ["vtysh", "-c", "show running-config"]).stdout
    saved = lab.enter("S0001-router", ["cat", "/etc/frr/frr.conf"]).stdout
    # `end` closes what vtysh prints, not what it saves.
    assert running.partition("configuration:\n!\n")[2].removesuffix("end\n") == saved.removesuffix("end\n")


def test_the_borrowed_prefix_is_reached_only_through_its_router(lab):
    lab.power_cut("S0001-pos1")
    try:
        assert connects(lab, "10.100.1.11") == 0
        assert ssh(lab, "S0003-pos1", "cat /etc/hostname").stdout.strip() == "S0003-pos1"
    finally:
        lab.plug_in("S0001-pos1")


@pytest.mark.parametrize(("fault", "host"), CASES, ids=[f"{fault}-on-{host}" for fault, host in CASES])
def test_a_fault_shows_and_its_undo_takes_it_away(lab, fault, host):
    assert not lab.evident(fault, host)
    try:
        lab.break_(fault, host)
        assert lab.evident(fault, host)
        lab.break_(fault, host)
        assert lab.place.state().faults[host] == [fault]
    finally:
        assert lab.mend(host) == [fault]
    assert not lab.evident(fault, host)
    assert host not in lab.place.state().faults


def test_mending_leaves_every_file_as_it_was(lab):
    listing = ["sh", "-c", "find /etc /opt /home /root -type f | sort | xargs sha256sum; dpkg -l"]
    before = lab.enter("S0002-pos1", listing).stdout
    names = [fault.name for fault in FAULTS.values() if "till" in fault.kinds and not fault.from_outside]
    for name in names:
        lab.break_(name, "S0002-pos1")
    assert lab.mend("S0002") == names[::-1]
    assert lab.enter("S0002-pos1", listing).stdout == before


def test_a_fault_of_another_kind_of_device_is_refused(lab):
    with pytest.raises(LabError, match="telnet-kiosk is a fault of a kiosk"):
        lab.break_("telnet-kiosk", "S0001-pos1")


def test_a_power_cut_ends_everything_and_plugging_in_boots_again(lab):
    boot = lab.enter("S0002-pos3", ["cat", "/proc/sys/kernel/random/boot_id"]).stdout
    lab.power_cut("S0002-pos3")
    assert lab.status()["S0002-pos3"] == "off"
    with pytest.raises(LabError, match="has no power"):
        lab.enter("S0002-pos3", ["true"])
    lab.plug_in("S0002-pos3")
    assert lab.enter("S0002-pos3", ["cat", "/proc/sys/kernel/random/boot_id"]).stdout != boot
    assert float(lab.enter("S0002-pos3", ["cat", "/proc/uptime"]).stdout.split()[0]) < 60
    assert "boot" not in lab.enter("S0002-pos3", ["journalctl", "--list-boots", "--quiet"]).stderr


def test_a_reboot_comes_back_by_itself(lab):
    boot = lab.enter("S0002-pos1", ["cat", "/proc/sys/kernel/random/boot_id"]).stdout
    lab.enter("S0002-pos1", ["systemctl", "reboot"])
    deadline = time.monotonic() + 40
    while time.monotonic() < deadline:
        try:
            if lab.enter("S0002-pos1", ["cat", "/proc/sys/kernel/random/boot_id"]).stdout not in ("", boot):
                break
        except LabError:
            pass
        time.sleep(0.3)
    lab.wait_until_answering(["S0002-pos1"])
    assert lab.enter("S0002-pos1", ["cat", "/proc/sys/kernel/random/boot_id"]).stdout not in ("", boot)


def test_a_line_that_is_down_carries_nothing(lab):
    lab.wan("S0002", up=False)
    try:
        assert connects(lab, "10.100.2.11") == 0
        assert "NO-CARRIER" in lab.enter("S0002-router", ["ip", "link", "show", "wan0"]).stdout
    finally:
        lab.wan("S0002", up=True)
    lab.wait_until_answering(["S0002-pos1"])


def test_loss_loses_and_rate_is_set(lab):
    lab.wan("S0002", loss_percent=60, rate_kbit=512)
    try:
        assert connects(lab, "10.100.2.11", times=30) < 30
        assert "rate 512Kbit" in lab.exec(["tc", "qdisc", "show", "dev", "wan-S0002"]).stdout
    finally:
        lab.wan("S0002", loss_percent=0, rate_kbit=0)
    assert connects(lab, "10.100.2.11", times=5) == 5


def test_delay_puts_a_slow_stretch_into_the_line(lab):
    lab.wan("S0002", delay_ms=120)
    try:
        lab.wait_until_answering(["S0002-pos1"])
        assert "dlf-S0002" in lab.exec(["ip", "link", "show", "master", "dlb-S0002"]).stdout
        began = time.monotonic()
        assert connects(lab, "10.100.2.11") == 1
        assert time.monotonic() - began >= 0.24
        assert len(ssh(lab, "S0002-pos1", "head -c 200000 /dev/zero | tr '\\0' x").stdout) == 200000
    finally:
        lab.wan("S0002", delay_ms=0)
    assert "dlb-S0002" not in lab.exec(["ip", "link"]).stdout


def test_exec_passes_input_folder_environment_and_exit_code(lab, tmp_path):
    script = "cat; pwd; echo $STOREFLEET_TEST; exit 7"
    argv = [sys.executable, "-m", "storefleet.lab", "exec", "--name", lab.place.folder.name, "--", "sh", "-c", script]
    environment = {**os.environ, "STOREFLEET_TEST": "carried", "PYTHONPATH": str(REPOSITORY / "src")}
    done = subprocess.run(
        argv, check=False, input="typed\n", capture_output=True, text=True, cwd=REPOSITORY, env=environment
    )
    assert (done.stdout, done.returncode) == (f"typed\n{REPOSITORY}\ncarried\n", 7)


def test_head_office_has_no_way_out(lab):
    assert lab.exec(["ip", "route", "show", "default"]).stdout == ""


def small_lab(name, root):
    return Lab.up(name, stores=1, tills=1, kiosks=1, root=root)


@pytest.fixture
def fleet_root(tmp_path, lab_or_skip):
    (tmp_path / "inventory").symlink_to(REPOSITORY / "inventory")
    yield tmp_path
    for name in ("gone", "killed", "other"):
        Lab(name, tmp_path).down()


def test_down_leaves_nothing(fleet_root):
    lab = small_lab("gone", fleet_root)
    assert str(lab.place.folder) not in Path("/proc/self/mounts").read_text()
    lab.down()
    assert traces(lab) == []
    assert processes_of("gone") == []
    assert not lab.place.folder.exists()
    lab.down()


def test_a_killed_supervisor_leaves_nothing_that_down_does_not_take(fleet_root):
    lab = small_lab("killed", fleet_root)
    pid = lab.supervisor_pid()
    os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 15
    while processes_of("killed") and time.monotonic() < deadline:
        time.sleep(0.05)
    assert processes_of("killed") == []
    assert str(lab.place.folder) not in Path("/proc/self/mounts").read_text()
    assert lab.supervisor_pid() is None
    again = small_lab("killed", fleet_root)
    assert set(again.status().values()) == {"answering"}
    again.down()
    assert traces(lab) == []


def test_two_labs_do_not_meet(lab, fleet_root):
    other = small_lab("other", fleet_root)
    try:
        keys = [one.enter("S0001-pos1", ["cat", "/etc/ssh/ssh_host_ed25519_key.pub"]).stdout for one in (lab, other)]
        assert keys[0] != keys[1]
        other.break_("pos-stopped", "S0001-pos1")
        assert not lab.evident("pos-stopped", "S0001-pos1")
    finally:
        other.down()
    assert set(lab.status().values()) == {"answering"}
