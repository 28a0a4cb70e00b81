"""What the verbs print and write: documents that fit their schemas, diffs that `patch` takes, runs that remember."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
from command_line import RECORDINGS, expected_findings, findings, recordings_without, storefleet

from storefleet.documents.published import problems

BROKEN, MENDED = RECORDINGS / "broken", RECORDINGS / "mended"
STATES = {"pass", "fail", "error", "unknown", "na", "waived", "skipped"}


def audit(fleet: Path, replay: Path, *words: object):
    return storefleet("audit", "--fleet", fleet, "--replay", replay, *words)


@pytest.mark.parametrize("more", [[], ["--all-results"]])
def test_json_is_exactly_one_document_that_fits_its_schema(more, fleet, tmp_path):
    part = recordings_without(tmp_path / "part", "S0002-pos1", "S0003-router", of="broken")
    ended = audit(fleet, part, "--format", "json", *more)
    assert ended.out.count("\n") == 1
    assert problems(ended.document, "audit-1") == []


def test_totals_show_all_seven_states_and_add_up(fleet, tmp_path):
    part = recordings_without(tmp_path / "part", "S0001-pos2", of="broken")
    document = audit(fleet, part, "--format", "json", "--all-results").document
    totals = document["totals"]["results"]
    assert set(totals) >= STATES
    listed = [result for host in document["hosts"] for result in host["results"]]
    pairs = len({(host["host"], each["control"]) for host in document["hosts"] for each in host["results"]})
    assert len(listed) == pairs == sum(totals[state] for state in STATES)
    for state in STATES:
        assert totals[state] == sum(result["state"] == state for result in listed)
    assert [store["store"] for store in document["stores"]] == ["S0001", "S0002", "S0003"]


def test_only_what_is_no_pass_is_listed_unless_all_are_asked_for(fleet):
    listed = audit(fleet, BROKEN, "--format", "json").document["hosts"]
    assert "pass" not in {result["state"] for host in listed for result in host["results"]}


def test_a_finding_is_new_once_and_still_there_the_next_time(fleet):
    first = audit(fleet, BROKEN, "--format", "json", "--fail-on", "high:new")
    second = audit(fleet, BROKEN, "--format", "json", "--fail-on", "high:new")
    assert (first.code, first.document["changes"]["new"], first.document["changes"]["still"]) == (1, 6, 0)
    assert (second.code, second.document["changes"]["new"], second.document["changes"]["still"]) == (0, 0, 6)
    assert findings(second.document) == expected_findings()
    assert audit(fleet, BROKEN, "--fail-on", "high").code == 1
    mended = audit(fleet, MENDED, "--format", "json").document["changes"]
    assert (mended["fixed"], mended["still"]) == (6, 0)
    assert audit(fleet, BROKEN, "--format", "json").document["changes"]["reopened"] == 6


def test_offline_judges_the_same_documents_the_same_and_records_nothing(fleet, no_session):
    assert storefleet("audit", "--fleet", fleet, "--offline").code == 3  # nobody was ever read
    assert no_session == []


def test_offline_after_a_run_finds_the_same_and_the_next_run_sees_no_trace_of_it(fleet, monkeypatch):
    online = audit(fleet, BROKEN, "--format", "json")

    def refuse(*_arguments, **_options):
        raise AssertionError("offline contacts nobody")

    monkeypatch.setattr("storefleet.connections.connector.Connector.session", refuse)
    offline = storefleet("audit", "--fleet", fleet, "--offline", "--format", "json")
    assert offline.code == 1
    assert findings(offline.document) == findings(online.document) == expected_findings()
    assert offline.document["totals"]["results"] == online.document["totals"]["results"]
    assert problems(offline.document, "audit-1") == []
    again = audit(fleet, BROKEN, "--format", "json").document
    assert again["changes"]["still"] == 6
    lives = [f for host in again["hosts"] for r in host["results"] for f in r["findings"]]
    assert {life["first_seen"] for life in lives} == {
        f["first_seen"] for host in online.document["hosts"] for r in host["results"] for f in r["findings"]
    }


def test_patch_applies_every_diff_to_the_observed_text_beside_it(fleet, tmp_path):
    target = tmp_path / "diffs"
    ended = audit(fleet, BROKEN, "--diff-to", target)
    assert ended.code == 1
    hosts = {line.split()[0] for line in expected_findings()}
    assert {path.stem for path in target.glob("*.observed")} == hosts
    for host in hosts:
        before = (target / f"{host}.observed").read_text()
        done = subprocess.run(
            ["patch", "--batch", "--fuzz=0", f"{host}.observed", f"{host}.diff"],
            cwd=target,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "offset" not in done.stdout
        assert (target / f"{host}.observed").read_text() != before
    assert {path.stem for path in target.glob("*.diff")} == hosts | {"S0001", "S0002", "S0003"}
    dns = (target / "S0001-pos2.observed").read_text()
    assert '/network/dns/servers = ["10.100.1.1","10.0.0.53"]' in dns.replace(", ", ",")


def test_reports_are_written_beside_what_is_printed_and_are_the_same_document(fleet, tmp_path):
    report, text = tmp_path / "night.json", tmp_path / "night.txt"
    ended = audit(fleet, BROKEN, "--format", "json", "--report", f"json:{report}", "--report", f"text:{text}")
    assert json.loads(report.read_text()) == ended.document
    assert "T-LST-01" in text.read_text()
    assert "\x1b" not in text.read_text()


def test_the_diff_on_the_terminal_names_what_is_and_what_must_be(fleet):
    out = audit(fleet, BROKEN, "-l", "S0001-pos2", "--diff", "--no-color").out
    assert "-/network/dns/servers = " in out
    assert "+/network/dns/servers = " in out


def test_named_audits_judge_by_those_alone(fleet):
    document = audit(fleet, BROKEN, "router-baseline", "--format", "json", "--all-results").document
    controls = {result["control"] for host in document["hosts"] for result in host["results"]}
    assert controls
    assert {control[:2] for control in controls} == {"R-"}


def test_every_collected_document_fits_the_state_schema(fleet):
    ended = storefleet("collect", "--fleet", fleet, "--replay", BROKEN, "--format", "json")
    assert (ended.code, ended.out.count("\n")) == (0, 1)
    documents = ended.document["documents"]
    assert len(documents) == 12
    for document in documents:
        assert problems(document, "state-1") == []


def test_collect_ends_with_3_where_a_host_gave_no_answer_and_says_which(fleet, tmp_path):
    part = recordings_without(tmp_path / "part", "S0002-pos1")
    ended = storefleet("collect", "--fleet", fleet, "--replay", part)
    assert ended.code == 3
    assert "unknown  S0002-pos1" in ended.out
    assert "11 of 12 hosts read" in ended.out


def test_settings_say_where_each_value_came_from(fleet, monkeypatch):
    (fleet / "storefleet.yaml").write_text("fleet: practice\nnetwork: {workers: 7}\n")
    monkeypatch.setenv("STOREFLEET_NETWORK_PER_STORE", "3")
    ended = storefleet("settings", "--fleet", fleet)
    rows = {line.split()[0]: line for line in ended.out.splitlines()}
    assert ended.code == 0
    assert "storefleet.yaml" in rows["network.workers"]
    assert "STOREFLEET_NETWORK_PER_STORE" in rows["network.per_store"]
    assert rows["network.per_jump"].endswith("default")


def test_the_inventory_is_printed_for_people_for_programs_and_for_ansible(fleet):
    text = storefleet("inventory", "--fleet", fleet, "-l", "S0002")
    assert (text.code, text.out.splitlines()[-1]) == (0, "1 stores, 4 hosts")
    document = storefleet("inventory", "--fleet", fleet, "--format", "json").document
    assert problems(document, "inventory-1") == []
    assert len(document["hosts"]) == 12
    ansible = storefleet("inventory", "--fleet", fleet, "--format", "ansible").document
    assert set(ansible["_meta"]["hostvars"]) == {host["name"] for host in document["hosts"]}
    assert "S0001-pos1" in json.dumps(ansible)


def test_check_of_a_whole_folder_ends_with_0_and_counts(fleet):
    ended = storefleet("check", "--fleet", fleet)
    assert ended.code == 0
    assert "3 stores, 12 hosts" in ended.out
    assert not (fleet / "var").exists()


def test_a_new_folder_passes_check_and_an_old_one_is_left_alone(tmp_path):
    target = tmp_path / "mine"
    assert storefleet("init", target).code == 0
    checked = storefleet("check", "--fleet", target)
    assert (checked.code, "nothing to complain about" in checked.out) == (0, True)
    before = {path: path.read_bytes() for path in target.rglob("*") if path.is_file()}
    assert storefleet("init", target).code == 2
    assert {path: path.read_bytes() for path in target.rglob("*") if path.is_file()} == before


def test_pinned_keys_are_listed_with_their_evidence_and_the_others_as_missing(fleet):
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
    (fleet / "inventory" / "known_hosts").write_text(f"S0001-pos1 {key} read on the console by K. Meyer\n")
    ended = storefleet("hostkeys", "list", "--fleet", fleet, "-l", "S0001")
    lines = {line.split()[0]: line for line in ended.out.splitlines()}
    assert ended.code == 0
    assert "SHA256:" in lines["S0001-pos1"]
    assert "K. Meyer" in lines["S0001-pos1"]
    assert lines["S0001-pos2"].endswith("no key pinned")
    assert len(lines) == 4


UNIQUE = """\
audit: identity
title: Nobody is twice
applies_to: "role=till"
controls:
  - {id: X-ID-01, title: A serial number is one till's alone, severity: high, at: /system/serial,
     schema: {uniqueInFleet: true}}
"""


def with_serials(target: Path, serials: dict[str, str]) -> Path:
    """Copy the recordings, with another serial number in those of some hosts."""
    folder = recordings_without(target)
    for host, serial in serials.items():
        path = folder / f"{host}.txt"
        path.write_text(re.sub(r"HARDWARE_SERIAL=\w+", f"HARDWARE_SERIAL={serial}", path.read_text()))
    return folder


def test_a_value_that_must_be_unique_is_compared_with_tonights_and_not_with_what_the_others_were(fleet, tmp_path):
    (fleet / "audits" / "identity.yaml").write_text(UNIQUE)
    first = with_serials(tmp_path / "first", {"S0001-pos1": "AAA1", "S0001-pos2": "BBB2"})
    swapped = with_serials(tmp_path / "swapped", {"S0001-pos1": "BBB2", "S0001-pos2": "AAA1"})
    twice = with_serials(tmp_path / "twice", {"S0001-pos1": "AAA1", "S0001-pos2": "AAA1"})
    assert audit(fleet, first, "identity").code == 0
    assert audit(fleet, swapped, "identity").code == 0
    cloned = audit(fleet, twice, "identity", "--format", "json")
    assert findings(cloned.document) == {f"S0001-{till} X-ID-01 /system/serial" for till in ("pos1", "pos2")}
    assert audit(fleet, twice, "identity", "-l", "S0001-pos1").code == 1


def test_a_till_whose_router_sees_another_device_at_its_address_passes_no_control_on_it(fleet, tmp_path):
    lying = recordings_without(tmp_path / "lying")
    text = (lying / "S0001-pos1.txt").read_text()
    assert "52:54:00:00:01:01" in text
    (lying / "S0001-pos1.txt").write_text(text.replace("52:54:00:00:01:01", "52:54:00:00:aa:aa"))
    ended = storefleet("audit", "--fleet", fleet, "--replay", lying, "--format", "json", "--all-results")
    hosts = {host["host"]: host for host in ended.document["hosts"]}
    by_state = {}
    for result in hosts["S0001-pos1"]["results"]:
        by_state.setdefault(result["state"], []).append(result)
    assert len(by_state["unknown"]) == 1
    assert by_state["unknown"][0]["control"] == "T-NET-03"
    assert "contradicted by S0001-router, which sees 52:54:00:00:01:01" in by_state["unknown"][0]["reason"]
    assert hosts["S0001-pos1"]["identity"]["contradicted"] == by_state["unknown"][0]["reason"]
    others = [host for name, host in hosts.items() if name != "S0001-pos1"]
    assert not any("contradicted" in host["identity"] for host in others)
    assert {result["state"] for host in others for result in host["results"]} <= {"pass", "na"}


def test_check_names_the_hosts_that_share_a_host_key(fleet):
    known = fleet / "inventory" / "known_hosts"
    line = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ/Zs8xOJs6VwHSKnTjw0J+oO0Wn0Yr3Wk0jX9jL5D1N"
    known.write_text(f"S0001-pos1 {line}\nS0002-pos3 {line}\n")
    ended = storefleet("check", "--fleet", fleet)
    assert ended.code == 0
    assert "inventory/known_hosts:2: S0001-pos1, S0002-pos3 have one host key (SHA256:" in ended.out + ended.err
    assert "a cloned image?" in ended.out + ended.err
