"""Who and when, from what a host wrote down; what nothing names is told to nobody."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storefleet.collect.traces import Trace, read, script
from storefleet.drift.compare import Delta
from storefleet.drift.who import files_of, who
from storefleet.model.drift import Sighting
from storefleet.model.effects import Output

BEFORE, FIRST = Sighting("r1", "2026-11-27T02:00:00Z"), Sighting("r2", "2026-11-28T02:00:00Z")
NOON = 1795780800  # 2026-11-27T12:00:00Z
HOSTS = Delta("network", "/network/hosts_file/10.9.9.9[old-pay]", None, "")
USER = Delta("security", "/security/users[kassen01]", None, "uid 1002")
PACKAGE = Delta("software", "/software/packages/logsave", "1", None)
UNIT = Delta("services", "/services/posd.service", "enabled", "disabled")


def sudo(at, command, user="op1"):
    return Trace("sudo", at, command, user)


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


ANSWER = """\
zone +0100
file 1795780800 /opt/a b
package 2026-11-27 13:00:05 remove logsave:amd64 1.47 <none>
package 2026-11-27 13:00:06 status half-installed logsave:amd64 1.47
log 1795780801.5 S1-pos1 sudo[20]:      op1 : TTY=pts/0 ; PWD=/home/op1 ; USER=root ; COMMAND=/usr/bin/vi /etc/hosts
log 1795780801.6 S1-pos1 sudo[20]: pam_unix(sudo:session): session opened for user root(uid=0) by (uid=1002)
log 1795780802.0 S1-pos1 sshd[21]: Accepted publickey for op1 from 10.0.0.10 port 41000 ssh2: ED25519 SHA256:x
log 1795780803.0 S1-pos1 sshd[21]: Failed password for root from 10.0.0.66 port 41000 ssh2
log 1795780804.0 S1-pos1 useradd[22]: new user: name=kassen01, UID=1003, GID=1003
log 1795780805.0 S1-pos1 sudo[23]: op1 : PWD=/ ; USER=root ; COMMAND=/usr/bin/mysql --password=hunter2222
"""


def answer(text, end=True):
    return Output((text + ("\nword end\n" if end else "")).encode(), b"", 0, "word")


def test_lines_of_a_host_are_read_and_secrets_in_them_are_not():
    assert list(read(answer(ANSWER))) == [
        Trace("file", 1795780800, "/opt/a b"),
        Trace("package", 1795780805, "logsave"),
        Trace("sudo", 1795780801, "/usr/bin/vi /etc/hosts", "op1"),
        Trace("login", 1795780802, "", "op1", "10.0.0.10"),
        Trace("account", 1795780804, "new user: name=kassen01, UID=1003, GID=1003"),
        Trace("sudo", 1795780805, "/usr/bin/mysql --password=<redacted>", "op1"),
    ]


def test_an_answer_that_is_cut_holds_nothing():
    assert list(read(answer(ANSWER, end=False))) == []


@given(st.text(max_size=400))
def test_whatever_a_host_prints_is_read_without_a_fault(text):
    for trace in read(answer(text)):
        assert trace.at >= 0


def test_a_path_is_quoted_in_the_script():
    assert "look '/opt/a; reboot'" in script(["/opt/a; reboot"], 0)
