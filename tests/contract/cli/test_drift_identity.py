"""`drift` over recorded nights in which devices are not the ones they were: swapped, cloned, replaced, refused."""

import base64
import datetime
import re
import shutil

import pytest
from command_line import RECORDINGS, storefleet

from storefleet.documents.published import problems
from storefleet.model.instants import utc
from storefleet.workflows import clock

MACHINE = re.compile(r"(?m)^\| machine_id\t(.*)$")
SERIAL = re.compile(r"(?m)^\| info\tHARDWARE_SERIAL=(.*)$")


def key_line(number):
    name = b"ssh-ed25519"
    blob = len(name).to_bytes(4, "big") + name + (32).to_bytes(4, "big") + bytes([number] * 32)
    return f"ssh-ed25519 {base64.b64encode(blob).decode()}"


class Hours:
    """A clock on which an hour passes with each night: runs of one second have no order."""

    passed = 0


@pytest.fixture(autouse=True)
def began(monkeypatch):
    first, Hours.passed = clock.now(), 0
    monkeypatch.setattr(clock, "now", lambda: first + datetime.timedelta(hours=Hours.passed))
    return first


@pytest.fixture
def recordings(tmp_path):
    folder = tmp_path / "recordings"
    shutil.copytree(RECORDINGS / "mended", folder)
    return folder


def said(folder, host, what=MACHINE):
    return what.search((folder / f"{host}.txt").read_text())[1]


def say(folder, host, value, what=MACHINE):
    path = folder / f"{host}.txt"
    text = path.read_text()
    found = what.search(text)
    path.write_text(text[: found.start(1)] + value + text[found.end(1) :])


def swap(folder, one, other, *whats):
    for what in whats:
        some = said(folder, one, what), said(folder, other, what)
        say(folder, one, some[1], what)
        say(folder, other, some[0], what)


def night(fleet, folder, *words):
    Hours.passed += 1
    ended = storefleet("audit", "--fleet", fleet, "--replay", folder, *words)
    assert ended.code in (0, 1, 3), ended.err


@pytest.fixture
def approved(fleet, recordings):
    night(fleet, recordings)
    assert storefleet("drift", "accept", "all", "--as-found", "--reason", "day one", "--fleet", fleet).code == 0
    return fleet


def drift(fleet, *words):
    ended = storefleet("drift", *words, "--format", "json", "--fleet", fleet)
    assert problems(ended.document, "drift-1") == []
    return ended


def notes(fleet, *words):
    stores = drift(fleet, *words).document["stores"]
    return {(one["host"], one["kind"]): one for store in stores for one in store["identities"]}


def classes(fleet, *words):
    stores = drift(fleet, *words).document["stores"]
    return {(one["host"], one["key"]): one["class"] for store in stores for one in store["differences"]}


def test_a_quiet_fleet_has_nothing_to_say_of_who_is_who(approved, recordings):
    night(approved, recordings)
    assert notes(approved) == {}
    assert drift(approved).code == 0


def test_tills_that_changed_places_are_swapped_and_all_that_differs_on_them_is_because_of_that(approved, recordings):
    swap(recordings, "S0001-pos1", "S0002-pos1", MACHINE, SERIAL)
    night(approved, recordings)
    found = notes(approved)
    assert found.keys() == {("S0001-pos1", "swapped"), ("S0002-pos1", "swapped")}
    one = found["S0001-pos1", "swapped"]
    assert one["others"] == ["S0002-pos1"]
    assert one["evidence"][0] == (
        f"machine id {said(recordings, 'S0001-pos1')[:12]}… was approved of S0002-pos1, "
        "and S0002-pos1 shows the machine id of S0001-pos1"
    )
    told = classes(approved)
    assert {("S0001-pos1", "/system/serial"), ("S0002-pos1", "/system/machine_id")} <= told.keys()
    assert set(told.values()) == {"replaced"}
    assert notes(approved, "S0001") == {("S0001-pos1", "swapped"): one}, "asked about one store, it is said too"
    assert drift(approved, "S0001").code == 1
    assert "! swapped  S0001-pos1 with S0002-pos1:" in storefleet("drift", "S0001", "--fleet", approved).out


def test_a_swap_of_which_one_end_was_read_is_a_move_and_no_clone(approved, recordings):
    swap(recordings, "S0001-pos1", "S0002-pos1", MACHINE, SERIAL)
    night(approved, recordings, "-l", "S0001")
    found = notes(approved)
    assert found.keys() == {("S0001-pos1", "moved")}
    night(approved, recordings, "-l", "S0002")
    assert {kind for _, kind in notes(approved)} == {"swapped"}


def test_a_till_in_the_place_of_one_that_is_dark_has_moved(approved, recordings):
    say(recordings, "S0001-pos1", said(recordings, "S0002-pos1"))
    say(recordings, "S0001-pos1", said(recordings, "S0002-pos1", SERIAL), SERIAL)
    (recordings / "S0002-pos1.txt").unlink()
    night(approved, recordings)
    assert {name: note["others"] for name, note in notes(approved).items()} == {("S0001-pos1", "moved"): ["S0002-pos1"]}


def test_a_cloned_image_is_said_of_each_host_also_once_it_was_approved(approved, recordings):
    say(recordings, "S0002-pos1", said(recordings, "S0001-pos1"))
    night(approved, recordings)
    expected = {("S0001-pos1", "cloned"): ["S0002-pos1"], ("S0002-pos1", "cloned"): ["S0001-pos1"]}
    assert {name: note["others"] for name, note in notes(approved).items()} == expected
    assert storefleet("drift", "accept", "all", "--as-found", "--reason", "known", "--fleet", approved).code == 0
    night(approved, recordings)
    assert {name: note["others"] for name, note in notes(approved).items()} == expected
    assert notes(approved, "S0001").keys() == {("S0001-pos1", "cloned")}


def test_a_host_key_that_two_hosts_have_pinned_is_a_clone(approved):
    path = approved / "inventory" / "known_hosts"
    line = key_line(7)
    path.write_text(f"S0001-pos1 {line}\nS0003-kiosk1 {line}\nS0003-pos1 {key_line(8)}\n")
    found = notes(approved)
    assert found.keys() == {("S0001-pos1", "cloned"), ("S0003-kiosk1", "cloned")}
    assert found["S0001-pos1", "cloned"]["evidence"][0].startswith("host key SHA256:")


def test_a_serial_unlike_the_register_is_said_before_anything_was_approved_and_after(fleet, recordings):
    listed = said(recordings, "S0003-pos1", SERIAL)
    say(recordings, "S0003-pos1", "LABOTHER", SERIAL)
    night(fleet, recordings)
    before = notes(fleet)
    assert before.keys() == {("S0003-pos1", "replaced")}
    (evidence,) = before["S0003-pos1", "replaced"]["evidence"]
    assert evidence == f"devices.csv says serial number {listed}; it shows LABOTHER"
    assert storefleet("drift", "accept", "all", "--as-found", "--reason", "new till", "--fleet", fleet).code == 0
    assert notes(fleet).keys() == before.keys(), "the register is still to be brought up to date"
    path = fleet / "inventory" / "devices.csv"
    path.write_text(path.read_text().replace(listed, "LABOTHER"))
    assert notes(fleet) == {}


def test_what_differs_on_an_approved_device_is_not_put_down_to_the_register(approved, recordings):
    path = approved / "inventory" / "devices.csv"
    path.write_text(path.read_text().replace(said(recordings, "S0001-pos2", SERIAL), "LABOTHER"))
    night(approved, RECORDINGS / "broken")
    assert notes(approved).keys() == {("S0001-pos2", "replaced")}
    assert classes(approved)["S0001-pos2", "/network/dns/servers"] == "manual"


def test_of_a_kiosk_without_ids_other_addresses_say_that_it_was_replaced(fleet, recordings):
    mac = re.compile(r"link/ether (\S+)")
    say(recordings, "S0001-kiosk1", "Default string", SERIAL)
    night(fleet, recordings)
    assert storefleet("drift", "accept", "all", "--as-found", "--reason", "day one", "--fleet", fleet).code == 0
    assert notes(fleet) == {}
    before = said(recordings, "S0001-kiosk1", mac)
    path = recordings / "S0001-kiosk1.txt"
    path.write_text(path.read_text().replace(before, "52:54:00:00:99:99"))
    night(fleet, recordings)
    (note,) = notes(fleet).values()
    assert (note["host"], note["kind"]) == ("S0001-kiosk1", "replaced")
    assert note["evidence"] == [f"MAC address {before} was approved of it; it shows 52:54:00:00:99:99"]
    assert set(classes(fleet).values()) == {"replaced"}


def refuse(folder, host, words):
    path = folder / f"{host}.txt"
    head, _, rest = path.read_text().partition("\nexit: 0\nstdout:\n")
    assert rest
    path.write_text(f"{head}\nfailed: host-key-changed\n| {words}\n")


def test_a_host_with_another_key_than_the_pinned_one_is_refused(approved, recordings):
    says = "shows ssh-ed25519 SHA256:new, but ssh-ed25519 SHA256:old is pinned"
    hint = "That key is pinned for S0002-router: a cloned image, or a wrong address?"
    refuse(recordings, "S0001-router", f"S0001-router (10.0.1.1:22): {says}; nothing was sent. {hint} If …")
    night(approved, recordings)
    (name, note), *more = notes(approved).items()
    assert (name, more) == (("S0001-router", "refused"), [])
    assert note["others"] == ["S0002-router"]
    assert note["evidence"] == [f"it {says}", "that key is pinned for S0002-router"]
    night(approved, recordings, "-l", "S0003")
    assert notes(approved).keys() == {("S0001-router", "refused")}, "that run did not ask it"
    shutil.copy(RECORDINGS / "mended" / "S0001-router.txt", recordings)
    night(approved, recordings)
    assert notes(approved) == {}


def test_a_dark_host_is_not_refused(approved, recordings):
    (recordings / "S0001-router.txt").unlink()
    night(approved, recordings)
    assert notes(approved) == {}


def test_compared_with_a_night_the_register_says_nothing(approved, recordings, began):
    before = said(recordings, "S0003-pos1", SERIAL)
    say(recordings, "S0003-pos1", "LABOTHER", SERIAL)
    night(approved, recordings)
    (note,) = notes(approved, "--since", utc(began + datetime.timedelta(hours=1.5))).values()
    assert note["evidence"] == [
        f"serial number {before} was seen then of it; it shows LABOTHER",
        "its machine id is the same as before: its disk in another device, or a new board",
    ]
