"""One change by hand is told once: what follows from it stands beside it, and what does not stands for itself."""

from __future__ import annotations

import time

import pytest
from drift_factory import config_delta

from storefleet.drift.compare import CONFIG, Delta, deltas
from storefleet.drift.consequence import told_together
from storefleet.drift.places import cut_lane

PACKAGE = Delta("software", "/software/packages/pos-client", '"1:2.4.1-1"', '"1:2.4.2-1"')
VERSION = Delta("app", "/app/pos/version", '"2.4.1"', '"2.4.2"')
SHUT = config_delta("interface port-pos1 / shutdown", None, "shutdown")
PORT = Delta("network", "/network/interfaces/port-pos1", "admin_up true, link_up true", "admin_up false, link_up false")
SERVICE = Delta("services", "/services/posd.service", 'active "active"', 'active "inactive"')
SOCKET = Delta("ports", "/ports/listening[tcp,0.0.0.0,19003]", 'process "posd"', None)
SETTING = Delta("app", "/app/pos/port", "19003", "19004")
FILE = Delta("files", "/files[/opt/pos/etc/pos.ini]", 'sha256 "a", size 1', 'sha256 "b", size 1')
SOURCES = {"/app/pos": "/opt/pos/etc/pos.ini"}


@pytest.mark.parametrize(("head", "other"), [(PACKAGE, VERSION), (SHUT, PORT), (SERVICE, SOCKET), (SETTING, FILE)])
@pytest.mark.parametrize("turned", [False, True])
def test_what_follows_is_told_with_its_cause_in_any_order(head, other, turned):
    some = [other, head] if turned else [head, other]
    assert [(one.head, one.others) for one in told_together(some, SOURCES)] == [(head, (other,))]


def test_what_follows_from_what_follows_is_told_with_the_first():
    some = [FILE, VERSION, PACKAGE]
    assert [(one.head, one.others) for one in told_together(some, SOURCES)] == [(PACKAGE, (FILE, VERSION))]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (PACKAGE, Delta("app", "/app/pos/version", '"2.4.1"', '"2.5.0"')),
        (SHUT, Delta("network", "/network/interfaces/port-pos2", "admin_up true", "admin_up false")),
        (SHUT, Delta("network", "/network/interfaces/port-pos1", "mac a", "mac b")),
        (SERVICE, Delta("ports", "/ports/listening[tcp,0.0.0.0,4444]", None, 'process "remote-help"')),
        (Delta("services", "/services/posd.service", 'enabled "enabled"', 'enabled "disabled"'), SOCKET),
        (SETTING, Delta("files", "/files[/opt/pos/etc/pos.ini]", 'mode "0644"', 'mode "0600"')),
        (SETTING, Delta("files", "/files[/etc/hosts]", 'sha256 "a"', 'sha256 "b"')),
    ],
)
def test_what_does_not_follow_stands_for_itself(one, other):
    assert len(told_together([one, other], SOURCES)) == 2


@pytest.mark.parametrize(
    ("delta", "device"),
    [
        (SHUT, "pos1"),
        (config_delta("interface eth3 / shutdown", None, "shutdown"), "pos2"),
        (Delta("network", "/network/interfaces/eth3", "admin_up true", "admin_up false"), "pos2"),
        (config_delta("interface eth4 / shutdown", None, "shutdown"), None),
        (config_delta("interface port-pos1 / shutdown", "shutdown", None), None),
        (config_delta("interface port-pos1 / description", "description pos1", "description x"), None),
    ],
)
def test_a_port_that_was_shut_cuts_the_device_behind_it(delta, device):
    lines = {"interface eth3 / description pos2": "description pos2", "interface eth4 / description pos22": "x"}
    assert cut_lane(delta, lines, ("router", "pos1", "pos2")) == device


def test_a_description_that_speaks_of_a_shutdown_shuts_nothing():
    text = "interface port-pos1\n description old; shutdown\nexit\n"
    (delta,) = deltas({CONFIG: "end\n"}, {CONFIG: f"{text}end\n"})
    assert cut_lane(delta, {}, ("pos1",)) is None
    (delta,) = deltas({CONFIG: "end\n"}, {CONFIG: f"{text.replace('exit', ' shutdown')}exit\nend\n"})
    assert cut_lane(delta, {}, ("pos1",)) == "pos1"


def test_thousands_of_packages_after_an_update_are_told_in_no_time():
    names = [f"/software/packages/p{number}" for number in range(4000)]
    some = [Delta("software", name, '"1"', '"2"', (name,)) for name in names]
    begin = time.process_time()
    assert len(told_together(some, {"/app/pos": "/opt/pos.ini"})) == 4000
    assert time.process_time() - begin < 2
