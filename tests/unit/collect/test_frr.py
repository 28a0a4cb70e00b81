# ruff: noqa: E501 - a recorded line is as long as the tool prints it
"""FRR routers: two accesses, each costing only its own facts; configuration that hides its secrets."""

import pytest
from collect_harness import NONCE, clock, fail, plan, run
from hypothesis import given, settings
from hypothesis import strategies as st

from storefleet.collect.frr import config
from storefleet.collect.frr.platform import frr
from storefleet.collect.registry import collector
from storefleet.errors import CommandRefused, CredentialError, LoginRefused, TimedOut
from storefleet.model.effects import Output

KEY = b"k"
RUNNING = "Building configuration...\n\nCurrent configuration:\n!\nfrr version 8.4.4\nhostname r1\n!\nrouter bgp 65001\n neighbor 10.0.0.9 remote-as 65000\n neighbor 10.0.0.9 password s3cret / x\n !\n address-family ipv4 unicast\n  network 10.1.0.0/16\n exit-address-family\nexit\n!\nend\n"
SAVED = RUNNING.replace("s3cret", "0ther").replace("10.1.0.0", "10.2.0.0")
SHOWN = {
    "show version": "FRRouting 8.4.4 (r1).",
    "show interface json": "{}",
    "show ip route json": "{}",
    "show running-config": RUNNING,
}


def step():
    return collector("frr").step(plan("frr"), clock())


def saved_frame(text):
    return f"BEGIN {NONCE} saved-config\n{text}\nEND {NONCE} saved-config 0\n".encode()


def test_unsaved_lines_stand_with_their_sections_and_without_their_secrets():
    facts = run(step(), saved_frame(SAVED), SHOWN).facts["config"]
    assert facts["saved"] is False
    assert [line.split("<")[0] for line in facts["unsaved"]] == [
        "+router bgp 65001 / address-family ipv4 unicast / network 10.1.0.0/16",
        "+router bgp 65001 / neighbor 10.0.0.9 password ",
        "-router bgp 65001 / address-family ipv4 unicast / network 10.2.0.0/16",
        "-router bgp 65001 / neighbor 10.0.0.9 password ",
    ]
    assert "s3cret" not in str(facts)
    assert "0ther" not in str(facts)


def test_order_comments_and_version_are_no_difference():
    other = "! by hand\nfrr version 8.5\nrouter bgp 65001\n address-family ipv4 unicast\n  network 10.1.0.0/16\n exit-address-family\n neighbor 10.0.0.9 password s3cret / x\n neighbor 10.0.0.9 remote-as 65000\nexit\nhostname r1\nend\n"
    facts = run(step(), saved_frame(other), SHOWN).facts["config"]
    assert (facts["saved"], facts["unsaved"]) == (True, [])


@settings(max_examples=40)
@given(at=st.integers(0, len(RUNNING) - len("end\n")))
def test_a_running_configuration_that_was_cut_is_missing(at):
    document = run(step(), saved_frame(SAVED), {**SHOWN, "show running-config": RUNNING[:at]})
    gaps = {gap.path for gap in document.missing}
    assert {"/config/running", "/config/saved", "/config/unsaved", "/management"} <= gaps
    assert "running" not in document.facts["config"]


SECRETS = [
    "password S3", "enable password S3", "enable password 8 S3", "neighbor 10.0.0.9 password S3", " neighbor G password S3",
    " ip ospf authentication-key S3", " ip ospf message-digest-key 1 md5 S3", " area 0 authentication-key S3",
    " isis password md5 S3", " area-password clear S3", "  key-string S3", " ip rip authentication string S3",
    " ip nhrp authentication S3", "snmp-server community S3 ro", "username bob password 7 S3", "radius-server host 1.1.1.1 key S3",
]  # fmt: skip


@pytest.mark.parametrize("line", SECRETS)
def test_a_secret_is_hidden_and_hiding_twice_is_hiding_once(line):
    once = config.hide(line, frr(), KEY)
    assert "S3" not in once
    assert once.startswith(line[: line.index("S3")].rstrip("78 ").rstrip())
    assert config.hide(once, frr(), KEY) == once


@given(st.text())
def test_hiding_is_idempotent_for_any_line(line):
    once = config.hide(line, frr(), KEY)
    assert config.hide(once, frr(), KEY) == once


def test_how_the_router_is_managed_is_read_from_its_lines():
    text = "agentx\nlog syslog warnings\nline vty\n access-class mgmt\n exec-timeout 5 30\nexit\nend\n"
    facts = run(step(), b"", {**SHOWN, "show running-config": text}).facts["management"]
    assert facts == {
        "http": {"enabled": False}, "snmp": {"enabled": True}, "syslog": {"level": "warnings"},
        "vty": {"access_class": "mgmt", "exec_timeout_s": 330},
    }  # fmt: skip


def test_a_command_line_that_fails_costs_only_its_own_facts():
    document = fail(step(), [CommandRefused("% Unknown command"), Output(saved_frame(SAVED), nonce=NONCE)])
    gaps = {gap.path: gap.reason for gap in document.missing}
    assert gaps["/network/interfaces"] == "cli: % Unknown command"
    assert gaps["/config/saved"] == "the running configuration is not known"
    assert "startup" in document.facts["config"]


@pytest.mark.parametrize("fault", [CredentialError("ROUTER_SHELL is not set"), LoginRefused("not taken")])
def test_a_login_that_fails_is_the_failure_of_the_router_and_no_half_document(fault):
    shown = ("show version", "show interface json", "show ip route json", "show running-config")
    with pytest.raises(type(fault)):
        fail(step(), [tuple(SHOWN[command] for command in shown), fault])


def test_a_router_that_gives_nothing_is_a_failure_and_no_empty_document():
    with pytest.raises(LoginRefused):
        fail(step(), [LoginRefused("no"), CredentialError("no")])


def test_a_router_that_cannot_be_reached_is_not_tried_twice():
    with pytest.raises(TimedOut):
        fail(step(), [TimedOut("silence")])
