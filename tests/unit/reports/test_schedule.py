"""A night as the machine starts it: what systemd and cron read is what was meant."""

import shlex
import shutil
import subprocess

import pytest
from command_line import practice_fleet, storefleet
from hypothesis import given
from hypothesis import strategies as st

from storefleet.reports.schedule import Night, cron, schedule_text, service, timer

NIGHT = Night(
    "nightly", "01:00", ("/usr/bin/storefleet", "audit", "-l", "role=till:&region=north"), "/srv/fleet", "ops"
)
WORDS = st.text(st.characters(exclude_categories=["Cc", "Cs", "Cf", "Zl", "Zp"], exclude_characters="\x00"), min_size=1)


def test_results_of_a_night_are_no_failure_of_the_service():
    assert "SuccessExitStatus=1 3\n" in service(NIGHT)
    assert "User=ops\n" in service(NIGHT)
    assert "OnCalendar=*-*-* 01:00:00\n" in timer(NIGHT)
    assert "Persistent=true" in timer(NIGHT)


@given(words=st.lists(WORDS, min_size=1, max_size=5))
def test_cron_gives_the_shell_the_very_words(words):
    line = cron(Night("n", "23:59", tuple(words), "/srv/a b", jitter_s=0))
    fields = line.split(None, 6)
    assert fields[:6] == ["59", "23", "*", "*", "*", "root"]
    command = fields[6].rstrip("\n").replace("\\%", "%")
    assert shlex.split(command)[-len(words) :] == words


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_systemd_itself_accepts_the_units(tmp_path):
    night = Night("nightly", "01:00", ("/bin/true", 'a "b" $HOME %h \\', "单"), "/tmp", timezone="Europe/Berlin")
    (tmp_path / "storefleet-nightly.service").write_text(service(night))
    (tmp_path / "storefleet-nightly.timer").write_text(timer(night))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(tmp_path / "storefleet-nightly.timer")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    ours = [line for line in done.stderr.splitlines() if "storefleet" in line]
    assert ours == []
    calendar = timer(night).split("OnCalendar=")[1].splitlines()[0]
    assert subprocess.run(["systemd-analyze", "calendar", calendar], capture_output=True, check=False).returncode == 0


def test_the_whole_text_runs_in_a_shell_and_writes_the_two_files(tmp_path):
    text = schedule_text(NIGHT).replace("/etc/systemd/system", str(tmp_path))
    subprocess.run(["sh", "-eu"], input=text, text=True, check=True)
    assert (tmp_path / "storefleet-nightly.service").read_text() == service(NIGHT)
    assert (tmp_path / "storefleet-nightly.timer").read_text() == timer(NIGHT)


def test_the_verb_prints_a_night_of_this_fleet(tmp_path):
    fleet = practice_fleet(tmp_path / "fleet")
    ended = storefleet(
        "schedule", "--fleet", fleet, "--at", "02:30", "--timezone", "Europe/Berlin", "--", "-l", "S0001"
    )
    assert ended.code == 0
    assert f"audit --fleet {fleet} --name nightly --retries 2 -l S0001" in ended.out
    for words, said in (
        (["--at", "25:00"], "a time of day"),
        (["--timezone", "Mars/Base"], "no such zone"),
        (["--name", "a b"], "letters, digits"),
        (["--", "a\nb"], "control character"),
    ):
        refused = storefleet("schedule", "--fleet", fleet, *words)
        assert refused.code == 2
        assert said in refused.err
