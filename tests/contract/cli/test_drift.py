"""`drift` and `drift accept` as a person meets them, over recorded nights."""

import datetime
import json
import re
import subprocess

import pytest
from command_line import RECORDINGS, recordings_without, storefleet

from storefleet.documents.published import problems
from storefleet.workflows import clock


def night(fleet, recordings="mended"):
    folder = recordings if not isinstance(recordings, str) else RECORDINGS / recordings
    ended = storefleet("audit", "--fleet", fleet, "--replay", folder)
    assert ended.code in (0, 1, 3), ended.err


def drift(fleet, *words):
    return storefleet("drift", *words, "--fleet", fleet)


def accept(fleet, *words, reason="day one"):
    return storefleet("drift", "accept", *words, "--reason", reason, "--fleet", fleet)


@pytest.fixture
def approved(fleet):
    night(fleet)
    assert accept(fleet, "all", "--as-found").code == 0
    return fleet


def differences(fleet, *words):
    document = drift(fleet, *words, "--format", "json").document
    assert problems(document, "drift-1") == []
    return {one["id"]: one for store in document["stores"] for one in store["differences"]}


def test_before_anything_was_seen_or_approved_that_is_said(fleet):
    refused = drift(fleet, "S0001")
    assert (refused.code, "run storefleet audit first" in refused.err) == (2, True)
    night(fleet)
    ended = drift(fleet, "S0001")
    assert (ended.code, "nothing of it was approved yet" in ended.out) == (3, True)


def test_quiet_nights_are_an_empty_report(approved):
    for _ in range(3):
        night(approved)
        ended = drift(approved)
        assert ended.code == 0
        assert re.fullmatch(r"unchanged 3 stores · seen \S+ \S+ UTC  →  exit 0\n", ended.out)


def test_what_changed_is_told_once_with_what_fails_and_since_when(approved):
    night(approved, "broken")
    found = differences(approved, "S0001")
    (dns,) = [one for one in found.values() if one["key"] == "/network/dns/servers"]
    assert (dns["host"], dns["class"], dns["matters"]["severity"], dns["matters"]["controls"]) == (
        "S0001-pos2",
        "manual",
        "critical",
        ["T-NET-01"],
    )
    assert json.loads(dns["observed"])[1] == "8.8.8.8"
    assert dns["last_otherwise"]["run"] != dns["first_seen"]["run"]
    assert dns["last_otherwise"]["at"] <= dns["first_seen"]["at"]
    keys = [(one["host"], one["key"]) for one in found.values()]
    assert len(keys) == len(set(keys))
    first = next(line for line in drift(approved, "S0001").out.splitlines() if line.startswith("  "))
    assert first.split()[:2] == ["manual", "critical"]


def test_a_line_that_a_router_has_not_saved_is_unsaved(approved):
    night(approved, "broken")
    found = differences(approved, "S0002-router")
    assert {(one["class"], one["key"]) for one in found.values()} == {("unsaved", "interface wan0 / bandwidth 2000")}


def test_the_fleet_is_told_by_what_is_alike(approved):
    night(approved, "broken")
    counted = drift(approved)
    assert counted.code == 1
    heading, gravest, *_ = counted.out.splitlines()
    assert heading.split()[0] == "stores"
    assert (gravest.split()[2], "S0001-pos2" in gravest) == ("critical", True), (
        "what is grave stands first, with its host"
    )
    assert "(--one-offs lists them)" in counted.out
    ended = drift(approved, "--one-offs")
    assert ended.code == 1
    assert "storefleet drift S0001 --ask" in ended.out
    assert '["{intended.gateway}", "10.0.0.53"]' in ended.out


def test_what_is_accepted_is_no_drift_any_more_and_the_archive_says_who_and_why(approved):
    night(approved, "broken")
    found = differences(approved, "S0001")
    (name,) = [name for name, one in found.items() if one["key"] == "/network/dns/servers"]
    done = accept(approved, "S0001", name, "--ticket", "CHG-7", reason="a second resolver")
    assert (done.code, done.out) == (0, "accepted: 1 difference of 1 host\n")
    assert differences(approved, "S0001").keys() == found.keys() - {name}
    told = subprocess.run(
        ["git", f"--git-dir={approved / 'var' / 'snapshots.git'}", "log", "-1", "approved"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for words in ("Reason: a second resolver", "Ticket: CHG-7", f"Differences: {name}", "Accepted-By: "):
        assert words in told
    night(approved)
    back = differences(approved, "S0001")
    assert [one["key"] for one in back.values()] == ["/network/dns/servers"], "what is as it was before is drift now"


def test_all_of_one_signature_are_accepted_at_once(approved):
    night(approved, "broken")
    found = differences(approved, "all")
    one = next(iter(found.values()))
    assert accept(approved, "all", "--signature", one["signature"]).code == 0
    assert one["signature"] not in {left["signature"] for left in differences(approved, "all").values()}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("S0001",), "name what is accepted"),
        (("S0001", "D-00000000"), "no such difference of S0001 now"),
        (("S0001", "D-00000000", "--as-found"), "say in one way what is accepted"),
        (("S0001", "--signature", "none"), "no difference has the signature"),
        (("S0001", "--as-found"), "it is as it was approved"),
        (("S9999", "--as-found"), "S9999"),
    ],
)
def test_what_means_nothing_is_refused_and_nothing_is_written(approved, words, said):
    archive = ["git", f"--git-dir={approved / 'var' / 'snapshots.git'}", "rev-parse", "approved"]
    before = subprocess.run(archive, capture_output=True, check=True).stdout
    ended = accept(approved, *words)
    assert (ended.code, said in ended.err) == (2, True), ended.err
    assert subprocess.run(archive, capture_output=True, check=True).stdout == before


def test_accepting_wants_a_reason(approved):
    night(approved, "broken")
    ended = storefleet("drift", "accept", "all", "--as-found", "--fleet", approved)
    assert (ended.code, "--reason is empty" in ended.err) == (2, True)


def test_a_run_that_did_not_read_a_host_is_no_night_on_which_it_was_otherwise(approved, tmp_path, monkeypatch):
    at = clock.now()
    for hours, words in ((1, ("mended",)), (2, ("-l", "S0002")), (3, ("some",)), (4, ("broken",))):
        monkeypatch.setattr(clock, "now", lambda hours=hours: at + datetime.timedelta(hours=hours))
        if words == ("some",):
            night(approved, recordings_without(tmp_path / "some", "S0001-pos2"))
        elif words == ("-l", "S0002"):
            storefleet("audit", "--fleet", approved, "--replay", RECORDINGS / "mended", *words)
        else:
            night(approved, *words)
    (dns,) = [one for one in differences(approved, "S0001").values() if one["key"] == "/network/dns/servers"]
    assert dns["first_seen"]["at"] == (at + datetime.timedelta(hours=4)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert dns["last_otherwise"]["at"] == (at + datetime.timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_the_unified_diff_is_that_of_single_facts(approved):
    night(approved, "broken")
    told = drift(approved, "S0001-pos2", "--diff").out
    assert '-/network/dns/servers = ["10.100.1.1", "10.0.0.53"]' in told
    assert '+/network/dns/servers = ["10.100.1.1", "8.8.8.8"]' in told
    assert "S0002" not in told
    refused = drift(approved, "--diff")
    assert (refused.code, "name the stores" in refused.err) == (2, True)


def test_what_is_again_as_it_was_approved_before_is_reverted(approved):
    night(approved, "broken")
    assert accept(approved, "S0001", "--as-found", reason="this is right now").code == 0
    assert differences(approved, "S0001") == {}
    night(approved)
    found = {one["key"]: one["class"] for one in differences(approved, "S0001").values()}
    assert found.pop("/network/dns/servers") == "adopted", "a control asks for it as it is again"
    assert set(found.values()) == {"reverted"}


def test_since_a_date_is_compared_with_what_was_seen_then(approved, monkeypatch):
    at = clock.now()
    monkeypatch.setattr(clock, "now", lambda: at + datetime.timedelta(days=3))
    night(approved, "broken")
    assert accept(approved, "all", "--as-found").code == 0
    assert differences(approved, "S0001") == {}
    since = (at + datetime.timedelta(days=1)).isoformat()
    ended = drift(approved, "S0001", "--since", since, "--format", "json")
    found = ended.document
    assert problems(found, "drift-1") == []
    assert (ended.code, found["since"][:10]) == (1, at.date().isoformat())
    assert "/network/dns/servers" in {one["key"] for store in found["stores"] for one in store["differences"]}
    text = drift(approved, "S0001", "--since", since).out
    assert "compared with what was seen on" in text
    assert "accept" not in text
    refused = drift(approved, "S0001", "--since", (at + datetime.timedelta(days=4)).isoformat())
    assert (refused.code, "behind the newest audit" in refused.err) == (2, True), "nothing would differ from itself"


@pytest.mark.parametrize(("since", "said"), [("yesterday", "a date such as"), ("2001-01-01", "the first one is of")])
def test_a_date_that_means_nothing_is_refused(approved, since, said):
    ended = drift(approved, "S0001", "--since", since)
    assert (ended.code, said in ended.err) == (2, True), ended.err


def test_a_host_that_is_dark_is_not_compared_and_is_said_so(approved, tmp_path):
    night(approved, recordings_without(tmp_path / "some", "S0001-pos1"))
    ended = drift(approved, "S0001")
    assert (ended.code, "not compared  S0001-pos1: dark since" in ended.out) == (3, True)


def test_of_a_host_that_went_dark_the_last_that_was_seen_is_still_told(approved, tmp_path, monkeypatch):
    night(approved, "broken")
    before = differences(approved, "S0001")
    at = clock.now()
    monkeypatch.setattr(clock, "now", lambda: at + datetime.timedelta(days=1))
    night(approved, recordings_without(tmp_path / "some", "S0001-pos1", "S0001-pos2", "S0001-kiosk1", "S0001-router"))
    ended = drift(approved, "S0001", "--format", "json")
    (store,) = ended.document["stores"]
    assert ended.code == 3
    assert {one["id"] for one in store["differences"]} == before.keys()
    assert {one["host"] for one in store["not_compared"]} >= {one["host"] for one in before.values()}
    assert store["seen"]["at"] < (at + datetime.timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ"), (
        "not by the last run"
    )


def test_a_signature_is_accepted_as_the_report_prints_it(approved):
    night(approved, "broken")
    found = [one for one in differences(approved, "all").values() if "…" in one["signature"]]
    assert found, "a checksum is told by its beginning"
    assert accept(approved, "all", "--signature", found[0]["signature"]).code == 0
    told = " ".join(drift(approved, "--one-offs").out.split())
    assert " ".join(found[0]["signature"].split()) not in told
    others = [one for one in differences(approved, "all").values() if one["class"] == "manual"]
    assert others
    assert all(" ".join(one["signature"].split()) in told for one in others)


def test_a_stores_report_counts_what_is_alike_in_the_others(approved):
    night(approved, "broken")
    every, one_store = differences(approved), differences(approved, "S0001")
    counts = {name: one["same_in_stores"] for name, one in one_store.items()}
    assert counts == {name: every[name]["same_in_stores"] for name in one_store}
    nothing = {one["signature"] for one in one_store.values()} & {
        one["signature"] for name, one in every.items() if name not in one_store
    }
    assert all((counts[name] > 1) == (one["signature"] in nothing) for name, one in one_store.items())


def edit(fleet, path, before, after):
    file = fleet / path
    text = file.read_text()
    assert before in text
    file.write_text(text.replace(before, after))


def test_where_the_golden_configuration_moved_a_router_is_behind_and_its_repair_is_told(approved):
    edit(approved, "audits/golden/store-router.j2", "log syslog informational", "log syslog warnings")
    night(approved)
    (log,) = [one for one in differences(approved, "S0001-router").values() if one["class"] == "behind"]
    assert (log["approved"], log["intended"], log["observed"]) == (
        "log syslog informational",
        "log syslog warnings",
        "log syslog informational",
    )
    assert (log["standard"]["by"], log["standard"]["feature"]) == ("golden store-router", "logging")
    assert log["standard"]["before"]["at"] <= log["standard"]["since"]["at"]
    assert log["standard"]["before"]["run"] != log["standard"]["since"]["run"]
    assert (log["repair"], log["undo_repair"]) == (["log syslog warnings"], ["log syslog informational"])
    assert log["same_in_stores"] is None, "that was not looked for"
    assert {one["same_in_stores"] for one in differences(approved).values()} == {3}
    refused = accept(approved, "S0001", log["id"])
    assert (refused.code, "the standard" in refused.err) == (2, True), refused.err


def test_a_golden_configuration_that_cannot_be_rendered_is_told_and_no_pass(approved):
    edit(approved, "audits/golden/store-router.j2", "log syslog informational", "log syslog {{ store.nothing }}")
    ended = storefleet("audit", "--fleet", approved, "--replay", RECORDINGS / "mended")
    assert "what it intends is not known" in ended.err
    document = drift(approved, "S0001", "--format", "json").document
    assert [one["state"] for store in document["stores"] for one in store["golden"]] == ["cannot_parse"]


def test_where_a_control_came_to_ask_for_something_else_a_till_is_behind(approved, monkeypatch):
    at = clock.now()
    monkeypatch.setattr(clock, "now", lambda: at + datetime.timedelta(days=3))
    edit(approved, "inventory/blueprints.yaml", "10.0.0.53", "10.0.0.54")
    night(approved)
    found = [one for one in differences(approved, "S0001").values() if one["class"] == "behind"]
    assert {one["key"] for one in found} == {"/network/dns/servers"}
    assert {one["fix"] for one in found if "pos" in one["host"]} == {"resolver.yaml"}
    assert {(one["approved"], one["intended"], one["observed"]) for one in found} == {
        ('["10.100.1.1", "10.0.0.53"]', '["10.100.1.1", "10.0.0.54"]', '["10.100.1.1", "10.0.0.53"]')
    }
    assert max(one["same_in_stores"] for one in differences(approved).values()) == 3


def test_what_failed_when_it_was_approved_is_the_audits_to_tell(fleet):
    night(fleet, "broken")
    assert accept(fleet, "all", "--as-found").code == 0
    night(fleet, "broken")
    assert drift(fleet).code == 0


def test_what_a_golden_configuration_calls_secret_is_hidden_where_a_router_is_read(fleet):
    edit(fleet, "audits/golden/store-router.yaml", "extra: warn, risk: path}", "extra: fail, risk: path, secret: [3]}")
    night(fleet)
    assert accept(fleet, "all", "--as-found").code == 0
    archive = fleet / "var" / "snapshots.git"
    for ref in ("observed", "intended"):
        show = ["git", f"--git-dir={archive}", "show", f"{ref}:S0001/S0001-router/running-config"]
        text = subprocess.run(show, check=True, capture_output=True, text=True).stdout
        (route,) = [line for line in text.splitlines() if line.startswith("ip route 0.0.0.0/0")]
        assert route.startswith("ip route 0.0.0.0/0 <redacted:"), ref
    assert drift(fleet).code == 0
    edit(fleet, "audits/golden/store-router.j2", "intended.wan_gateway", "'10.9.9.9'")
    night(fleet)
    told = drift(fleet, "S0001", "--format", "json")
    found = [one for one in told.document["stores"][0]["differences"] if one["class"] == "behind"]
    assert {one["standard"]["state"] for one in found} == {"missing", "extra"}
    assert all("<redacted:" in (one["intended"] or one["observed"]) for one in found)
    assert all(one["repair"] == [] for one in found)
    assert "10.9.9.9" not in told.out
