"""What users of good tools expect: the Tab key knows their names, each verb shows how it is used, messages fit."""

import os
import pty
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import typer.main
from command_line import RECORDINGS, storefleet

from storefleet.cli.app import COMMANDS, GROUPS, build

STOREFLEET = str(Path(sys.executable).with_name("storefleet"))


def offered(fleet, words):
    environment = {**os.environ, "_STOREFLEET_COMPLETE": "complete_bash", "COMP_WORDS": f"storefleet {words}"}
    environment["COMP_CWORD"] = str(words.count(" ") + 1)
    done = subprocess.run([STOREFLEET], env=environment, cwd=fleet, capture_output=True, text=True, check=False)
    return done.stdout.split()


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("audit -l S000", ["S0001", "S0002", "S0003"]),
        ("audit -l S0002", ["S0002", "S0002-kiosk1", "S0002-pos1", "S0002-pos3", "S0002-router"]),
        ("audit -l S0003-p", ["S0003-pos1", "S0003-pos2"]),
        ("audit -l till,S0001-pos", ["till,S0001-pos1", "till,S0001-pos2"]),
        ("audit -l nothing", []),
        ("audit till-b", ["till-baseline"]),
        ("report la", ["last"]),
    ],
)
def test_the_tab_key_offers_the_names_of_this_fleet(words, names, fleet):
    assert offered(fleet, words) == names


def test_the_tab_key_offers_past_runs(fleet):
    assert storefleet("audit", "--fleet", fleet, "--replay", RECORDINGS / "mended").code == 0
    (run,) = storefleet("runs", "list", "--fleet", fleet, "--format", "json").document["runs"]
    assert offered(fleet, "report 2") == [run["info"]["id"]]


def test_where_no_fleet_is_the_tab_key_is_silent(tmp_path):
    assert offered(tmp_path, "audit -l S") == []


def verbs():
    root = typer.main.get_command(build())
    for name, command in root.commands.items():
        children = getattr(command, "commands", None)
        for child, sub in (children or {"": command}).items():
            yield f"{name} {child}".strip(), sub


VERBS = dict(verbs())


@pytest.mark.parametrize("words", VERBS)
def test_every_verb_shows_one_real_example(words):
    assert re.search(rf"storefleet {re.escape(words)}(\s|$)", VERBS[words].help or ""), (
        f"`{words} --help` has no example"
    )


def test_every_verb_is_listed():
    assert {words.split()[0] for words, _ in verbs()} == {*COMMANDS, *GROUPS}


def test_on_a_terminal_a_message_fits_a_hundred_columns_and_in_a_file_it_is_one_line(tmp_path):
    words = [
        STOREFLEET,
        "audit",
        "--fleet",
        str(tmp_path),
        "--report",
        "text:" + "no/such/folder/" * 9 + "x",
        "--report",
        "nothing",
    ]
    plain = subprocess.run(words, capture_output=True, text=True, check=False).stderr
    assert len(plain.splitlines()) == 3
    screen, far = pty.openpty()
    done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=far, check=False)
    os.close(far)
    shown = os.read(screen, 65536).decode().splitlines()
    assert done.returncode == 2
    assert len(shown) > 3
    assert all(len(line) <= 100 for line in shown if " " in line.strip())


def test_check_says_what_this_machine_lacks_for_which_feature(fleet, monkeypatch):
    (fleet / "storefleet.yaml").write_text("fleet: practice\n")
    monkeypatch.setattr(shutil, "which", lambda name: None)
    ended = storefleet("check", "--fleet", fleet)
    assert ended.code == 0
    assert "this machine: fleet commit in every run: git is not installed" in ended.err
    assert "this machine: schedule: neither systemd nor cron is here" in ended.err
