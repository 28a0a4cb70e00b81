"""What hosts wrote down, as it was seen on them: read, and nothing in it becomes somebody else's deed."""

from __future__ import annotations

import datetime
import json
import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storefleet.collect.frr import vty_log
from storefleet.collect.log_lines import file, instant, zone_of
from storefleet.collect.traces import Trace, read, script
from storefleet.model.effects import Output

ANSWERS = Path(__file__).with_name("traces")


def answer(text, end=True):
    return Output((text + ("\nword end\n" if end else "")).encode(), b"", 0, "word")


def seen(name, *kinds):
    return [one for one in read(answer((ANSWERS / f"{name}.txt").read_text())) if one.kind in kinds]


def journal(program, text, uid="0", comm=None, pid="7", at="1795780801000000"):
    entry = {"__REALTIME_TIMESTAMP": at, "SYSLOG_IDENTIFIER": program, "_PID": pid, "_UID": uid, "MESSAGE": text}
    return "journal " + json.dumps(entry | ({"_COMM": comm} if comm else {}))


def told(*lines):
    accounts = ("account 0 root", "account 102 frr", "account 1002 op1", "account 1003 op2")
    return list(read(answer("\n".join((*accounts, *lines)))))


def test_a_till_with_a_journal_tells_commands_and_logins_with_their_ends_and_what_apt_was_asked():
    logins = seen("till", "login")
    assert logins[0] == Trace("login", 1795846318, "", "op1", "10.0.0.10", 1795846320)
    commands = seen("till", "sudo")
    assert commands[0].subject == "/usr/bin/apt-get -y -q install /var/cache/lab/other-pay_1.0-1_all.deb"
    assert (commands[0].user, commands[0].at, commands[0].until) == ("op1", 1795846319, 1795846319)
    packages = [(one.subject, one.user, one.detail) for one in seen("till", "package") if one.user]
    assert packages == [
        ("other-pay", "op1", "apt-get -y -q install /var/cache/lab/other-pay_1.0-1_all.deb"),
        ("other-pay", "op1", "apt-get -y -q purge other-pay"),
        ("receipts", "op1", "apt-get -y -q install /var/cache/lab/receipts_3.1-1_all.deb"),
    ]
    assert [one.subject.split(",")[0] for one in seen("till", "account")] == [
        "new group: name=kassen01",
        "new user: name=kassen01",
    ]


def test_a_mode_alone_moves_one_of_the_two_times():
    times = {one.kind: one.at for one in seen("till", "file", "inode") if one.subject == "/opt/pos/etc/pos.ini"}
    assert times == {"file": 1795845441, "inode": 1795846324}


def test_what_somebody_logged_under_the_name_of_sudo_is_left_out():
    text = (ANSWERS / "till-faked.txt").read_text()
    assert "COMMAND=/usr/bin/vi /etc/hosts" in text, "it stands in the journal, written by logger"
    assert {one.user for one in seen("till-faked", "sudo")} == {"op1"}
    assert not [one for one in seen("till-faked", "sudo") if "vi /etc/hosts" in one.subject]


def test_a_router_tells_what_was_typed_in_which_section_and_what_was_saved():
    typed = [(one.detail, one.subject) for one in seen("router", "command")]
    assert typed[:5] == [
        ("", "interface port-pos1"),
        ("interface port-pos1", "description again by op1"),
        ("", "interface lan0"),
        ("interface lan0", "description typed2 by op2"),
        ("", "ip prefix-list X seq 5 permit 10.0.0.0/8"),
    ]
    assert ("interface wan0", "description logged to a file") in typed, "`log file` tells the same"
    assert ("interface lan0", "description typed by op2") in [
        (one.detail, one.subject) for one in seen("router", "history") if one.user == "op2"
    ]
    assert [(one.subject, one.detail) for one in seen("router", "kept")] == [
        ("interface lan0 / description typed2 by op2", "new"),
        ("interface lan0 / description store LAN", "gone"),
    ]
    assert [one.at for one in seen("router", "boot", "start")] == [1795845441, 1795845442]


def test_wtmp_tells_logins_at_a_terminal_too():
    logins = seen("router", "login")
    assert Trace("login", 1795845494, "", "op2", "10.0.0.10", 1795845494) in logins
    console = "last op1      tty1         0.0.0.0          Sat Nov 28 05:58:14 2026   still logged in"
    assert told(console) == [Trace("login", 1795845494, "tty1", "op1")]


def test_a_kiosk_tells_the_times_of_its_files_and_the_logins_that_its_ring_holds():
    assert seen("kiosk", "login") == [Trace("login", 1795845645, "", "root", "10.0.0.10", 1795845645)]
    assert [one.at for one in seen("kiosk", "file", "inode")] == [1795846324, 1795846324]


VI = "op2 : PWD=/ ; USER=root ; COMMAND=/usr/bin/vi /etc/hosts"


@pytest.mark.parametrize(
    ("line", "users"),
    [
        (journal("sudo", VI, uid="1003", comm="sudo"), ["op2"]),
        (journal("sudo", VI, uid="0", comm="sudo"), ["op2"]),
        (journal("sudo", VI, uid="1003"), ["op2"]),
        (journal("sudo", VI, uid="1002", comm="sudo"), []),
        (journal("sudo", VI, uid="1002"), []),
        (journal("sudo", VI, uid="1003", comm="logger"), []),
        (journal("sshd", "Accepted publickey for op2 from 10.0.0.9 port 1 ssh2", uid="1002"), []),
        (journal("sshd", "Accepted publickey for op2 from 10.0.0.9 port 1 ssh2", comm="sshd"), ["op2"]),
        (journal("su", "pam_unix(su-l:session): session opened for user root(uid=0) by op1(uid=1002)"), ["op1"]),
        (journal("sshd", f"Failed password for invalid user {VI} from 10.0.0.66 port 4 ssh2", comm="sshd"), []),
        (journal("sudo", "x" * 99999 + VI, comm="sudo"), []),
        (journal("sudo", None), []),
        (journal("sudo", VI, uid="no"), []),
        ("journal {", []),
        ("journal []", []),
    ],
)
def test_a_line_of_the_journal_is_believed_of_the_account_that_wrote_it_alone(line, users):
    assert [one.user for one in told(line)] == users


def test_a_login_ends_with_the_line_of_root_and_not_with_one_that_another_wrote():
    begun = journal("sshd", "Accepted publickey for op2 from 10.0.0.9 port 1 ssh2", comm="sshd")
    end = "pam_unix(sshd:session): session closed for user op2"
    late = "1795780901000000"
    assert told(begun, journal("sshd", end, uid="1002", at=late))[0].until == 0
    assert told(begun, journal("sshd", end, pid="8", at=late))[0].until == 0
    assert told(begun, journal("sshd", end, comm="sshd", at=late))[0].until == 1795780901


def test_what_was_typed_is_believed_of_frr_alone():
    line = "[M7Q4P-46WDR] vty[34]@(config)# ip route 10.7.0.0/16 10.0.1.254"
    assert [one.kind for one in told(journal("zebra", line, uid="102"))] == ["command"]
    assert told(journal("zebra", line, uid="1002")) == []
    assert told(journal("watchfrr", "watchfrr 8.4.4 starting: vty@0", uid="1002")) == []


def test_modes_tell_sections_apart():
    lines = [
        ("config", "router bgp 65001"),
        ("config-router", "address-family ipv4 unicast"),
        ("config-router-af", "neighbor 10.1.1.1 activate"),
        ("config-router-af", "exit"),
        ("config-router", "address-family ipv6 unicast"),
        ("config-router-af", "neighbor 10.1.1.1 activate"),
        ("config", "interface lan0"),
        ("config-if", "description a"),
        ("config-if", "interface lan1"),
        ("config-if", "description b"),
    ]
    found = told(*(journal("bgpd", f"vty[3]@({mode})# {line}", uid="102") for mode, line in lines))
    assert [one.detail.split("\n") for one in found if one.subject.startswith(("neighbor", "desc"))] == [
        ["router bgp 65001", "address-family ipv4 unicast"],
        ["router bgp 65001", "address-family ipv6 unicast"],
        ["interface lan0"],
        ["interface lan1"],
    ]


def test_secrets_and_what_drives_a_terminal_are_taken_out():
    shown = told(journal("sudo", "op1 : PWD=/ ; USER=root ; COMMAND=/usr/bin/mysql --password=hunter2222 \x1b[2Jx"))
    assert [one.subject for one in shown] == ["/usr/bin/mysql --password=<redacted>"]
    raw = list(b"op1 : PWD=/ ; USER=root ; COMMAND=/usr/bin/vi \x1b[31m/etc/hosts")
    assert [one.subject for one in told(journal("sudo", raw))] == ["/usr/bin/vi ?[31m/etc/hosts"]


ZONE = datetime.timezone(datetime.timedelta(hours=1))


@pytest.mark.parametrize(
    "line",
    [
        "Nov 27 13:00:01 S1-pos1 sudo:      " + VI,
        "Nov 27 13:00:01 S1-pos1 authpriv.notice sudo[7]: " + VI,
        "2026-11-27T13:00:01.123456+01:00 S1-pos1 sudo[7]: " + VI,
    ],
)
def test_files_of_lines_are_read_in_their_forms(line):
    entries = list(file(line, ZONE, 1795790000))
    assert [(one.at, one.program, one.text.strip()) for one in entries] == [(1795780801, "sudo", VI)]


def test_a_line_without_a_year_is_of_the_newest_that_is_not_to_come():
    january = 1798761700  # 2027-01-01T00:01:40Z
    assert instant("Dec 31 23:59:00", datetime.UTC, january) == 1798761540
    assert instant("Jan  1 00:01:00", datetime.UTC, january) == 1798761660
    assert instant("Feb 29 12:00:00", datetime.UTC, january) == 1709208000
    assert instant("Feb 31 12:00:00", datetime.UTC, january) == 0


def test_a_zone_that_is_none_is_utc():
    assert zone_of("+9999") is datetime.UTC
    assert zone_of("x") is datetime.UTC
    assert zone_of("-0330").utcoffset(None) == -datetime.timedelta(hours=3, minutes=30)


def test_an_answer_that_is_cut_holds_nothing():
    assert list(read(answer("file 1795780800 1795780800 /etc/hosts", end=False))) == []


WORDS = ("journal ", "line ", "last ", "apt ", "kept ", "history ", "file ", "zone ", "clock ", "boot ", "package ")


@given(st.lists(st.tuples(st.sampled_from(WORDS), st.text(max_size=80)), max_size=8))
def test_whatever_a_host_prints_is_read_without_a_fault(rows):
    for trace in read(answer("\n".join(f"{word}{text}" for word, text in rows))):
        assert trace.at >= 0
        assert trace.until >= 0


@pytest.mark.parametrize("lines", [None, (" description $(reboot) 'x",)])
def test_the_script_is_one_that_a_shell_reads_with_every_word_quoted(lines):
    text = script(["/opt/a; reboot", "/home/*/.ssh/authorized_keys*"], 0, 0, lines)
    assert "look '/opt/a; reboot'\n" in text
    assert "look /home/*/.ssh/authorized_keys*\n" in text
    assert subprocess.run(["sh", "-n"], input=text, text=True, check=False).returncode == 0


CONFIG = """\
frr version 8.4.4
interface lan0
 description store LAN
exit
!
router bgp 65001
 address-family ipv4 unicast
  neighbor 10.1.1.1 activate
 exit-address-family
 !
 address-family ipv6 unicast
 exit-address-family
exit
"""


@pytest.mark.parametrize(
    ("line", "count"),
    [
        ("interface lan0 / description store LAN", 1),
        ("interface wan0 / description store LAN", 0),
        ("description store LAN", 0),
        ("router bgp 65001 / address-family ipv4 unicast / neighbor 10.1.1.1 activate", 1),
        ("router bgp 65001 / address-family ipv6 unicast / neighbor 10.1.1.1 activate", 0),
    ],
)
def test_a_router_counts_a_line_in_its_section(line, count, tmp_path):
    saved = tmp_path / "frr.conf"
    saved.write_text(CONFIG)
    counted = subprocess.run(
        ["awk", vty_log.MANY, str(saved)],
        env={"W": line, "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    )
    assert counted.stdout.strip() == str(count)
