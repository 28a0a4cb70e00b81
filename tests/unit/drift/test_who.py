"""Who and when, from what a host wrote down; what nothing names is told to nobody."""

from __future__ import annotations

import pytest

from storefleet.collect.traces import Trace
from storefleet.drift.compare import Delta
from storefleet.drift.persons import by_our_clock
from storefleet.drift.who import files_of, who
from storefleet.model.drift import Sighting

BEFORE, FIRST = Sighting("r1", "2026-11-27T02:00:00Z"), Sighting("r2", "2026-11-28T02:00:00Z")
NOON = 1795780800  # 2026-11-27T12:00:00Z
HOSTS = Delta("network", "/network/hosts_file/10.9.9.9[old-pay]", None, "")
USER = Delta("security", "/security/users[kassen01]", None, "uid 1002")
PACKAGE = Delta("software", "/software/packages/logsave", "1", None)
UNIT = Delta("services", "/services/posd.service", "enabled", "disabled")


FIREWALL = Delta("security", "/security/firewall", "sha256 a", "sha256 b", ("/security/firewall/sha256",))
ROUTE = Delta("network", "/network/routes[10.66.0.0/16,10.1.1.1,eth0]", None, "")
KEY = Delta("security", "/security/users[op1]/authorized_keys[SHA256:x]", None, "")
MODE = Delta("files", "/files[/opt/pos.ini]", "mode 0644", "mode 0600", ("/files[/opt/pos.ini]/mode",))
CONTENT = Delta("files", "/files[/opt/pos.ini]", "sha256 a", "sha256 b", ("/files[/opt/pos.ini]/sha256",))
MASKED = Delta("services", "/services/x.service", "enabled", "masked")
WANTS = "/etc/systemd/system/multi-user.target.wants"


def sudo(at, command, user="op1", until=0):
    return Trace("sudo", at, command, user, until=until)


def login(at, user="op2", origin="10.0.0.9", until=0):
    return Trace("login", at, "", user, origin, until)


def inode(at, path):
    return Trace("inode", at, path)


def found(delta, *traces):
    one = who(delta, FIRST, BEFORE, traces, frozenset({"sf-read"}))
    return (one.user, one.certainty, one.at) if one else None


@pytest.mark.parametrize(
    ("delta", "traces", "expected"),
    [
        (HOSTS, [sudo(NOON, "/usr/bin/vi /etc/hosts")], ("op1", "recorded", "2026-11-27T12:00:00Z")),
        (
            HOSTS,
            [sudo(NOON, "/usr/bin/sh -c x"), Trace("file", NOON + 60, "/etc/hosts")],
            ("op1", "inferred", "2026-11-27T12:01:00Z"),
        ),
        (HOSTS, [Trace("file", NOON, "/etc/hosts")], ("", "recorded", "2026-11-27T12:00:00Z")),
        (HOSTS, [Trace("file", NOON, "/etc/motd")], None),
        (HOSTS, [sudo(NOON, "/usr/bin/ls /tmp")], None),
        (HOSTS, [sudo(NOON, "/usr/bin/vi /etc/hosts", "sf-read")], None),
        (HOSTS, [sudo(NOON - 86400, "/usr/bin/vi /etc/hosts")], None),
        (HOSTS, [sudo(NOON + 86400, "/usr/bin/vi /etc/hosts")], None),
        (HOSTS, [Trace("login", NOON, "", "op2", "10.0.0.9")], ("op2", "inferred", "2026-11-27T12:00:00Z")),
        (HOSTS, [Trace("login", NOON, "", "op2", "10.0.0.9"), Trace("login", NOON, "", "op3", "10.0.0.8")], None),
        (PACKAGE, [Trace("package", NOON + 5, "logsave"), sudo(NOON, "/usr/bin/apt purge logsave")],
         ("op1", "recorded", "2026-11-27T12:00:05Z")),
        (PACKAGE, [Trace("package", NOON + 5, "logsave2")], None),
        (UNIT, [sudo(NOON, "/usr/bin/systemctl disable posd")], ("op1", "recorded", "2026-11-27T12:00:00Z")),
        (UNIT, [sudo(NOON, "/usr/bin/systemctl disable posd2")], None),
        (
            USER,
            [Trace("account", NOON, "new user: name=kassen01, UID=1002"), sudo(NOON - 1, "/usr/sbin/useradd kassen01"),
             Trace("file", NOON + 900, "/etc/passwd"), sudo(NOON + 899, "/usr/sbin/useradd other")],
            ("op1", "recorded", "2026-11-27T12:00:00Z"),
        ),
        (
            USER,
            [Trace("account", NOON, "new user: name=kassen01, UID=1002"), sudo(NOON + 5, "/usr/sbin/useradd other")],
            ("", "recorded", "2026-11-27T12:00:00Z"),
        ),
        # A path of which the named one is only the beginning is another file.
        (HOSTS, [sudo(NOON, "/usr/bin/vi /etc/hosts.allow")], None),
        # Who merely looks has changed nothing.
        (HOSTS, [sudo(NOON, "/usr/bin/cat /etc/hosts")], None),
        (UNIT, [sudo(NOON, "/usr/bin/systemctl status posd")], None),
        (ROUTE, [sudo(NOON, "/usr/sbin/ip route show")], None),
        (FIREWALL, [sudo(NOON, "/usr/sbin/nft list ruleset")], None),
        # What is of the kind and does not name it may have done it.
        (FIREWALL, [sudo(NOON, "/usr/sbin/nft -f /root/x")], ("op1", "inferred", "2026-11-27T12:00:00Z")),
        (FIREWALL, [sudo(NOON, "/usr/sbin/nft -f /x"), sudo(NOON, "/usr/sbin/nft -f /y", "op3")], None),
        (ROUTE, [sudo(NOON, "/usr/sbin/ip route add 10.66.0.0/16 via 10.1.1.1")],
         ("op1", "recorded", "2026-11-27T12:00:00Z")),
        # A command that had ended, and a login that had, did not write what was written later.
        (HOSTS, [sudo(NOON, "/usr/bin/sh", until=NOON + 5), Trace("file", NOON + 60, "/etc/hosts")],
         ("", "recorded", "2026-11-27T12:01:00Z")),
        (HOSTS, [login(NOON, until=NOON + 5), Trace("file", NOON + 60, "/etc/hosts")],
         ("", "recorded", "2026-11-27T12:01:00Z")),
        (HOSTS, [login(NOON, until=NOON + 90), login(NOON + 120, "op3"), Trace("file", NOON + 60, "/etc/hosts")],
         ("op2", "inferred", "2026-11-27T12:01:00Z")),
        # A login that began before the window and stood in it counts; a shell of root stands as long as it stood.
        (HOSTS, [login(NOON - 86400, until=NOON + 90), Trace("file", NOON, "/etc/hosts")],
         ("op2", "inferred", "2026-11-27T12:00:00Z")),
        (HOSTS, [sudo(NOON, "/bin/bash", until=NOON + 7200), Trace("file", NOON + 3600, "/etc/hosts")],
         ("op1", "inferred", "2026-11-27T13:00:00Z")),
        # Two at that time are nobody.
        (HOSTS, [sudo(NOON, "/bin/sh"), sudo(NOON, "/bin/sh", "op3"), Trace("file", NOON + 1, "/etc/hosts")],
         ("", "recorded", "2026-11-27T12:00:01Z")),
        # Only the time of change knows of a mode; of content its own time is the better one.
        (MODE, [Trace("file", NOON, "/opt/pos.ini"), inode(NOON + 9, "/opt/pos.ini")],
         ("", "recorded", "2026-11-27T12:00:09Z")),
        (MODE, [Trace("file", NOON, "/opt/pos.ini")], None),
        (CONTENT, [Trace("file", NOON, "/opt/pos.ini"), inode(NOON + 9, "/opt/pos.ini")],
         ("", "recorded", "2026-11-27T12:00:00Z")),
        (CONTENT, [Trace("file", NOON - 9999999, "/opt/pos.ini"), inode(NOON + 9, "/opt/pos.ini")],
         ("", "recorded", "2026-11-27T12:00:09Z")),
        # A link of a unit is the thing itself; the folder that it is gone from is a hint.
        (MASKED, [inode(NOON, "/etc/systemd/system/x.service")], ("", "recorded", "2026-11-27T12:00:00Z")),
        (UNIT, [Trace("file", NOON, WANTS)], ("", "inferred", "2026-11-27T12:00:00Z")),
        (KEY, [Trace("file", NOON, "/home/op1/.ssh/authorized_keys")], ("", "recorded", "2026-11-27T12:00:00Z")),
        (KEY, [Trace("file", NOON, "/home/op2/.ssh/authorized_keys")], None),
        # apt says who asked for it.
        (PACKAGE, [Trace("package", NOON + 5, "logsave"), Trace("package", NOON, "logsave", "op1", detail="apt purge")],
         ("op1", "recorded", "2026-11-27T12:00:00Z")),
    ],
)  # fmt: skip
def test_who_is_told_only_where_a_line_speaks_for_it(delta, traces, expected):
    assert found(delta, *traces) == expected


def test_the_files_of_which_the_time_is_asked():
    assert files_of([HOSTS, USER, PACKAGE, Delta("files", "/files[/opt/x y]", "a", "b")]) == (
        "/etc/hosts",
        "/etc/passwd",
        "/opt/x y",
    )
    assert files_of([KEY]) == ("/home/op1/.ssh/authorized_keys*",)
    assert files_of([Delta("system", "/system/timezone", "a", "b")]) == ("/etc/localtime", "/etc/timezone")


def test_what_came_while_the_second_run_was_reading_counts_only_where_nothing_earlier_does():
    late = 1795831200 + 600  # ten minutes after it began
    assert found(HOSTS, sudo(late, "/usr/bin/vi /etc/hosts", "op3")) == ("op3", "recorded", "2026-11-28T02:10:00Z")
    both = (sudo(NOON, "/usr/bin/vi /etc/hosts"), sudo(late, "/usr/bin/vi /etc/hosts", "op3"))
    assert found(HOSTS, *both) == ("op1", "recorded", "2026-11-27T12:00:00Z")


def test_times_of_a_host_whose_clock_is_wrong_are_told_by_ours():
    ahead = [Trace("clock", NOON + 90000, ""), sudo(NOON + 86400, "/usr/bin/vi /etc/hosts", until=NOON + 86405)]
    assert found(HOSTS, *ahead) is None, "by its own clock it lies outside"
    mended = by_our_clock(ahead, NOON + 3600)
    assert found(HOSTS, *mended) == ("op1", "recorded", "2026-11-27T12:00:00Z")
    assert mended[1].until == NOON + 5
    slow = [Trace("clock", NOON + 9, ""), sudo(NOON, "x")]
    assert by_our_clock(slow, NOON) == tuple(slow), "an answer takes its time"
