"""Who is who in a fleet: told from ids that are known on both sides, and of nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storefleet.drift.identity import is_another, ledger
from storefleet.drift.identity_book import MOST_OTHERS, Entry
from storefleet.drift.identity_values import NOTHING, Identity, known_id, known_macs, short

A, B, C, D = (letter * 15 + "0" for letter in "abcd")
BURNED, BURNED_TOO, LOCAL, LOCAL_TOO = (
    "00:1b:21:00:00:01",
    "00:1b:21:00:00:02",
    "52:54:00:00:00:01",
    "02:42:ac:11:00:01",
)


def of(serial=None, machine_id=None, *macs):
    return Identity.of(serial, machine_id, macs)


def entry(host, approved=NOTHING, observed=NOTHING, **more):
    return Entry(host, approved, observed, **more)


def kinds(*entries, **options):
    return {(note.host, note.kind, note.others) for note in ledger(entries, **options)}


@pytest.mark.parametrize(
    "text",
    [
        *(None, "", "  ", "None", "NOT SPECIFIED", "To Be Filled By O.E.M.", "System Serial Number", "Default string"),
        *("0", "00000000", "0123456789", "unknown", "uninitialized", "XXXXXXXX", "--", "0.0.0", "To be  filled by OEM"),
    ],
)
def test_what_nobody_filled_in_is_no_id(text):
    assert known_id(text) is None
    assert kinds(entry("a", of("S1"), of(text)), entry("b", of("S2"), of(text))) == set()


def test_an_id_is_bounded_and_shown_short():
    assert known_id(" SN  1 ") == "SN 1"
    assert len(known_id("ab" * 500) or "") == 80
    assert short("9fe8a97889b9460f8649b3919833142d") == "9fe8a97889b9…"
    assert short("LAB8C3F576D") == "LAB8C3F576D"


@pytest.mark.parametrize(
    "mac",
    [
        *("00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:01", "33:33:00:00:00:01", "00:00:5e:00:01:0a"),
        *("00:00:5E:00:02:0A", "00:00:0c:07:ac:01", "00:00:0c:9f:f1:23", "not a mac", ""),
    ],
)
def test_an_address_that_is_nobodys_own_says_nothing(mac):
    assert known_macs([mac]) == frozenset()


def test_hosts_that_show_each_others_ids_are_swapped_across_stores():
    notes = ledger([entry("S1-pos1", of("S1", A), of("S2", B)), entry("S2-pos1", of("S2", B), of("S1", A))])
    assert [(note.host, note.kind, note.others) for note in notes] == [
        ("S1-pos1", "swapped", ("S2-pos1",)),
        ("S2-pos1", "swapped", ("S1-pos1",)),
    ]
    assert notes[0].words == "it shows what S2-pos1 was known by, and the other way round"
    assert (
        notes[0].evidence[1]
        == "serial number S2 was approved of S2-pos1, and S2-pos1 shows the serial number of S1-pos1"
    )
    assert len(notes[0].evidence) == 2


@pytest.mark.parametrize(
    ("other", "evidence"),
    [(NOTHING, "S2-pos1 was not seen with it since"), (of("S3", C), "S2-pos1 shows S3")],
)
def test_a_host_that_shows_anothers_ids_has_moved_where_the_other_does_not_show_its_own(other, evidence):
    notes = ledger([entry("S1-pos1", of("S1", A), of("S2", B)), entry("S2-pos1", of("S2", B), other)])
    assert (notes[0].host, notes[0].kind, notes[0].others) == ("S1-pos1", "moved", ("S2-pos1",))
    assert notes[0].evidence[1].endswith(evidence)
    assert [(note.host, note.kind) for note in notes[1:]] == ([("S2-pos1", "replaced")] if other != NOTHING else [])


def test_a_host_of_which_nothing_was_approved_may_be_one_that_moved():
    assert kinds(entry("new", NOTHING, of("S2", B)), entry("old", of("S2", B), NOTHING)) == {("new", "moved", ("old",))}


def test_three_in_a_ring_have_moved():
    ring = [
        entry("a", of(None, A), of(None, B)),
        entry("b", of(None, B), of(None, C)),
        entry("c", of(None, C), of(None, A)),
    ]
    assert kinds(*ring) == {("a", "moved", ("b",)), ("b", "moved", ("c",)), ("c", "moved", ("a",))}


def test_hosts_that_show_the_same_at_once_are_clones_each_naming_the_others():
    notes = ledger([entry(host, NOTHING, of(None, A)) for host in ("a", "b", "c")] + [entry("d", NOTHING, of(None, D))])
    assert [(note.host, note.kind, note.others) for note in notes] == [
        ("a", "cloned", ("b", "c")),
        ("b", "cloned", ("a", "c")),
        ("c", "cloned", ("a", "b")),
    ]
    assert notes[0].evidence == (f"machine id {A} is shown by 3 hosts at once",)


def test_a_clone_of_a_host_that_still_shows_its_own_has_not_moved():
    assert kinds(entry("a", of(None, A), of(None, B)), entry("b", of(None, B), of(None, B))) == {
        ("a", "cloned", ("b",)),
        ("b", "cloned", ("a",)),
    }


def test_what_one_host_showed_before_another_did_is_no_clone():
    spans = {"a": (20, 30), "b": (0, 10)}
    some = [entry("a", of(None, A), of(None, B)), entry("b", of(None, B), of(None, B))]
    assert kinds(*some, spans=lambda host, _: spans[host]) == {("a", "moved", ("b",))}
    spans["b"] = (0, 20)
    assert {kind for _, kind, _ in kinds(*some, spans=lambda host, _: spans[host])} == {"cloned"}


def test_one_image_on_a_whole_fleet_names_a_few():
    notes = ledger([entry(f"h{number:04}", NOTHING, of(None, A)) for number in range(2000)])
    assert len(notes) == 2000
    assert all(len(note.others) == MOST_OTHERS and note.host not in note.others for note in notes)
    assert notes[0].words.endswith("and 1991 more")


def test_one_host_key_pinned_for_two_hosts_that_are_seen_is_a_clone():
    some = [entry(host, NOTHING, of(f"S-{host}"), keys=("SHA256:abc",)) for host in ("a", "b")]
    assert kinds(*some) == {("a", "cloned", ("b",)), ("b", "cloned", ("a",))}
    assert kinds(some[0], entry("b", of("S2"), NOTHING, keys=("SHA256:abc",))) == set()


@pytest.mark.parametrize(
    ("approved", "observed", "register", "says"),
    [
        (of("S1"), of("S2"), {}, "serial number S1 was approved of it; it shows S2"),
        (of("S1", A), of("S1", B), {}, "its serial number is the same as before: installed anew, or another disk"),
        (of(None, None, LOCAL), of(None, None, LOCAL_TOO), {}, f"MAC address {LOCAL} was approved of it"),
        (NOTHING, of("S2"), {"serial": "S1"}, "devices.csv says serial number S1; it shows S2"),
        (of("S2"), of("S2"), {"serial": "S1"}, "devices.csv says serial number S1; it shows S2"),
        (NOTHING, of(None, None, LOCAL), {"mac": BURNED}, f"{BURNED} is in devices.csv for it; it shows {LOCAL}"),
        (of(None, None, BURNED, LOCAL), of(None, None, BURNED_TOO, LOCAL), {}, f"it shows {BURNED_TOO}"),
    ],
)
def test_other_ids_that_are_nobody_elses_are_a_replaced_device(approved, observed, register, says):
    (note,) = ledger([entry("a", approved, observed, **register), entry("b", of("S9", D), of("S9", D))])
    assert (note.host, note.kind, note.others) == ("a", "replaced", ())
    assert any(says in piece for piece in note.evidence), note.evidence


@pytest.mark.parametrize(
    ("approved", "observed", "register"),
    [
        (of("S1", A), of("S1"), {}),
        (of("S1"), of(None, B), {}),
        (of("S1"), of("s1"), {"serial": "S1"}),
        (of(None, None, LOCAL, BURNED), of(None, None, LOCAL_TOO, BURNED), {}),
        (of(None, None, LOCAL), NOTHING, {"mac": BURNED}),
        (of("S1", None, LOCAL), of("S1", None, BURNED), {"mac": BURNED_TOO}),
        (of(None, A), of(None, A), {"serial": "S1"}),
        (of("S1"), of("S1"), {"serial": "Default string"}),
    ],
)
def test_what_is_unknown_or_kept_says_nothing(approved, observed, register):
    assert kinds(entry("a", approved, observed, **register)) == set()


def test_the_register_names_the_owner_of_a_serial_and_makes_no_other_device_of_the_approved_one():
    some = [
        entry("a", of("S2"), of("S2"), serial="S1"),
        entry("b", of("S1"), of("S1"), serial="S2"),
    ]
    notes = ledger(some)
    assert [(note.host, note.kind) for note in notes] == [("a", "replaced"), ("b", "replaced")]
    assert notes[0].evidence == ("devices.csv says serial number S1; it shows S2, which it has for b",)
    assert not any(is_another(one, notes) for one in some)


@pytest.mark.parametrize(
    ("approved", "observed", "another"),
    [
        (of("S1"), of("S2"), True),
        (of(None, None, LOCAL), of(None, None, LOCAL_TOO), True),
        (of("S1", A), of("S1", A), False),
    ],
)
def test_all_that_differs_on_another_device_differs_because_of_that(approved, observed, another):
    one = entry("a", approved, observed)
    assert is_another(one, ledger([one])) is another


def test_of_two_clones_the_one_that_came_to_show_the_others_is_another_device():
    copied, original = entry("a", of("S1", A), of("S2", A)), entry("b", of("S2", A), of("S2", A))
    notes = ledger([copied, original])
    assert {note.kind for note in notes} == {"cloned"}
    assert (is_another(copied, notes), is_another(original, notes)) == (True, False)


def test_what_is_compared_with_is_said():
    (note,) = ledger([entry("a", of("S1"), of("S2"))], approved="was seen then of")
    assert note.evidence == ("serial number S1 was seen then of it; it shows S2",)


ids = st.one_of(st.none(), st.sampled_from(["S1", "S2", "S3", "Default string", ""]))
sides = st.builds(
    Identity.of,
    ids,
    ids,
    st.lists(st.sampled_from([LOCAL, BURNED])),
)
fleets = st.lists(st.tuples(sides, sides, ids), max_size=6)


@given(fleets, st.randoms())
def test_the_order_of_hosts_changes_nothing(fleet, random):
    entries = [entry(f"h{number}", one, other, serial=listed) for number, (one, other, listed) in enumerate(fleet)]
    mixed = list(entries)
    random.shuffle(mixed)
    assert ledger(mixed) == ledger(entries)


@given(st.lists(st.tuples(sides, ids), max_size=6))
def test_a_host_that_shows_nothing_has_no_note(fleet):
    assert (
        ledger([entry(f"h{number}", one, NOTHING, serial=listed) for number, (one, listed) in enumerate(fleet)]) == ()
    )


@given(st.integers(0, 20))
def test_a_fleet_that_is_as_it_was_approved_and_of_which_all_ids_are_distinct_says_nothing(many):
    some = [of(f"SN{number}", f"{number:032x}1a", f"52:54:00:00:00:{number:02x}") for number in range(many)]
    assert ledger([entry(f"h{number}", one, one, serial=one.serial) for number, one in enumerate(some)]) == ()


@given(fleets)
def test_a_note_names_the_host_itself_nowhere_and_only_hosts_that_there_are(fleet):
    entries = [entry(f"h{number}", one, other) for number, (one, other, _) in enumerate(fleet)]
    for note in ledger(entries):
        assert note.host not in note.others
        assert set(note.others) <= {one.host for one in entries}
        assert note.evidence
