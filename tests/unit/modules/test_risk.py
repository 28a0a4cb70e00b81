"""What can cut the way to a device is known by where it stands."""

import pytest

from storefleet.model.changes import ActOnUnit, FileState, PutFile, RemovePath
from storefleet.modules.risk import class_of, worst
from storefleet.modules.undo import has_undo

BEFORE = FileState("file", 0o644, "root", "root", b"x")


def put(path):
    return PutFile(path=path, content=b"", mode=0o644, owner="root", group="root", before=None)


@pytest.mark.parametrize(
    "path",
    [
        *("/etc/ssh/sshd_config", "/etc/ssh/sshd_config.d/x.conf", "/etc/network/interfaces", "/etc/nftables.conf"),
        *("/etc/systemd/network/10.network", "/etc/systemd/system/ssh.service.d/x.conf", "/etc/passwd", "/etc/sudoers"),
        *("/etc/sudoers.d/sf", "/etc/pam.d/sshd", "/root/.ssh/authorized_keys", "/home/sf-change/.ssh/authorized_keys"),
        *(
            "/etc/netplan/x.yaml",
            "/usr/sbin/sshd",
            "/bin/sh",
            "/lib/x",
            "/boot/cmdline.txt",
            "/etc",
            "/etc/fstab",
            "/dev/x",
        ),
        *("/etc/network.conf", "/etc/rc.local", "/etc/init.d/rcS", "/etc/inittab"),
        *("/etc/hosts.deny", "/etc/nsswitch.conf", "/etc/frr/frr.conf", "/etc/dropbear/key", "/proc/sys/x", "/home/sf"),
    ],
)
def test_the_way_to_the_device_is_told_from_its_place(path):
    assert class_of(put(path)) == class_of(RemovePath(path=path, before=BEFORE)) == "path"


@pytest.mark.parametrize(
    "path", ["/etc/resolv.conf", "/etc/hosts", "/opt/pos/etc/pos.ini", "/etc/chrony/chrony.conf", "/srv/x"]
)
def test_a_setting_is_a_setting(path):
    assert class_of(put(path)) == "config"


@pytest.mark.parametrize(
    ("unit", "action", "expected"),
    [
        ("posd.service", "restart", "service"),
        ("posd", "stop", "service"),
        ("posd", "enable", "config"),
        ("posd", "disable", "service"),
        ("", "daemon-reload", "none"),
        *(
            (unit, action, "path")
            for unit in ("ssh", "sshd.service", "networking", "nftables")
            for action in ("stop", "enable")
        ),
        ("systemd-networkd.service", "restart", "path"),
        ("multi-user.target", "stop", "path"),
        ("srv.mount", "stop", "path"),
    ],
)
def test_a_unit_is_judged_by_its_name(unit, action, expected):
    assert class_of(ActOnUnit(unit=unit, action=action)) == expected


def test_the_worst_counts():
    assert worst(()) == "none"
    assert worst(("config", "path", "service")) == "path"


@pytest.mark.parametrize(
    "path", ["/bin/sh", "/usr/sbin/sshd", "/boot/x", "/etc/fstab", "/lib/x", "/usr/lib/x", "/proc/x", "/etc"]
)
def test_no_undo_is_promised_where_it_would_not_come_to_run(path):
    assert not has_undo(put(path))
    assert class_of(put(path)) == "path"


@pytest.mark.parametrize(
    "path", ["/etc/ssh/sshd_config", "/etc/passwd", "/etc/nftables.conf", "/root/.ssh/authorized_keys"]
)
def test_an_undo_puts_back_what_the_way_in_depends_on(path):
    assert has_undo(put(path))


@pytest.mark.parametrize(
    ("unit", "expected"), [("ssh", True), ("dbus", False), ("multi-user.target", False), ("x.mount", False)]
)
def test_a_unit_without_which_nothing_undoes_is_not_touched(unit, expected):
    assert has_undo(ActOnUnit(unit=unit, action="stop")) is expected
