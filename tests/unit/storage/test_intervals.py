"""The life of a finding: laws first, then a simple model of the contract that random nights are compared with."""

import audit_factory as factory
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storefleet.model.findings import STATES, Expected, Finding, Result
from storefleet.storage import Database

HOST, STORE, KEYS = "S0412-pos1", "S0412", ("/a[1]", "/a[2]")


def result(control="T-1", state="fail", keys=(), severity="high", audit="till-baseline", **value):
    actual, required = value.get("actual", "wrong"), value.get("required", "right")
    expected = Expected("w", required, has_value=True)
    found = tuple(Finding(key, expected, actual, waiver=value.get("waiver")) for key in keys)
    return Result(control, audit, "t", state, severity, findings=found)


class Nights:
    """One database in memory and a counter of nights."""

    def __init__(self, url="sqlite://"):
        self.database = Database.open(url)
        self.count = 0

    def night(self, *results, document=True, scope="named-audits", dies=False):
        self.count += 1
        run, at = f"run-{self.count:04}", f"2026-01-01T00:{self.count // 60:02}:{self.count % 60:02}Z"
        self.database.begin_run(factory.run_info(run, started_at=at), scope)
        facts = factory.facts(HOST, at) if document else None
        answer = self.database.record_host(run, HOST, STORE, facts, results, at)
        if not dies:
            self.database.finish_run(factory.document([], run=factory.run_info(run, started_at=at)))
        return (
            {life.key: life.change for life in answer.lives},
            {closed.key: closed.how for closed in answer.closed},
            answer,
        )


@pytest.fixture(params=["sqlite", "postgresql"])
def nights(request):
    made = Nights("sqlite://" if request.param == "sqlite" else request.getfixturevalue("postgresql").new())
    yield made
    made.database.close()


def test_the_same_night_again_changes_nothing(nights):
    tonight = [result(keys=KEYS), result("T-2", keys=KEYS[:1], severity="low"), result("T-3", "pass")]
    first, _, _ = nights.night(*tonight)
    assert set(first.values()) == {"new"}
    for _ in range(3):
        again, closed, answer = nights.night(*tonight)
        assert set(again.values()) == {"still"}
        assert closed == {}
        assert {life.first_seen for life in answer.lives} == {"2026-01-01T00:00:01Z"}
        assert not any(life.value_changed for life in answer.lives)


@pytest.mark.parametrize("state", ["unknown", "na", "skipped", "waived", "error"])
def test_a_night_that_did_not_decide_neither_opens_nor_closes(nights, state):
    assert nights.night(result(state=state))[:2] == ({}, {})
    nights.night(result(keys=KEYS))
    assert nights.night(result(state=state))[:2] == ({}, {})
    assert nights.night(result(keys=KEYS))[0] == dict.fromkeys(KEYS, "still")


def test_a_host_that_was_not_reached_keeps_every_finding_as_it_was(nights):
    nights.night(result(keys=KEYS))
    assert nights.night(result(state="unknown"), document=False)[:2] == ({}, {})
    assert nights.night(document=False)[:2] == ({}, {})
    assert nights.night(result(keys=KEYS))[0] == dict.fromkeys(KEYS, "still")


def test_each_key_has_its_own_life(nights):
    nights.night(result(keys=KEYS))
    changes, closed, _ = nights.night(result(keys=KEYS[1:]))
    assert (changes, closed) == ({KEYS[1]: "still"}, {KEYS[0]: "fixed"})
    changes, closed, answer = nights.night(result(keys=KEYS))
    assert (changes, closed) == ({KEYS[0]: "reopened", KEYS[1]: "still"}, {})
    assert {life.key: life.reopened for life in answer.lives} == {KEYS[0]: 1, KEYS[1]: 0}
    assert {life.key: life.first_seen[-3:] for life in answer.lives} == {KEYS[0]: "03Z", KEYS[1]: "01Z"}


def test_a_pass_fixes_every_key_once(nights):
    nights.night(result(keys=KEYS))
    assert nights.night(result(state="pass"))[1] == dict.fromkeys(KEYS, "fixed")
    assert nights.night(result(state="pass"))[1] == {}


def test_a_control_that_is_no_longer_asked_is_retired_and_resumes_where_it_was(nights):
    nights.night(result(keys=KEYS), result("T-2", "pass"))
    assert nights.night(result("T-2", "pass"))[1] == dict.fromkeys(KEYS, "retired")
    assert nights.night(result("T-2", "pass"))[1] == {}
    changes, _, answer = nights.night(result(keys=KEYS))
    assert changes == dict.fromkeys(KEYS, "still"), "its own last decided result was this failure"
    assert {life.first_seen for life in answer.lives} == {"2026-01-01T00:00:01Z"}


def test_a_retired_finding_that_is_gone_when_asked_again_is_fixed_and_can_be_reopened(nights):
    nights.night(result(keys=KEYS[:1]))
    nights.night(result("T-2", "pass"))
    assert nights.night(result(state="pass"))[1] == {KEYS[0]: "fixed"}
    assert nights.night(result(keys=KEYS[:1]))[0] == {KEYS[0]: "reopened"}


@pytest.mark.parametrize(
    ("scope", "how"), [("some-controls", {}), ("named-audits", {}), ("all-audits", {"/a[1]": "retired"})]
)
def test_what_a_run_did_not_ask_is_retired_only_inside_its_scope(nights, scope, how):
    nights.night(result(keys=KEYS[:1], audit="other"))
    assert nights.night(result("T-9", "pass"), scope=scope)[1] == how


def test_some_controls_alone_never_retire_their_neighbours(nights):
    nights.night(result(keys=KEYS), result("T-2", "pass"))
    assert nights.night(result("T-2", "pass"), scope="some-controls")[1] == {}


def test_a_waived_element_neither_opens_nor_closes(nights):
    assert nights.night(result(keys=KEYS, waiver="W-1"))[:2] == ({}, {})
    nights.night(result(keys=KEYS))
    assert nights.night(result(keys=KEYS, waiver="W-1"))[:2] == ({}, {})
    assert nights.night(result(keys=KEYS))[0] == dict.fromkeys(KEYS, "still")


def test_one_undecided_repetition_of_a_control_closes_nothing(nights):
    nights.night(result(keys=KEYS))
    assert nights.night(result(state="pass"), result(state="unknown"))[1] == {}


@pytest.mark.parametrize(
    ("first", "second", "change"),
    [
        ({"severity": "high"}, {"severity": "critical"}, "worse"),
        ({"severity": "critical"}, {"severity": "high"}, "still"),
        ({"actual": 97, "required": 94}, {"actual": 99, "required": 94}, "worse"),
        ({"actual": 99, "required": 94}, {"actual": 97, "required": 94}, "still"),
        ({"actual": 1000.0, "required": 0}, {"actual": 1001.0, "required": 0}, "still"),
        ({"actual": 1, "required": True}, {"actual": 100, "required": True}, "still"),
        ({"actual": 10**400, "required": 0}, {"actual": 10**401, "required": 0}, "still"),
        ({"actual": ["a", "b"]}, {"actual": ["a", "c"]}, "still"),
    ],
)
def test_worse_is_a_higher_severity_or_a_number_clearly_further_off(nights, first, second, change):
    nights.night(result(keys=KEYS[:1], **first))
    changes, _, answer = nights.night(result(keys=KEYS[:1], **second))
    assert changes == {KEYS[0]: change}
    assert answer.lives[0].value_changed == (first.get("actual") != second.get("actual"))


def test_a_value_is_compared_with_its_worst_so_far_so_a_seesaw_is_not_worse_every_second_night(nights):
    values = [95, 99, 95, 99, 95, 105]
    changes = [nights.night(result(keys=KEYS[:1], actual=value, required=90))[0][KEYS[0]] for value in values]
    assert changes == ["new", "worse", "still", "still", "still", "worse"]


def test_what_a_run_that_died_had_found_is_told_by_the_next_one_and_once(nights):
    assert nights.night(result(keys=KEYS[:1]), dies=True)[0] == {KEYS[0]: "new"}
    changes, _, answer = nights.night(result(keys=KEYS[:1]))
    assert changes == {KEYS[0]: "new"}, "nobody has read of it yet"
    assert answer.lives[0].first_seen == "2026-01-01T00:00:01Z"
    assert nights.night(result(keys=KEYS[:1]))[0] == {KEYS[0]: "still"}
    assert nights.night(result(keys=KEYS[:1], severity="critical"), dies=True)[0] == {KEYS[0]: "worse"}
    assert nights.night(result(keys=KEYS[:1], severity="critical"))[0] == {KEYS[0]: "worse"}
    assert nights.night(result(keys=KEYS[:1], severity="critical"))[0] == {KEYS[0]: "still"}
    assert nights.night(result(state="pass"), dies=True)[1] == {KEYS[0]: "fixed"}
    _, closed, answer = nights.night(result(state="pass"))
    assert closed == {KEYS[0]: "fixed"}
    assert answer.closed[0].closed_at == "2026-01-01T00:00:07Z"
    assert nights.night(result(state="pass"))[1] == {}


def test_a_second_look_in_the_same_run_does_not_age_a_finding(nights):
    nights.night(result(keys=KEYS), dies=True)
    again = nights.database.record_host(
        "run-0001", HOST, STORE, factory.facts(HOST), [result(keys=KEYS)], "2026-01-01T00:00:09Z"
    )
    assert {life.change for life in again.lives} == {"new"}


@pytest.mark.parametrize(
    "key", ["/a[\ud800]", "/a[\x00]", "/a[" + "x" * 100_000 + "]", "/a[' or 1=1 --]", "/a[\u202e\x1b[2J]"]
)
def test_hostile_keys_live_like_any_other(nights, key):
    assert nights.night(result(keys=[key], actual="\ud800\x00"))[0] == {key: "new"}
    assert nights.night(result(keys=[key], actual="\ud800\x00"))[0] == {key: "still"}
    assert list(nights.night(result(state="pass"))[1].values()) == ["fixed"]


CONTROL = st.sampled_from(["T-1", "T-2"])
STATE = st.sampled_from(STATES)
CONTROLS = st.dictionaries(CONTROL, st.tuples(STATE, st.sets(st.sampled_from(KEYS), min_size=1)), max_size=2)
NIGHT = st.tuples(st.none() | CONTROLS, st.booleans())


class Key:
    """What the contract says of one key, told as simply as possible."""

    def __init__(self):
        self.last = None
        self.untold = None
        self.closing = None
        self.gone_told = True

    def look(self, state, failing, asked, dies):
        """Return what tonight says of the key: its change, or how it closed."""
        if state == "fail" and failing:
            if self.last != "fail":
                self.untold = "new" if self.last is None else "reopened"
            self.last, self.closing = "fail", None
            change = self.untold or "still"
            self.untold = self.untold if dies else None
            return change, None
        if state in ("pass", "fail"):
            if self.last == "fail":
                self.last, self.closing, self.gone_told = "pass", "fixed", False
            return None, self._gone("fixed", dies)
        if state is None and asked:
            if self.last == "fail" and self.closing is None:
                self.closing, self.gone_told = "retired", False
            return None, self._gone("retired", dies)
        return None, None

    def _gone(self, how, dies):
        if self.closing != how or self.gone_told:
            return None
        self.gone_told = not dies
        return how


@settings(max_examples=60, deadline=None)
@given(st.lists(NIGHT, max_size=12))
def test_random_nights_follow_the_contract(plan):
    """Each key remembers its own last decision; a dark or undecided night, or one that died, takes nothing away."""
    nights = Nights()
    keys = {(control, key): Key() for control in ("T-1", "T-2") for key in KEYS}
    for tonight, dies in plan:
        controls = tonight or {}
        results = [result(name, state, found if state == "fail" else ()) for name, (state, found) in controls.items()]
        _, _, answer = nights.night(*results, document=tonight is not None, dies=dies)
        changes, closed = {}, {}
        for place, key in keys.items():
            state, found = controls.get(place[0], (None, ()))
            change, how = key.look(state, place[1] in found, bool(controls), dies)
            changes |= {place: change} if change else {}
            closed |= {place: how} if how else {}
        assert {(life.control, life.key): life.change for life in answer.lives} == changes
        assert {(item.control, item.key): item.how for item in answer.closed} == closed
    nights.database.close()
