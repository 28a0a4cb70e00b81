"""Who is told what: one message for a cause, each channel once for an event, and the same night is told the same."""

import datetime
import json

import audit_factory as factory
import msgspec
import pytest
from hostile import HOSTILE
from hypothesis import given
from hypothesis import strategies as st

from storefleet.documents.reader import read
from storefleet.errors import InputError
from storefleet.model.findings import SEVERITIES, Expected, Finding
from storefleet.model.summary import host_report
from storefleet.notify.condition import ConditionFault, parse_condition
from storefleet.notify.config import load_notify
from storefleet.notify.escape import CUT, calm, fitted, plain
from storefleet.notify.events import INCIDENT_STORES, events_of
from storefleet.notify.routing import messages
from storefleet.reports.message import message_text

NOW = datetime.datetime(2026, 11, 22, 9, 14, tzinfo=datetime.UTC)
CHANNELS = """
channels:
  ops: {apprise: {env: SF_OPS}}
  oncall: {apprise: {file: /etc/storefleet/pager}}
  boss: {mail: [it@example.com], from: storefleet@example.com}
  tickets: {command: [/usr/local/bin/ticket], input: event}
"""


def notify(tmp_path, text):
    path = tmp_path / "notify.yaml"
    path.write_text(text)
    return load_notify(read(path, "inventory/notify.yaml"))


def new_in(count, control="T-PAY-01"):
    fault = factory.failing(control, "critical", "Pays", Finding("/a", Expected("1", 1, True), 2), cause="network/acl")
    rows = []
    for number in range(1, count + 1):
        store = f"S{number:04}"
        rows.append(
            (factory.store(store), [host_report(factory.host(store), [fault], factory.lives([fault]), judged=True)])
        )
    return factory.document(rows)


def test_the_worked_example_is_understood(tmp_path):
    found = notify(
        tmp_path,
        CHANNELS
        + """
routes:
  - {on: incident, to: [oncall, tickets]}
  - {on: store-dark, over: 4h, to: [tickets]}
  - {on: nightly, to: [ops], show: [new, worse, fixed, waivers-expiring, coverage]}
  - {on: nightly, if: "new(severity>=critical) > 0", to: [oncall]}
  - {on: wave.halted, to: [oncall, ops]}
  - {on: weekly, day: mon, at: "07:30", to: [boss], attach: [html]}
quiet: {same_event_within: 24h}
""",
    )
    assert len(found.routes) == 6
    assert found.quiet_s == 86_400
    assert found.routes[1].over_s == 14_400


REFUSED = {
    "on: x": ("routes: [{on: x, to: [ops]}]", "is no event"),
    "channel": ("routes: [{on: nightly, to: [nobody]}]", "there is no channel"),
    "condition": ("routes: [{on: nightly, to: [ops], if: 'open > x'}]", "is no comparison"),
    "count": ("routes: [{on: nightly, to: [ops], if: 'open > 1'}]", "is no count"),
    "severity": ("routes: [{on: nightly, to: [ops], if: 'new(severity>=huge) > 1'}]", "is no severity"),
    "day": ("routes: [{on: weekly, to: [ops]}]", "weekly needs it"),
    "unknown key": ("routes: [{on: nightly, to: [ops], colour: red}]", "colour"),
    "show": ("routes: [{on: nightly, to: [ops], show: [all]}]", "is no part of the digest"),
    "a quiet that outlasts the memory": ("quiet: {same_event_within: 31d}", "30d at most"),
    "quiet": ("quiet: {same_event_within: soon}", "is no duration"),
}


@pytest.mark.parametrize(("more", "words"), REFUSED.values(), ids=REFUSED)
def test_a_mistake_is_named_with_its_line(more, words, tmp_path):
    with pytest.raises(InputError) as caught:
        notify(tmp_path, CHANNELS + more + "\n")
    assert words in str(caught.value)
    assert "inventory/notify.yaml:" in str(caught.value)


BAD_CHANNELS = {
    "none": "{per_minute: 3}",
    "two": "{mail: [a@b], from: a@b, command: [/bin/x]}",
    "a secret in the file": "{apprise: 'slack://token/token/token'}",
    "no source": "{apprise: {}}",
    "two sources": "{apprise: {env: A, file: /b}}",
    "a command that is nothing": "{apprise: {command: []}}",
    "a relative command": "{command: [x]}",
    "no sender": "{mail: [a@b]}",
    "no address": "{mail: [ab], from: a@b}",
    "a server with a blank": "{mail: [a@b], from: a@b, smtp: 'a b'}",
}


PASTED = {
    "where a source is due": "{apprise: 'slack://canary-token/b/c'}",
    "as a variable": "{apprise: {env: 'https://hooks.example/canary-token'}}",
    "as the variable's value": "{apprise: {env: canary-token=}}",
    "as a file": "{apprise: {file: 'slack://canary-token'}}",
    "with a password": "{apprise: 'mailtos://me:canary-token@mail.example'}",
    "in a list": "{apprise: [slack://canary-token]}",
}


@pytest.mark.parametrize("channel", PASTED.values(), ids=PASTED)
def test_a_pasted_url_is_refused_at_its_line_and_never_repeated(channel, tmp_path):
    with pytest.raises(InputError) as caught:
        notify(tmp_path, f"routes: [{{on: x, to: []}}]\nchannels:\n  ops: {channel}\n")
    assert "inventory/notify.yaml:3: " in str(caught.value)
    assert "canary" not in str(caught.value)
    assert "is no event" in str(caught.value) or "list" in channel or "[" in channel, "other mistakes are told too"


@pytest.mark.parametrize("channel", BAD_CHANNELS.values(), ids=BAD_CHANNELS)
def test_a_channel_that_cannot_stand_is_refused(channel, tmp_path):
    with pytest.raises(InputError):
        notify(tmp_path, f"channels: {{ops: {channel}}}\n")


def test_many_stores_with_one_new_fault_are_one_incident_and_few_are_told_by_store():
    few = [event.event for event in events_of(new_in(INCIDENT_STORES - 1), "")]
    assert few == ["nightly", *["finding.new"] * (INCIDENT_STORES - 1)]
    many = events_of(new_in(40), "")
    assert [event.event for event in many] == ["nightly", "incident"]
    assert many[1].count == 40


def test_what_is_old_or_waived_is_no_event():
    document = factory.first_store()
    told = [event for event in events_of(document, "") if event.event == "finding.new"]
    assert [event.cause for event in told] == ["attack/listener"]
    assert told[0].link == "S0412.html#T-LST-01"


def test_each_channel_hears_an_event_once_and_conditions_and_darkness_decide(tmp_path):
    found = notify(
        tmp_path,
        CHANNELS
        + """
routes:
  - {on: nightly, if: "new(severity>=critical) > 0", to: [oncall, ops]}
  - {on: nightly, to: [ops, boss]}
  - {on: store-dark, over: 90h, to: [tickets]}
  - {on: store-dark, over: 4h, to: [oncall]}
""",
    )
    document = factory.many_stores()
    told = [(one.channel, one.event.event) for one in messages(document, found, "x", NOW)]
    assert told == [("ops", "nightly"), ("boss", "nightly"), ("oncall", "store-dark")]
    told = [(one.channel, one.event.event) for one in messages(new_in(2), found, "x", NOW)]
    assert told == [("oncall", "nightly"), ("ops", "nightly"), ("boss", "nightly")]


def test_a_route_shows_the_rows_that_it_asks_for(tmp_path):
    found = notify(tmp_path, CHANNELS + "routes: [{on: nightly, to: [ops], show: [new]}]\n")
    digest = "storefleet x\nverdict    v\ncoverage   c\nnew        one\n           two\nfixed      f\n"
    (one,) = messages(factory.first_store(), found, digest, NOW)
    assert one.event.text == "storefleet x\nverdict    v\nnew        one\n           two\n"


def test_whatever_a_route_shows_it_shows_what_was_lost_and_the_counts_of_what_is_fixed(tmp_path):
    found = notify(tmp_path, CHANNELS + "routes: [{on: nightly, to: [ops], show: [fixed, coverage]}]\n")
    digest = message_text(factory.first_store()) + "lost       3 earlier messages\n"
    (one,) = messages(factory.first_store(), found, digest, NOW)
    labels = [line.split()[0] for line in one.event.text.splitlines() if line[0] != " "]
    assert labels == ["storefleet", "verdict", "coverage", "findings", "not", "lost"]


def test_weekly_routes_of_two_days_are_two_weeklies(tmp_path):
    routes = "[{on: weekly, day: mon, at: '07:30', to: [boss]}, {on: weekly, day: fri, at: '07:30', to: [ops]}]"
    found = notify(tmp_path, CHANNELS + f"routes: {routes}\n")
    names = [
        {one.channel: one.event.id for one in messages(factory.first_store(), found, "x", day)}
        for day in (NOW.replace(day=24), NOW.replace(day=27, hour=8))
    ]
    assert names == [
        {"boss": "weekly:2026-W48-1", "ops": "weekly:2026-W47-5"},
        {"boss": "weekly:2026-W48-1", "ops": "weekly:2026-W48-5"},
    ]


@pytest.mark.parametrize(
    ("now", "week"),
    [("2026-11-23T07:29", "2026-W47-1"), ("2026-11-23T07:30", "2026-W48-1"), ("2026-11-29T23:00", "2026-W48-1")],
)
def test_the_weekly_message_is_of_the_newest_week_that_is_due(now, week, tmp_path):
    found = notify(tmp_path, CHANNELS + "routes: [{on: weekly, day: mon, at: '07:30', to: [boss]}]\n")
    (one,) = messages(factory.first_store(), found, "x", datetime.datetime.fromisoformat(now + "+00:00"))
    assert one.event.id == f"weekly:{week}"


@given(st.text(max_size=60))
def test_a_condition_is_understood_or_refused_and_never_more(text):
    try:
        condition = parse_condition(text)
    except ConditionFault:
        return
    assert condition.holds({}) in (True, False)


@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=3000), most=st.integers(64, 4000))
def test_a_message_fits_its_channel_and_says_when_it_was_cut(text, most):
    shown = fitted(text, most)
    assert len(shown.encode()) <= most
    assert shown == text or shown.endswith(CUT)


@pytest.mark.parametrize("label", HOSTILE)
def test_hostile_text_is_written_out_in_every_event(label, tmp_path):
    document = factory.hostile_store(label, HOSTILE[label])
    for event in events_of(document, HOSTILE[label]):
        json.dumps(event.to_json())
        for text in (plain(event.title), plain(event.text)):
            assert not set(text) & {chr(number) for number in (*range(9), *range(11, 32), 127)}
            text.encode("utf-8")


def test_equal_nights_are_told_equally(tmp_path):
    found = notify(tmp_path, CHANNELS + "routes: [{on: finding.new, to: [ops]}, {on: incident, to: [ops]}]\n")
    once, again = (messages(new_in(7), found, "x", NOW) for _ in range(2))
    assert once == again
    assert {one.event.severity for one in once} <= set(SEVERITIES)
    assert msgspec.to_builtins(once[0]) == msgspec.to_builtins(again[0])


@pytest.mark.parametrize(
    "text", ["@all", "@Here now", "<!channel>", "<@U024BE7LH>", "<#C0|x>", "x@everyone", "@所有人"]
)
def test_a_till_calls_nobody_by_its_name(text):
    shown = calm(text)
    assert shown != text
    assert shown.replace(" ", "") == text.replace(" ", "")
    assert calm("mail op-a@example.com, 3 < 4") == "mail op-a@example.com, 3 < 4"
