"""Under which key a value of the archive was hidden: told by the run that first saw it so, whoever carried it on."""

from __future__ import annotations

import pytest

from storefleet.drift.compare import deltas
from storefleet.storage.git import Trailer
from storefleet.storage.snapshots import APPROVED, OBSERVED
from storefleet.workflows.hidden import judged
from storefleet.workflows.histories import Histories

FOLDER = "S0001/S0001-pos1"
MARKS = [f"<redacted:{number:012x}>" for number in range(4)]
START = 1_764_000_000


def write(archive, hour, key, text, ref=OBSERVED):
    with archive.begin(ref) as night:
        night.keep(FOLDER, {"app": text})
        trailers = (Trailer("Run", f"run-{hour}"), *((Trailer("Redaction-Key", key),) if key else ()))
        archive.end(night, "audit", trailers, START + hour * 3600)


def app(mark, port=1):
    return f'/app/pos/port = {port}\n/app/pos/tid = "{mark}"\n'


def judge(archive):
    with archive.begin() as night:
        approved = archive.text(f"{FOLDER}/app", APPROVED)
        some = deltas({"app": approved}, {"app": archive.text(f"{FOLDER}/app")})
        found = judged(Histories(archive, night, {FOLDER}), FOLDER, some, "look")
        return [one.key for one in found.differences], found.left


def test_a_value_that_a_later_run_carried_on_unread_is_of_the_key_that_it_was_hidden_under(archive):
    write(archive, 0, "k1", app(MARKS[0]))
    write(archive, 1, "k1", app(MARKS[0]), APPROVED)
    write(archive, 2, "k2", app(MARKS[0], port=2))
    assert judge(archive) == (["/app/pos/port"], "")
    write(archive, 3, "k2", app(MARKS[1], port=2))
    keys, left = judge(archive)
    assert keys == ["/app/pos/port"]
    assert left == (
        "1 hidden value cannot be compared: the redaction key was replaced "
        "between 2025-11-24T16:00:00Z and 2025-11-24T18:00:00Z; look"
    )


def test_what_no_run_saw_is_of_the_key_that_its_acceptance_names(archive):
    write(archive, 0, "k1", app(MARKS[0]))
    write(archive, 1, "k1", app(MARKS[2]), APPROVED)
    write(archive, 2, "k1", app(MARKS[1]))
    assert judge(archive) == (["/app/pos/tid"], "")
    write(archive, 3, "k2", app(MARKS[3]))
    assert judge(archive)[0] == []
    assert "replaced between 2025-11-24T18:00:00Z and 2025-11-24T19:00:00Z" in judge(archive)[1]


@pytest.mark.parametrize(("before", "after"), [("", "k2"), ("k1", ""), ("", ""), ("k1", "k1")])
def test_where_a_key_is_not_known_or_the_same_a_change_is_told(archive, before, after):
    write(archive, 0, before, app(MARKS[0]))
    write(archive, 1, before, app(MARKS[0]), APPROVED)
    write(archive, 2, after, app(MARKS[1]))
    assert judge(archive) == (["/app/pos/tid"], "")


def test_two_replacements_are_told_as_one_stretch(archive):
    write(archive, 0, "k1", app(MARKS[0]))
    write(archive, 1, "k1", app(MARKS[0]), APPROVED)
    write(archive, 2, "k2", app(MARKS[1]))
    write(archive, 3, "k3", app(MARKS[2]))
    assert "between 2025-11-24T16:00:00Z and 2025-11-24T19:00:00Z" in judge(archive)[1]
