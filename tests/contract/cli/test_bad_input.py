"""Bad input: every complaint at once with its place and a remedy, exit 2, nothing touched."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import RECORDINGS, Ended, storefleet

STORES = "inventory/stores.csv"
BLUEPRINTS = "inventory/blueprints.yaml"
GROUPS = "inventory/groups.yaml"
TILLS = "audits/till-baseline.yaml"
ROW = "S0004,New Place,north,Europe/Berlin,store,4,open,2,1,10.0.1.4"


def append(path: str, text: str) -> Callable[[Path], None]:
    def change(fleet: Path) -> None:
        target = fleet / path
        target.write_text(target.read_text() + text)

    return change


def replace(path: str, old: str, new: str) -> Callable[[Path], None]:
    def change(fleet: Path) -> None:
        text = (fleet / path).read_text()
        assert text.count(old) >= 1, old
        (fleet / path).write_text(text.replace(old, new, 1))

    return change


def control(number: int, place: str, schema: str) -> Callable[[Path], None]:
    return append(TILLS, f"  - {{id: X-BAD-{number:02}, title: T, severity: low, at: {place}, schema: {schema}}}\n")


def write(path: str, text: str) -> Callable[[Path], None]:
    return lambda fleet: (fleet / path).write_text(text) and None


BOMB = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))

CASES: dict[str, tuple[Callable[[Path], None], str]] = {
    "a store that stands twice": (
        append(STORES, "S0001,Again,north,Europe/Berlin,store,9,open,2,1,10.0.1.9\n"),
        r"inventory/stores\.csv:5: the store 'S0001' stands twice; the first is in line 2",
    ),
    "a bad CIDR": (
        replace(BLUEPRINTS, ".0/24", ".0/33"),
        r"inventory/blueprints\.yaml:2: intended\.subnet: not a network: .*; write it as ",
    ),
    "two stores that overlap": (
        append(STORES, "S0257,Twin,north,Europe/Berlin,store,1,open,2,1,10.0.1.9\n"),
        r"inventory/\S+:\d+: .*S0001.*",
    ),
    "an unknown time zone": (
        append(STORES, ROW.replace("Europe/Berlin", "Europe/Berln") + "\n"),
        r"inventory/stores\.csv:5: timezone: 'Europe/Berln' is not a known time zone; did you mean 'Europe/Berlin'\?",
    ),
    "a YAML key that stands twice": (
        append("inventory/defaults.yaml", "port: 22\n"),
        r"inventory/defaults\.yaml:3: the key 'port' stands twice here; the first is in line 2",
    ),
    "a YAML bomb": (write(GROUPS, BOMB), r"inventory/groups\.yaml:\d+: .+"),
    "forty thousand brackets": (
        write(BLUEPRINTS, "intended: " + "[" * 40_000 + "]" * 40_000),
        r"inventory/blueprints\.yaml:1: nested deeper than 64 levels",
    ),
    "a name that no template knows": (
        control(1, "/network/dns/servers", '{const: "{{ intended.dsn }}"}'),
        r"audits/till-baseline\.yaml:\d+: X-BAD-01: .*there is no 'dsn' here; did you mean 'dns'\?",
    ),
    "a misspelt keyword": (
        control(2, "/system/hostname", "{patern: '^S'}"),
        r"audits/till-baseline\.yaml:\d+: X-BAD-02: unknown keyword 'patern'.*did you mean 'pattern'\?",
    ),
    "a misspelt property": (
        control(3, "/services/posd.service", "{properties: {actve: {const: active}}}"),
        r"audits/till-baseline\.yaml:\d+: X-BAD-03: .*has no 'actve'; did you mean 'active'\?",
    ),
    "a misspelt path": (
        control(4, "/netwrok/dns/servers", "{minItems: 1}"),
        r"audits/till-baseline\.yaml:\d+: X-BAD-04: .*has no 'netwrok'; did you mean 'network'\?",
    ),
    "an empty schema": (
        control(5, "/system/hostname", "{}"),
        r"audits/till-baseline\.yaml:\d+: X-BAD-05: this cannot fail at /system/hostname: say what the value must be",
    ),
    "a secret in the inventory": (
        append(GROUPS, "shop: {password: hunter2-literal}\n"),
        r"inventory/groups\.yaml:5: 'password' holds a literal secret; name its source in credentials\.yaml",
    ),
    "a control for hosts that no field describes": (
        replace(TILLS, 'applies_to: "role=till"', 'applies_to: "colour=red"'),
        r"audits/till-baseline\.yaml:3: colour=red: there is no field 'colour'; use ",
    ),
}


def refused(fleet: Path, no_session: list[str]) -> str:
    """Return what both verbs say, when both refuse in the same words and leave everything as it was."""
    before = {path: path.read_bytes() for path in fleet.rglob("*") if path.is_file()}
    checked = storefleet("check", "--fleet", fleet)
    audited = storefleet("audit", "--fleet", fleet, "--replay", RECORDINGS / "mended")
    collected = storefleet("collect", "--fleet", fleet, "--replay", RECORDINGS / "mended")
    for ended in (checked, audited, collected):
        assert (ended.code, ended.out) == (2, ""), ended.err
        assert "Traceback" not in ended.err
    said = without_warnings(checked)
    assert without_warnings(audited) == without_warnings(collected) == said
    assert no_session == []
    assert {path: path.read_bytes() for path in fleet.rglob("*") if path.is_file()} == before
    assert not (fleet / "var").exists()
    assert "hunter2" not in said
    return said


def without_warnings(ended: Ended) -> str:
    return "\n".join(line for line in ended.err.splitlines() if not line.startswith("warning: "))


@pytest.mark.parametrize(("change", "said"), CASES.values(), ids=CASES)
def test_bad_input_is_refused_at_its_line_with_a_remedy_and_nothing_is_touched(change, said, fleet, no_session):
    change(fleet)
    text = refused(fleet, no_session)
    assert re.search(f"^{said}", text, re.MULTILINE), text


def test_all_that_is_wrong_is_said_at_once_over_all_files(fleet, no_session):
    whole = [name for name in CASES if not re.search("bomb|brackets|overlap|no field|CIDR|template", name)]
    for name in whole:
        CASES[name][0](fleet)
    text = refused(fleet, no_session)
    missing = [name for name in whole if not re.search(f"^{CASES[name][1]}".replace(":5:", r":\d+:"), text, re.M)]
    assert missing == []
    assert re.search(r"\d+ problems; nothing was touched\.$", text)


def test_every_bad_control_is_said_at_once(fleet, no_session):
    names = ["a name that no template knows", "a misspelt keyword", "a misspelt property", "a misspelt path"]
    for name in names:
        CASES[name][0](fleet)
    text = refused(fleet, no_session)
    assert [name for name in names if not re.search(f"^{CASES[name][1]}", text, re.MULTILINE)] == []


def test_ids_that_look_like_numbers_stay_text_as_they_were_written(fleet):
    append(STORES, ROW.replace("S0004", "0412") + "\n")(fleet)
    (fleet / "inventory" / "stores" / "0412.yaml").write_text(
        "because: its name is a number\nreview_by: 2027-06-30\nintended: {note: 0412, opens: 12:30, ok: NO}\n"
    )
    assert storefleet("check", "--fleet", fleet).code == 0
    ended = storefleet("inventory", "--fleet", fleet, "--format", "json", "-l", "0412")
    (store,) = [store for store in ended.document["stores"] if store["id"] == "0412"]
    assert {host["name"] for host in ended.document["hosts"]} >= {"0412-router", "0412-pos1"}
    assert [store["intended"][name] for name in ("note", "opens", "ok")] == ["0412", "12:30", "NO"]


@pytest.mark.parametrize("verb", ["inventory", "settings", "hostkeys list"])
def test_the_other_verbs_refuse_a_bad_inventory_too(verb, fleet):
    CASES["a store that stands twice"][0](fleet)
    ended = storefleet(*verb.split(), "--fleet", fleet)
    assert (ended.code, ended.out) == (2, "")
    assert "stands twice" in ended.err
