"""Text of a device stays text, and what lies in the current folder or the environment stays unread."""

from __future__ import annotations

import json
import os
import re
import subprocess

import pytest
from command_line import ROOT, recordings_without, storefleet


def changed(fleet, tmp_path, old, new, host="S0001-pos1"):
    """Replay the mended fleet with one text of a host's recording replaced, and return how the audit ended."""
    folder = recordings_without(tmp_path / "hostile")
    text = (folder / f"{host}.txt").read_text()
    assert old in text
    (folder / f"{host}.txt").write_text(text.replace(old, new))
    report = tmp_path / "report.txt"
    ended = storefleet(
        "audit", "--fleet", fleet, "--replay", folder, "--format", "json", "--all-results", "--report", f"text:{report}"
    )
    return ended, report.read_text()


HOSTILE = [
    "{{ 7*7 }}",
    "{{ config.__class__.__init__.__globals__ }}",
    "{% for x in ().__class__.__base__.__subclasses__() %}{% endfor %}",
    "<script>alert(1)</script>",
    "$(reboot)`id`;reboot",
    "=cmd|' /C calc'!A0",
    "../../../../etc/cron.d/x",
    "[bold red]PASS[/bold red]",
]


NAMES = """audit: names
title: Names
applies_to: role=till
controls:
  - {id: N-01, title: It says its own name, severity: low, at: /system/hostname, schema: {const: "{{ host.name }}"}}
  - id: N-02
    title: It says its own name, with the fact in a template of ours
    severity: low
    at: /system/hostname
    schema: {const: "{{ facts.system.hostname }}"}
"""


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostname_is_data_whatever_it_says(name, fleet, tmp_path):
    (fleet / "audits" / "names.yaml").write_text(NAMES)
    ended, text = changed(fleet, tmp_path, "| hostname\tS0001-pos1", f"| hostname\t{name}")
    assert ended.code == 1
    (host,) = [host for host in ended.document["hosts"] if host["host"] == "S0001-pos1"]
    failed = [result for result in host["results"] if result["state"] == "fail"]
    assert [result["control"] for result in failed] == ["N-01"]
    assert failed[0]["findings"][0]["actual"] == name
    (rendered,) = [result for result in host["results"] if result["control"] == "N-02"]
    assert rendered["state"] == "pass", "a fact in a template is that text, and no template itself"
    shown = re.sub(r"\s+", "", text)
    assert re.sub(r"\s+", "", name) in shown


def test_a_listener_with_a_hostile_name_is_one_line_of_json_and_of_text(fleet, tmp_path):
    line = '| tcp LISTEN 0 128 0.0.0.0:4444 0.0.0.0:* users:(("nc\\x1b[2J\\x00\\x0d\\x0aPASS",pid=1,fd=3))'
    folder = recordings_without(tmp_path / "hostile")
    text = (folder / "S0001-pos1.txt").read_text()
    first = next(each for each in text.splitlines() if each.startswith("| tcp LISTEN"))
    (folder / "S0001-pos1.txt").write_text(text.replace(first, f"{first}\n{line}", 1))
    ended = storefleet("audit", "--fleet", fleet, "--replay", folder, "--format", "json")
    json.loads(ended.out)
    assert ended.code == 1
    assert ended.out.count("\n") == 1
    assert not set(ended.out) & {chr(number) for number in (*range(10), *range(11, 32), 127)}


def test_templates_and_settings_of_other_tools_in_this_folder_are_not_read(fleet, tmp_path, monkeypatch):
    evil = tmp_path / "evil"
    evil.mkdir()
    (evil / ".netmiko.yml").write_text("!!python/object/apply:os.system ['touch owned']\n")
    (evil / "netmiko.yml").write_text("!!python/object/apply:os.system ['touch owned']\n")
    (evil / "nornir.yaml").write_text("inventory: {plugin: Evil}\n")
    (evil / "index").write_text("Template, Hostname, Platform, Command\nevil.textfsm, .*, .*, .*\n")
    (evil / "evil.textfsm").write_text("Value OWNED (.*)\n\nStart\n  ^${OWNED} -> Record\n")
    for module in ("sitecustomize", "paramiko", "nornir", "yaml"):
        (evil / f"{module}.py").write_text("open('owned', 'w')\n")
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT / "src"),
        "NET_TEXTFSM": str(evil),
        "NORNIR_LOGGING_TO_CONSOLE": "1",
    }
    script = "import sys; sys.path.remove('') if '' in sys.path else None; from storefleet.cli.main import run; run()"
    done = subprocess.run(
        [
            ROOT / ".venv/bin/python",
            "-P",
            "-c",
            script,
            "audit",
            "--fleet",
            fleet,
            "--replay",
            ROOT / "recordings/mended",
        ],
        cwd=evil,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert not (evil / "owned").exists()
    assert not (evil / "nornir.log").exists()


def test_a_fleet_folder_under_git_runs_no_hook_and_no_monitor_of_its_repository(fleet):
    def git(*words):
        subprocess.run(["git", "-C", fleet, *words], check=True, capture_output=True)

    git("init", "-q")
    git("-c", "user.name=x", "-c", "user.email=x@x", "commit", "-q", "--allow-empty", "-m", "x")
    owned = fleet / "owned"
    hook = fleet / "hook"
    hook.write_text(f"#!/bin/sh\ntouch {owned}\n")
    hook.chmod(0o755)
    git("config", "core.fsmonitor", str(hook))
    git("config", "core.hooksPath", str(fleet))
    ended = storefleet("audit", "--fleet", fleet, "--replay", ROOT / "recordings/mended", "--format", "json")
    assert ended.code == 0
    assert ended.document["run"]["inputs"]["commit"]
    assert not owned.exists()


def test_no_code_of_ours_takes_files_from_a_device_by_their_own_names():
    source = "\n".join(path.read_text() for path in (ROOT / "src").rglob("*.py"))
    assert not re.search(r"open_sftp|SFTPClient|scp_|from_transport\(", source)
    assert "use_textfsm" not in source
    assert not re.search(r"import .*NativeEnvironment|NativeEnvironment\(", source)
    assert "|safe" not in source.replace(" ", "")
