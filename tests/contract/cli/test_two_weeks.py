"""Two weeks of nights on a virtual clock: faults come, go, come back, hide while a host is dark, and are waived.

What each finding should be is worked out beside the product, from the plan of the weeks alone.
"""

import datetime
import json
import random
import shutil

from command_line import RECORDINGS, storefleet

from storefleet.documents.published import problems
from storefleet.workflows import clock

FIRST = datetime.datetime(2026, 11, 1, 1, 0, tzinfo=datetime.UTC)
NIGHTS = 14
GOOD, BAD, DARK = "mended", "broken", "dark"


def plan(seed):
    """Return host → what it is each night; some flap, some stay broken, some are dark for a while."""
    chance = random.Random(seed)
    hosts = sorted(path.stem for path in (RECORDINGS / BAD).glob("*.txt"))
    nights = {}
    for host in hosts:
        state, row = GOOD, []
        for _ in range(NIGHTS):
            if chance.random() < 0.35:
                state = chance.choice([GOOD, BAD, BAD, DARK])
            row.append(state)
        nights[host] = row
    nights["S0003-pos1"] = [BAD, GOOD] * 7  # flaps
    nights["S0002-pos1"] = [BAD] * 3 + [DARK] * 4 + [BAD] * 4 + [GOOD] * 3  # dark is neither fixed nor new
    return nights


def recording_of_night(target, nights, night):
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    for host, row in nights.items():
        if row[night] != DARK:
            shutil.copy(RECORDINGS / row[night] / f"{host}.txt", target)
    return target


def broken_findings(folder):
    """Return host → the findings of its broken recording; the audit of one night tells them."""
    ended = storefleet("audit", "--fleet", folder, "--replay", RECORDINGS / BAD, "--format", "json")
    found = {}
    for host in ended.document["hosts"]:
        for result in host["results"]:
            if result["state"] == "fail":
                found.setdefault(host["host"], set()).update(
                    (result["control"], each["key"]) for each in result["findings"]
                )
    return found


class Oracle:
    """What one finding should be, from nothing but what its host was each night."""

    def __init__(self):
        self.seen = False
        self.open_since = None
        self.openings = []

    def night(self, state, at):
        if state == DARK:
            return None
        if state == GOOD:
            was, self.open_since = self.open_since, None
            return "fixed" if was else None
        if self.open_since is not None:
            return "still"
        change = "reopened" if self.seen else "new"
        self.seen, self.open_since = True, at
        self.openings.append(at)
        return change

    def flapping(self, at):
        recent = [one for one in self.openings if (at - one).days < 14]
        return len(recent) if len(recent) >= 3 else 0


def test_every_finding_has_the_life_that_its_host_gave_it(fleet, tmp_path, monkeypatch):
    nights = plan(seed=1)
    shutil.copytree(fleet, tmp_path / "measure")
    findings = broken_findings(tmp_path / "measure")
    assert sum(map(len, findings.values())) >= 6
    oracles = {(host, *place): Oracle() for host, places in findings.items() for place in places}
    for night in range(NIGHTS):
        at = FIRST + datetime.timedelta(days=night)
        monkeypatch.setattr(clock, "now", lambda at=at: at)
        folder = recording_of_night(tmp_path / "night", nights, night)
        ended = storefleet("audit", "--fleet", fleet, "--replay", folder, "--min-coverage", "0", "--format", "json")
        document = json.loads(ended.out)
        assert problems(document, "audit-1") == []
        expected = {where: oracle.night(nights[where[0]][night], at) for where, oracle in oracles.items()}
        told = {
            (host["host"], result["control"], finding["key"]): finding
            for host in document["hosts"]
            for result in host["results"]
            if result["state"] == "fail"
            for finding in result["findings"]
        }
        gone = {(item["host"], item["control"], item["key"]): item["how"] for item in document["closed"]}
        assert {where: finding["change"] for where, finding in told.items()} == {
            where: change for where, change in expected.items() if change not in (None, "fixed")
        }, f"night {night}"
        assert gone == {where: "fixed" for where, change in expected.items() if change == "fixed"}
        for where, finding in told.items():
            assert finding["first_seen"] == oracles[where].open_since.strftime("%Y-%m-%dT%H:%M:%SZ")
            assert finding["flapping"] == oracles[where].flapping(at)
        for store in document["stores"]:
            assert store["open"] == sum(where[0].startswith(store["store"]) for where in told)
    listed = storefleet("runs", "list", "--fleet", fleet, "--format", "json").document["runs"]
    assert len(listed) == NIGHTS
    assert [run["info"]["started_at"] for run in listed] == sorted(
        (run["info"]["started_at"] for run in listed), reverse=True
    )


def test_a_waiver_covers_until_its_day_and_is_named_from_fourteen_days_before(fleet, monkeypatch):
    (fleet / "audits" / "waivers.yaml").write_text(
        "waivers:\n  - {id: W-1, control: T-APP-01, hosts: S0003-pos1, reason: later, risk: small, requested_by: a,"
        " approved_by: b, expires: 2026-11-20}\n"
    )

    def night(day):
        monkeypatch.setattr(clock, "now", lambda: datetime.datetime(2026, 11, day, 1, tzinfo=datetime.UTC))
        words = ("audit", "--fleet", fleet, "--replay", RECORDINGS / BAD)
        text, document = storefleet(*words).out, storefleet(*words, "--format", "json").document
        (state,) = [
            result["state"]
            for host in document["hosts"]
            for result in host["results"]
            if (host["host"], result["control"]) == ("S0003-pos1", "T-APP-01")
        ]
        return state, text

    assert night(2)[0] == "waived"
    state, text = night(8)
    assert state == "waived"
    assert "expires in 12 days" in text
    assert night(20)[0] == "waived", "its last day is its own"
    state, text = night(21)
    assert state == "fail", "an expired waiver waives nothing"
