"""The probe of what runs by itself, in real shells over real folders moved below one of the test."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from collect_harness import NONCE, plan
from collect_shells import SHELLS, missing_tools

from storefleet.collect.facts import Gathered
from storefleet.collect.frames import frames_of
from storefleet.collect.linux.collector import gather
from storefleet.collect.linux.readings import readings
from storefleet.collect.linux.script import script
from storefleet.model.effects import NONCE as MARK
from storefleet.model.effects import Output

pytestmark = [pytest.mark.skipif(bool(missing_tools("dash", "busybox")), reason="needs dash and busybox")]
shells = pytest.mark.parametrize("shell", SHELLS.values(), ids=SHELLS)


def jobs(root: Path, shell: tuple[str, ...], *before: str) -> tuple[list[tuple[str, ...]] | None, dict[str, str]]:
    asked = [one for one in readings(plan()) if one.id == "jobs"]
    text = script(asked).replace(MARK, NONCE)
    for place in ("/etc/cron", "/etc/anacrontab", "/etc/periodic", "/etc/debian_version", "/var/spool"):
        assert place in text
        text = text.replace(place, f"{root}{place}")
    done = subprocess.run([*before, *shell, "-s"], input=text.encode(), capture_output=True, check=True, timeout=30)
    gathered = Gathered()
    gather(asked, frames_of(Output(done.stdout, done.stderr, 0, NONCE), "x"), "utf-8", gathered)
    found = gathered.facts.get("security", {}).get("jobs")
    gaps = {path: reason.replace(str(root), "") for path, reason in gathered.gaps.items()}
    told = [
        (one["source"].removeprefix(str(root)), one["when"], one.get("user", ""), one.get("command", ""))
        for one in found or ()
    ]
    return None if found is None else told, gaps


def write(root: Path, files: dict[str, str], mode: int = 0o644) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)


@shells
def test_a_machine_without_cron_has_no_jobs_and_that_is_known(tmp_path, shell):
    assert jobs(tmp_path, shell) == ([], {})


@shells
def test_every_table_is_read_as_debian_reads_it(tmp_path, shell):
    write(
        tmp_path,
        {
            "etc/debian_version": "12",
            "etc/crontab": "17 * * * * root run-parts",
            "etc/cron.d/pos": "@daily pos sync",
            "etc/cron.d/.placeholder": "@daily pos hidden",
            "etc/cron.d/pos.dpkg-old": "@daily pos old",
            "etc/anacrontab": "1 5 cron.daily run-parts",
            "var/spool/cron/crontabs/pos": "@reboot start",
            "etc/cron.daily/plain": "not executable",
            "var/spool/cron/atjobs/a0000101c9a3c0": "true",
        },
    )
    write(tmp_path, {"etc/cron.daily/pos": "#!/bin/sh", "etc/cron.daily/pos.bak": "#!/bin/sh"}, 0o755)
    found, gaps = jobs(tmp_path, shell)
    assert sorted(found) == [
        ("/etc/anacrontab", "1 5", "root", "run-parts"),
        ("/etc/cron.d/pos", "@daily", "pos", "sync"),
        ("/etc/cron.daily/pos", "daily", "root", ""),
        ("/etc/crontab", "17 * * * *", "root", "run-parts"),
        ("/var/spool/cron/atjobs/a0000101c9a3c0", "2027-01-09T16:32:00Z", "", ""),
        ("/var/spool/cron/crontabs/pos", "@reboot", "pos", "start"),
    ]
    assert gaps == {}


@shells
def test_the_tables_of_busybox_are_read_once_through_whatever_link(tmp_path, shell):
    write(tmp_path, {"etc/crontabs/root": "1 2 * * * true", "etc/crontabs/cron.update": "root"})
    write(tmp_path, {"etc/periodic/15min/sync.sh": "#!/bin/sh"}, 0o755)
    (tmp_path / "var/spool/cron").mkdir(parents=True)
    (tmp_path / "var/spool/cron/crontabs").symlink_to(tmp_path / "etc/crontabs")
    assert jobs(tmp_path, shell) == (
        [("/etc/crontabs/root", "1 2 * * *", "root", "true"), ("/etc/periodic/15min/sync.sh", "15min", "root", "")],
        {},
    )


@shells
def test_a_table_that_is_too_large_is_a_gap_and_a_pipe_does_not_hold_us(tmp_path, shell):
    write(tmp_path, {"etc/cron.d/large": "@daily root true\n" * 5000, "etc/cron.d/a": "@daily root a"})
    os.mkfifo(tmp_path / "etc/cron.d/pipe")
    found, gaps = jobs(tmp_path, shell)
    assert [one[3] for one in found] == ["a"]
    assert gaps == {"/security/jobs": "more than 64 KiB: /etc/cron.d/large"}


@pytest.mark.skipif(os.geteuid() != 0 or bool(missing_tools("setpriv")), reason="needs root and setpriv")
@shells
def test_without_root_what_is_behind_a_closed_door_is_unknown(tmp_path, shell):
    write(tmp_path, {"etc/cron.d/pos": "@daily pos sync", "var/spool/cron/crontabs/pos": "@reboot start"})
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.geteuid() and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o055)
    (tmp_path / "var/spool/cron/crontabs").chmod(0o1730)
    found, gaps = jobs(tmp_path, shell, "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
    assert [one[3] for one in found] == ["sync"]
    assert gaps == {"/security/jobs": "needs root (sudo refused): /var/spool/cron/crontabs"}
