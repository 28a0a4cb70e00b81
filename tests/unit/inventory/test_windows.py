"""When a change may start: windows and freezes on the store's own clock, also where that clock leaps."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from storefleet.documents.decode import Decoder
from storefleet.documents.reader import read
from storefleet.inventory.calendars import read_calendars
from storefleet.inventory.windows import Timetable
from storefleet.model.store import Host, Store

WORKED = (Path(__file__).parent / "cases/worked/inventory/calendars.yaml").read_text()
HOST = Host("S0001-pos1", "S0001", "pos1", "till", "linux")


def timetable(tmp_path: Path, text: str = WORKED) -> Timetable:
    (tmp_path / "calendars.yaml").write_text(text)
    notes = Decoder()
    calendars = read_calendars(read(tmp_path / "calendars.yaml", "calendars.yaml"), notes)
    notes.finish()
    assert calendars is not None
    return Timetable(calendars)


def store(zone: str = "Europe/Berlin", **columns: str) -> Store:
    return Store("S0001", "One", "north", zone, "supermarket", 1, columns={"format": "supermarket", **columns})


def utc(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(f"{text}:00+00:00")


def asked(table: Timetable, at: str, *classes: str, zone: str = "Europe/Berlin", **columns: str):
    bar = table.bar(HOST, store(zone, **columns), classes, utc(at))
    return None if bar is None else (bar.why, bar.opens and f"{bar.opens:%Y-%m-%dT%H:%M}")


NIGHT = "service may start only in the window 'night' (mon-thu 00:30-04:30)"


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-11-23T23:29", (NIGHT, "2026-11-23T23:30")),  # 00:29 in Berlin, on a Tuesday
        ("2026-11-23T23:30", None),
        ("2026-11-24T03:29", None),
        ("2026-11-24T03:30", (NIGHT, "2026-11-24T23:30")),  # the end is no longer of the window
        ("2026-11-27T00:00", (NIGHT, "2026-11-29T23:30")),  # Friday night: the next is that of Monday
    ],
)
def test_a_window_is_open_on_the_stores_own_clock_from_its_first_minute_to_before_its_last(tmp_path, at, expected):
    assert asked(timetable(tmp_path), at, "service") == expected


def test_the_same_instant_is_night_in_one_store_and_day_in_another(tmp_path):
    table = timetable(tmp_path)
    assert asked(table, "2026-11-24T01:00", "service") is None
    assert asked(table, "2026-11-24T01:00", "service", zone="America/New_York") is not None


def test_a_class_that_no_window_names_is_free_and_all_classes_of_a_host_must_be(tmp_path):
    table = timetable(tmp_path, "windows:\n  night: {daily: '00:30-04:30', classes: [service]}\n")
    assert asked(table, "2026-11-24T12:00", "config") is None
    assert asked(table, "2026-11-24T12:00", "config", "service") is not None
    assert asked(timetable(tmp_path, "hours: {}\n"), "2026-11-24T12:00", "path", "reboot", "service") is None


def test_a_window_past_midnight_belongs_to_the_day_on_which_it_opens(tmp_path):
    text = "holidays: {de: [2026-12-25]}\nwindows:\n  late: {days: thu-fri, from: '22:00', to: '04:00', classes: [path]"
    open_always = timetable(tmp_path, text + "}\n")
    assert asked(open_always, "2026-12-26T02:00", "path") is None  # Saturday 03:00, opened on Friday
    assert asked(open_always, "2026-12-24T02:00", "path") is not None  # Thursday 03:00, of Wednesday
    closed = timetable(tmp_path, text + ", holidays: closed}\n")
    assert asked(closed, "2026-12-25T02:00", "path") is None  # it opened on the day before the holiday
    why, opens = asked(closed, "2026-12-25T22:00", "path")
    assert ("late" in why, opens) == (True, "2026-12-31T21:00")


def test_holidays_are_those_that_the_store_names(tmp_path):
    text = (
        "holidays: {de: [2026-12-25], at: [2026-12-24]}\n"
        "windows:\n  w: {daily: '00:00-24:00', classes: [path], holidays: closed}\n"
    )
    table = timetable(tmp_path, text)
    assert asked(table, "2026-12-25T12:00", "path", holidays="de") is not None
    assert asked(table, "2026-12-25T12:00", "path", holidays="at") is None


FREEZE = "the freeze 'year-end' (2026-11-27 to 2027-01-08) forbids path"


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-11-25T23:45", None),  # Thursday 00:45, the day before
        ("2026-11-26T23:00", (FREEZE, "2027-01-10T23:30")),  # it begins at midnight in Berlin
        ("2027-01-08T22:59", (FREEZE, "2027-01-10T23:30")),  # its last day is of it; then comes a weekend
    ],
)
def test_a_freeze_holds_from_the_first_minute_of_its_first_day_to_the_last_of_its_last(tmp_path, at, expected):
    assert asked(timetable(tmp_path), at, "path") == expected


def test_a_freeze_forbids_its_classes_at_its_stores_and_nothing_else(tmp_path):
    table = timetable(tmp_path)
    assert asked(table, "2026-11-30T23:30", "service") is None
    easter = "2027-03-22T23:30"
    assert "easter" in asked(table, easter, "service")[0]
    assert asked(table, easter, "service", format="kiosk") is None


def test_when_a_freeze_ends_inside_an_open_window_the_midnight_is_the_opening(tmp_path):
    text = (
        "windows:\n  w: {daily: '22:00-04:00', classes: [path]}\n"
        "freezes:\n  - {name: f, from: 2026-11-20, to: 2026-11-24, forbids: [path]}\n"
    )
    assert asked(timetable(tmp_path, text), "2026-11-24T12:00", "path")[1] == "2026-11-24T23:00"


def test_what_opens_beyond_the_horizon_has_no_opening(tmp_path):
    text = "freezes:\n  - {name: ever, from: 2026-01-01, to: 2099-12-31, forbids: [path]}\n"
    assert asked(timetable(tmp_path, text), "2026-11-24T12:00", "path")[1] is None


def test_an_emergency_sets_windows_aside_and_freezes_except_those_that_nobody_may_override(tmp_path):
    text = (
        "windows:\n  w: {daily: '01:00-02:00', classes: [path]}\n"
        "freezes:\n  - {name: f, from: 2026-11-01, to: 2026-11-30, forbids: [path]}\n"
    )
    table = timetable(tmp_path, text)
    assert table.bar(HOST, store(), ["path"], utc("2026-11-24T12:00"), emergency=True) is None
    never = timetable(tmp_path, text.replace("forbids: [path]}", "forbids: [path], override: never}"))
    bar = never.bar(HOST, store(), ["path"], utc("2026-11-24T12:00"), emergency=True)
    assert bar is not None
    assert "'f'" in bar.why


@pytest.mark.parametrize(
    ("at", "opens"),
    [
        ("2027-03-27T12:00", "2027-03-28T01:00"),  # 02:30 is leapt over in Berlin: it opens with the leap, at 03:00
        ("2027-10-30T12:00", "2027-10-31T00:30"),  # 02:30 comes twice: the first
    ],
)
def test_where_the_clock_leaps_the_window_opens_at_the_first_instant_that_is_of_it(tmp_path, at, opens):
    table = timetable(tmp_path, "windows:\n  w: {daily: '02:30-04:30', classes: [path]}\n")
    assert asked(table, at, "path")[1] == opens
    assert asked(table, opens, "path") is None
    minute_before = f"{utc(opens) - datetime.timedelta(minutes=1):%Y-%m-%dT%H:%M}"
    assert asked(table, minute_before, "path") is not None


def test_every_opening_that_is_told_is_one_and_nothing_before_it_is(tmp_path):
    table = timetable(tmp_path)
    for hour in range(0, 24 * 20, 7):
        at = utc("2026-12-20T00:00") + datetime.timedelta(hours=hour)
        bar = table.bar(HOST, store(), ["path", "service"], at)
        if bar is not None:
            assert bar.opens is not None
            assert table.bar(HOST, store(), ["path", "service"], bar.opens) is None
            for step in range(1, 96):
                between = at + (bar.opens - at) * step / 96
                assert table.bar(HOST, store(), ["path", "service"], between) is not None
