"""Real devices that are not the ones they were: swapped machine ids, a clone, a router that was exchanged."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from own_lab import own_lab, storefleet

from storefleet.lab.lab import Lab

pytestmark = pytest.mark.lab
ONE, OTHER, ROUTER = "S0001-pos1", "S0002-pos1", "S0003-router"


@pytest.fixture
def lab(lab_or_skip: None) -> Iterator[Lab]:
    """Give a lab of its own: what is done by hand here nobody mends."""
    yield from own_lab("drift-identity")


def console(lab: Lab, host: str, script: str) -> str:
    made = lab.enter(host, ["sh", "-c", script])
    assert made.returncode == 0, made.stderr
    return str(made.stdout)


def night(lab: Lab, *codes: int) -> None:
    done = storefleet(lab, "audit")
    assert done.returncode in (codes or (0, 1)), done.stderr


def told(lab: Lab) -> tuple[dict[tuple[str, str], dict], dict[str, set[str]]]:
    """Return the notes, and the classes of what differs on each host."""
    done = storefleet(lab, "drift", "all", "--format", "json")
    assert done.returncode in (0, 1, 3), done.stderr
    notes: dict[tuple[str, str], dict] = {}
    classes: dict[str, set[str]] = {}
    for store in json.loads(done.stdout)["stores"]:
        notes |= {(one["host"], one["kind"]): one for one in store["identities"]}
        for one in store["differences"]:
            classes.setdefault(one["host"], set()).add(one["class"])
    return notes, classes


def a_router_is_exchanged(lab: Lab) -> None:
    """It is refused for its key; once that is trusted, the audit sees another serial number than the register has."""
    lab.break_("router-swapped", ROUTER)
    console(lab, ROUTER, "tr -d - </proc/sys/kernel/random/uuid >/etc/machine-id")
    console(lab, ROUTER, "vtysh -c 'configure terminal' -c 'log syslog warnings'")
    night(lab, 3)
    notes, _ = told(lab)
    assert set(notes) == {(ROUTER, "refused")}, "tills behind it are read on their own; it itself was not"
    shown = console(lab, ROUTER, "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub").split()[1]
    assert shown in notes[ROUTER, "refused"]["evidence"][0]
    path = lab.place.fleet / "inventory" / "known_hosts"
    kept = [line for line in path.read_text().splitlines() if not line.startswith(f"{ROUTER} ")]
    path.write_text("".join(f"{line}\n" for line in kept))
    trusted = storefleet(lab, "hostkeys", "trust", ROUTER, shown, "--evidence", "read at the console")
    assert trusted.returncode == 0, trusted.stderr
    night(lab)
    notes, classes = told(lab)
    assert set(notes) == {(ROUTER, "replaced")}
    assert any("devices.csv says serial number" in piece for piece in notes[ROUTER, "replaced"]["evidence"])
    assert classes == {ROUTER: {"replaced"}}


def test_swapped_cloned_and_replaced_devices_are_said_each_for_what_it_is(lab: Lab) -> None:
    night(lab)
    done = storefleet(lab, "drift", "accept", "all", "--as-found", "--reason", "day one")
    assert done.returncode == 0, done.stderr
    assert told(lab) == ({}, {})
    ids = {host: console(lab, host, "cat /etc/machine-id").strip() for host in (ONE, OTHER)}
    for host, other in ((ONE, OTHER), (OTHER, ONE)):
        console(lab, host, f"echo {ids[other]} >/etc/machine-id; echo '10.9.9.9 x' >>/etc/hosts")
    night(lab)
    notes, classes = told(lab)
    assert {name: note["others"] for name, note in notes.items()} == {
        (ONE, "swapped"): [OTHER],
        (OTHER, "swapped"): [ONE],
    }
    assert classes == {ONE: {"replaced"}, OTHER: {"replaced"}}
    for host in (ONE, OTHER):
        console(lab, host, f"echo {ids[ONE]} >/etc/machine-id; sed -i '/10.9.9.9/d' /etc/hosts")
    night(lab)
    notes, classes = told(lab)
    assert {name: note["others"] for name, note in notes.items()} == {
        (ONE, "cloned"): [OTHER],
        (OTHER, "cloned"): [ONE],
    }
    assert classes == {OTHER: {"replaced"}}, "the one whose id was copied is as it was approved"
    console(lab, OTHER, f"echo {ids[OTHER]} >/etc/machine-id")
    a_router_is_exchanged(lab)
