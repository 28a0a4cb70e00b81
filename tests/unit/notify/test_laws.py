"""Laws of telling: an event goes exactly where routes send it, a cause is one message, no channel hears too much."""

import datetime
import json
import tempfile
from collections import Counter
from pathlib import Path

import audit_factory as factory
import msgspec
import pytest
from hostile import HOSTILE
from hypothesis import given, settings
from hypothesis import strategies as st

from storefleet.documents.ownership import PRIVATE
from storefleet.documents.published import problems
from storefleet.model.findings import Expected, Finding
from storefleet.model.report import AuditDocument
from storefleet.model.summary import host_report
from storefleet.notify import send
from storefleet.notify.channels import ChannelFault
from storefleet.notify.condition import parse_condition
from storefleet.notify.config import DAYS, EVENTS, SHOWN, Channel, Notify, Route
from storefleet.notify.events import INCIDENT_STORES, MAX_TEXT, counts, dark_for_s, events_of
from storefleet.notify.routing import Message, messages
from storefleet.notify.spool import GIVEN_UP_S, KEPT_S, Spool

NOW = datetime.datetime(2026, 11, 22, 9, 14, tzinfo=datetime.UTC)
DAY_S = 86_400


def fault(control="T-FS-01", value=97, cause="hardware/disk", severity="high", place="/hardware/storage[/var]/use_pct"):
    return factory.failing(control, severity, control, Finding(place, Expected("below 90"), value), cause=cause)


def night(*stores, dark=()):
    """A document of stores, each with the new faults of its one host; ``dark`` are hours for which others are dark."""
    rows = []
    for number, faults in enumerate(stores, 1):
        name = f"S{number:04}"
        report = host_report(factory.host(name), faults, factory.lives(faults), judged=True)
        rows.append((factory.store(name), [report]))
    for number in range(1, len(dark) + 1):
        name = f"D{number:04}"
        report = host_report(factory.host(name), [], judged=False, reason="timeout")
        rows.append((factory.store(name, number=number), [report]))
    document = factory.document(rows)
    since = {f"D{number:04}": NOW - datetime.timedelta(hours=hours) for number, hours in enumerate(dark, 1)}
    stores_ = tuple(
        msgspec.structs.replace(one, dark_since=since[one.store].isoformat()) if one.store in since else one
        for one in document.stores
    )
    return msgspec.structs.replace(document, stores=stores_)


def told(document):
    return [event for event in events_of(document, "the digest\n") if event.event != "nightly"]


def test_one_cause_in_many_stores_is_one_message_whatever_the_values():
    (event,) = told(night(*([fault(value=90 + number / 10)] for number in range(40))))
    assert (event.event, event.count, event.store, event.cause) == ("incident", 40, None, "hardware/disk")
    assert "40 hosts T-FS-01" in event.text
    assert "40 different values" in event.text


def test_several_controls_of_one_cause_are_one_message_that_names_each():
    low = fault("T-SMART-01", "failing", severity="critical", place="/hardware/disks[sda]/health")
    (event,) = told(night(*[[fault()]] * 4, [low]))
    assert (event.event, event.severity) == ("incident", "critical")
    assert "T-FS-01" in event.text
    assert "T-SMART-01" in event.text


def test_fewer_stores_are_told_one_by_one_and_other_causes_beside_an_incident_too():
    other = fault("T-LST-01", "nc", "attack/listener", "critical", "/ports/listening[tcp,0.0.0.0,4444]")
    events = told(night(*[[fault()]] * (INCIDENT_STORES - 1), [other]))
    assert [event.event for event in events] == ["finding.new"] * INCIDENT_STORES
    events = told(night(*[[fault()]] * INCIDENT_STORES, [other, fault(), fault("T-X", cause="attack/listener")]))
    assert [event.event for event in events] == ["incident", "finding.new"]
    assert (events[1].id, events[1].severity, events[1].count) == ("S0006:attack/listener:2026-11-22", "critical", 2)


def test_controls_without_a_cause_stand_for_themselves():
    events = told(night(*[[fault(cause=None)]] * 9))
    assert [(event.event, event.cause) for event in events] == [("incident", None)]


def test_stores_that_went_dark_together_are_one_message_and_the_others_their_own():
    events = told(night([], dark=[5.0 + number / 60 for number in range(30)] + [100, 200]))
    assert [(event.event, event.store) for event in events] == [
        ("store-dark", "D0032"), ("store-dark", "D0031"), ("store-dark", None),
    ]  # fmt: skip
    assert events[2].count == 30
    assert events[2].title.startswith("30 stores went dark together")
    assert "D0001" in events[2].text


def test_an_incident_is_the_same_whatever_its_values_and_another_with_another_control():
    first, again, other = (
        told(night(*([fault(control, value=value + number)] for number in range(9))))[0].id
        for control, value in (("T-FS-01", 90), ("T-FS-01", 80), ("T-FS-02", 90))
    )
    assert first == again != other
    assert first.startswith("hardware/disk:2026-11-22:")


@pytest.mark.parametrize(("over", "due"), [("3h", 1), ("4h", 1), ("241m", 0)])
def test_a_store_is_told_of_from_its_time_on_and_not_before(over, due):
    document = night([], dark=[5])  # the run ended an hour before NOW
    ended = datetime.datetime.fromisoformat(document.run.finished_at)
    since = (ended - datetime.timedelta(hours=4)).isoformat()
    stores = [msgspec.structs.replace(one, dark_since=since) if one.state == "dark" else one for one in document.stores]
    document = msgspec.structs.replace(document, stores=tuple(stores))
    seconds = {"3h": 10_800.0, "4h": 14_400.0, "241m": 14_460.0}[over]
    notify = Notify({"a": Channel("a")}, (Route("store-dark", ("a",), over_s=seconds),))
    assert len(messages(document, notify, "", NOW)) == due


def test_a_channel_hears_an_event_as_the_first_of_its_routes_shows_it():
    routes = (Route("nightly", ("a",), show=("new",)), Route("nightly", ("a", "b")))
    notify = Notify({name: Channel(name) for name in "ab"}, routes)
    found = {one.channel: one.event.text for one in messages(night([]), notify, "new    x\ndark    y\n", NOW)}
    assert found == {"a": "new    x\n", "b": "new    x\ndark    y\n"}


CONDITIONS = ("new > 0", "new(severity>=critical) > 3", "dark = 0", "fixed >= 1")
ROUTES = st.builds(
    Route,
    on=st.sampled_from([name for name in EVENTS if name != "weekly"]),
    to=st.lists(st.sampled_from("abc"), min_size=1, max_size=3).map(tuple),
    condition=st.one_of(st.none(), st.sampled_from(CONDITIONS).map(parse_condition)),
    over_s=st.sampled_from([0.0, 14_400.0, 400_000.0]),
    show=st.lists(st.sampled_from(SHOWN), max_size=3).map(tuple),
)  # fmt: skip
WEEKLY = st.builds(Route, on=st.just("weekly"), to=st.just(("a",)), day=st.sampled_from(DAYS), at=st.just("07:30"))
FAULTS = st.builds(
    fault,
    control=st.sampled_from(["T-1", "T-2"]),
    value=st.integers(0, 3),
    cause=st.sampled_from([None, "network/acl", "attack/listener"]),
    severity=st.sampled_from(["low", "critical"]),
)
NIGHTS = st.one_of(
    st.builds(
        lambda stores, dark: night(*stores, dark=dark),
        st.lists(st.lists(FAULTS, max_size=2, unique_by=lambda one: one.control), min_size=1, max_size=9),
        st.lists(st.integers(0, 300), max_size=8),
    ),
    st.sampled_from(sorted(HOSTILE)).map(lambda label: factory.hostile_store(label, HOSTILE[label])),
)


@settings(max_examples=150, deadline=None)
@given(document=NIGHTS, routes=st.lists(ROUTES, max_size=5).map(tuple), week=st.lists(WEEKLY, max_size=2).map(tuple))
def test_routing_is_total_and_deterministic_and_sends_an_event_exactly_where_a_route_says(document, routes, week):
    notify = Notify({name: Channel(name) for name in "abc"}, routes + week)
    found = messages(document, notify, "storefleet x\nnew        y\n", NOW)
    numbers = counts(document)
    due = Counter()
    for event in events_of(document, ""):
        for route in routes:
            dark = event.event != "store-dark" or dark_for_s(event, document) >= route.over_s
            if route.on == event.event and dark and (route.condition is None or route.condition.holds(numbers)):
                due.update({(channel, event.event, event.id): 1 for channel in route.to})
    due.update({("a", "weekly", one.event.id): 1 for one in found if one.event.event == "weekly"})
    assert Counter((one.channel, one.event.event, one.event.id) for one in found) == Counter(dict.fromkeys(due, 1))
    assert len({one.event.id for one in found if one.event.event == "weekly"}) == len({route.day for route in week})
    again = AuditDocument.from_json(json.loads("".join(document.json_pieces())))
    assert messages(again, notify, "storefleet x\nnew        y\n", NOW) == found


@settings(max_examples=100, deadline=None)
@given(document=NIGHTS)
def test_a_cause_is_told_once_and_every_event_fits_its_schema(document):
    events = told(document)
    assert len({event.id for event in events}) == len(events)
    per_cause = Counter(event.cause for event in events if event.event == "finding.new" and event.cause)
    assert all(number < INCIDENT_STORES for number in per_cause.values())
    for event in events:
        body = event.to_json()
        assert problems({**body, "at": "2026-11-22T08:14:03Z"}, "event-1") == []
        assert len(body["text"].encode()) <= MAX_TEXT


@pytest.mark.parametrize("label", HOSTILE)
def test_no_device_writes_a_line_or_a_character_without_a_shape_into_an_event(label):
    document = factory.hostile_store(label, f"{HOSTILE[label]}\nverdict    clean\u2028verdict\u202e\x1b[2J")
    for event in told(document):
        for text in (event.title, event.text, event.id):
            assert not any(line.startswith("verdict") for line in text.splitlines())
            assert not set(text) & set("\u2028\u202e\x1b\r\x00")
        assert "\n" not in event.title


class World:
    """A virtual clock and channels that do what a plan says; ``heard`` is when each channel was asked."""

    def __init__(self, folder, channels, plan=lambda _: True):
        self.now = NOW.timestamp()
        self.plan = plan
        self.heard = []
        self.taken = []
        self.spool = Spool(folder, PRIVATE)
        self.notify = Notify({channel.name: channel for channel in channels})

    def deliver(self, channel, event, _attached, _secret):
        self.heard.append((channel.name, self.now))
        if not self.plan(len(self.heard)):
            raise ChannelFault(f"{channel.name}: no")
        self.taken.append((channel.name, event.id))

    def put(self, *events, channels=None):
        names = channels or list(self.notify.channels)
        at = datetime.datetime.fromtimestamp(self.now, datetime.UTC)
        return self.spool.put([Message(name, event) for event in events for name in names], at, self.notify.quiet_s)

    def run(self, **more):
        return send.Sender(self.spool, self.notify, str, clock=lambda: self.now, steady=lambda: 0.0, **more).send()


def event(name, kind="finding.new"):
    (first, *_) = events_of(factory.first_store(), "the digest\n")
    return msgspec.structs.replace(first, event=kind, id=name)


@pytest.fixture
def world(tmp_path, monkeypatch):
    made = World(tmp_path / "spool", [Channel("a", per_minute=3)])
    monkeypatch.setattr(send, "deliver", made.deliver)
    return made


STEPS = st.lists(st.tuples(st.integers(0, 90), st.integers(0, 6), st.booleans()), min_size=1, max_size=12)


@settings(max_examples=40, deadline=None)
@given(steps=STEPS, per_minute=st.integers(1, 4), again=st.booleans())
def test_no_channel_hears_more_in_any_minute_than_it_may_and_nothing_twice(steps, per_minute, again):
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        channels = [Channel("a", per_minute=per_minute), Channel("b", per_minute=1)]
        world = World(Path(folder) / "spool", channels, lambda count: count % 3 != 0)
        patch.setattr(send, "deliver", world.deliver)
        if again:
            patch.setattr(send.random, "uniform", lambda *_: 0.0)  # no pause, so that only the rate holds it
        for number, (forward, count, run) in enumerate(steps):
            world.now += forward
            world.put(*(event(f"e{number}-{one}") for one in range(count)))
            if run:
                world.run()
        for name, most in (("a", per_minute), ("b", 1)):
            times = [at for channel, at in world.heard if channel == name]
            assert all(sum(at <= other < at + 60 for other in times) <= most for at in times)
        assert len(set(world.taken)) == len(world.taken)
        put = sum(count for _, count, _ in steps) * 2
        assert len(world.taken) + len(world.spool.waiting()) == put, "none is lost within a day"


def test_what_failed_last_night_is_tried_tonight_however_late_tonight_is(world):
    world.plan = lambda count: count > 1
    world.put(event("e"))
    assert world.run().left == 1
    world.now += GIVEN_UP_S + 900
    assert world.run().delivered == 1


def test_what_fails_a_second_night_is_given_up_with_all_of_its_channel_and_told_once(world):
    world.plan = lambda _: False
    world.put(event("e1"), event("e2"))
    world.run()
    world.now += GIVEN_UP_S + 900
    assert world.run().lost == 2
    assert world.spool.memory().lost == 2
    world.put(event("e3"))
    world.now += GIVEN_UP_S + 900
    assert world.run(lost_told=2).lost == 1
    assert world.spool.memory().lost == 1, "the digest told of two; the third is for the next one"


def test_what_was_lost_is_remembered_until_a_digest_has_told_it(world):
    world.plan = lambda _: False
    world.put(event("e1"), event("e2"))
    world.run()
    world.now += GIVEN_UP_S + 900
    world.run()
    world.run(lost_told=0)
    assert world.spool.memory().lost == 2
    world.run(lost_told=1)
    assert world.spool.memory().lost == 1


def test_a_channel_that_failed_is_left_alone_for_this_time(world):
    world.plan = lambda _: False
    world.put(event("e1"), event("e2"), event("e3"))
    assert world.run().left == 3
    assert len(world.heard) == 1


def test_what_only_waits_for_its_turn_is_not_given_up_before_a_week(world):
    world.put(*(event(f"e{number}") for number in range(9)))
    assert world.run().delivered == 3
    world.now += GIVEN_UP_S + 900
    assert world.run().delivered == 3
    world.now += KEPT_S
    assert world.run().lost == 3


def test_the_digest_leaves_before_older_findings(world):
    world.put(*(event(f"e{number}") for number in range(9)))
    world.now += 1
    world.put(event("tonight", "nightly"), event("many", "incident"))
    world.run()
    assert [name for _, name in world.taken] == ["tonight", "many", "e0"]


def test_a_week_is_told_once_and_an_event_again_after_its_quiet(world):
    for _ in range(6):
        world.put(event("weekly:2026-W48-1", "weekly"), event("S0412:dark:x"))
        world.run()
        world.now += DAY_S + 60
    assert Counter(world.taken) == {("a", "weekly:2026-W48-1"): 1, ("a", "S0412:dark:x"): 6}


def test_an_event_that_two_runs_have_spooled_is_sent_once(world):
    world.put(event("e"))
    (one,) = world.spool.folder.glob("*.msg")
    (world.spool.folder / "1.msg").write_bytes(one.read_bytes())
    assert world.run().delivered == 1
    assert world.spool.waiting() == []


def test_what_another_run_puts_while_one_sends_is_sent_too(world):
    world.plan = lambda count: count != 1 or bool(world.put(event("late")))
    world.put(event("e"))
    assert world.run().delivered == 2


def test_a_spool_that_another_process_holds_is_waited_for_and_then_left_with_words(world):
    world.put(event("e"))
    with world.spool.locked() as ours:
        assert ours
        left = world.run(budget_s=0.2)
    assert (left.delivered, left.left, left.faults) == (0, 1, ["another process is still sending"])
    assert world.run().delivered == 1


def test_a_clock_that_was_wrong_for_a_night_silences_nobody(world):
    world.now += 400 * DAY_S
    world.plan = lambda count: count != 1
    world.put(event("e1"), event("e2"))
    world.run()
    world.now += 300
    world.run()
    world.put(event("e4"))
    world.plan = lambda _: False
    world.run()
    world.now -= 400 * DAY_S
    world.plan = lambda _: True
    assert world.put(event("e1"), event("e2"), event("e3")) == 3, "what was told in the future is told again"
    assert world.run().delivered == 3
    world.now += 61
    world.run()
    assert ("a", "e4") in world.taken, "a pause until next year is none"


@pytest.mark.parametrize("text", ['{"sent": {"x": 99999999999.0}}', "{", "[]", '{"sent": 3}', '{"lost": -1}'])
def test_a_memory_that_somebody_broke_is_no_memory(text, world):
    world.put(event("e"))
    (world.spool.folder / "memory.json").write_text(text)
    assert world.run().delivered == 1
