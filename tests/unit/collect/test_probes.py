# ruff: noqa: E501 - a recorded line is as long as the tool prints it
"""probes.yaml: what it may say, and what is made of what a device answers."""

from pathlib import Path

import pytest
from collect_harness import NONCE, clock, plan, run
from hypothesis import given
from hypothesis import strategies as st

from storefleet.collect.probes import Probe, load_probes
from storefleet.collect.redact import redact
from storefleet.collect.registry import collector
from storefleet.documents import reader
from storefleet.errors import InputError

WORKED = """
probes:
  - id: pos-settings
    applies_to: "role=till"
    read: {file: /opt/pos/etc/pos.ini, max: 64KiB, encoding: gb18030}
    parse: ini
    take: {version: main/version, port: "acquirer/port:int", terminal_id: acquirer/tid}
    redact: [terminal_id]
    into: /app/pos
  - id: plu-age
    read: {stat: /var/lib/pos/plu.db}
    take: {age_s: age}
    into: /app/plu
  - id: lane-busy
    read: {run: [/opt/pos/bin/poscli, status, --json], timeout: 5s}
    parse: json
    busy_when: "{{ value.open_sale }}"
watch:
  - {hosts: "role=till", files: [/opt/pos/etc/*.ini], max: 256KiB}
"""


def load(text, **more):
    return load_probes(reader.parse(text, "probes.yaml"), **more)


def collected(probe, body, status=0):
    stdout = f"BEGIN {NONCE} app-0\n".encode() + body + f"\n\nEND {NONCE} app-0 {status}\n".encode()
    document = run(collector("linux").step(plan(probes=(probe,)), clock()), stdout)
    gaps = {gap.path: gap.reason for gap in document.missing if gap.path.startswith("/app")}
    return dict(document.facts).get("app"), gaps


def test_the_worked_example_is_read_whole():
    probes = load(WORKED)
    assert [probe.id for probe in probes.probes] == ["pos-settings", "plu-age", "lane-busy"]
    pos, plu, busy = probes.probes
    assert (pos.parse, pos.max_bytes, pos.encoding, plu.parse) == ("ini", 65536, "gb18030", "stat")
    assert (busy.run, busy.timeout_s, busy.busy_when) == (
        ("/opt/pos/bin/poscli", "status", "--json"),
        5,
        "{{ value.open_sale }}",
    )
    assert probes.watch[0].max_bytes == 256 * 1024


def test_no_document_means_no_probes():
    assert load_probes(None).probes == ()


@pytest.mark.parametrize(
    ("probe", "complaint"),
    [
        ("{id: a, read: {file: /a, stat: /a}, parse: ini, into: /app/a}", "exactly one of file, stat and run"),
        ("{id: a, read: {file: etc/a}, parse: ini, into: /app/a}", "not an absolute path"),
        ("{id: a, read: {file: /a}, parse: xml, into: /app/a}", "is due, not 'xml'"),
        ("{id: a, read: {file: /a}, parse: {regex: '('}, into: /app/a}", "not a regular expression"),
        ("{id: a, read: {file: /a}, parse: {regex: '(a+)+$'}, into: /app/a}", "can take for ever"),
        ("{id: a, read: {file: /a, max: 65KiB}, parse: {regex: 'v (.+)'}, into: /app/a}", "tried on 64KiB at most"),
        ("{id: a, read: {file: /a}, parse: {sed: s}, into: /app/a}", "exactly the key regex"),
        ("{id: a, read: {file: /a}, parse: ini, into: /system/a}", "not of the form /app/NAME"),
        ("{id: a, read: {file: /a}, parse: ini}", "nobody sees"),
        ("{id: a, read: {file: /a, max: 9GiB}, parse: ini, into: /app/a}", "not a size"),
        ("{id: a, read: {file: /a, max: 9MiB}, parse: ini, into: /app/a}", "not a size"),
        ("{id: a, read: {run: [/a], timeout: 5m}, parse: ini, into: /app/a}", "not a number of seconds"),
        ("{id: a, read: {file: /a, encoding: klingon}, parse: ini, into: /app/a}", "is not known"),
        ("{id: a, read: {file: /a}, parse: ini, into: /app/a, take: {x: 'a:date'}}", "int|float|bool|str"),
        ("{id: a, read: {file: /a}, parse: ini, into: /app/a, take: {x: a}, redact: [y]}", "not among the fields"),
        ("{id: a, read: {stat: /a}, parse: ini, into: /app/a}", "a stat needs none"),
        ("{id: a b, read: {file: /a}, parse: ini, into: /app/a}", "not made of letters"),
        ("{id: a, raed: {file: /a}, parse: ini, into: /app/a}", "did you mean 'read'"),
        ("{id: a, read: {file: /a}, parse: {textfsm: none.tpl}, into: /app/a}", "is no template"),
    ],
)
def test_what_cannot_stand_is_refused_at_its_line(probe, complaint):
    with pytest.raises(InputError) as caught:
        load("probes:\n  - " + probe)
    assert complaint in str(caught.value)
    assert all(one.line == 2 for one in caught.value.complaints)


def test_every_complaint_comes_at_once():
    two = "probes:\n  - {id: a, read: {file: a}, parse: ini, into: /app/a}\n  - {id: a, read: {file: /a}, parse: xml, into: /app/a}"
    with pytest.raises(InputError) as caught:
        load(two)
    assert len(caught.value.complaints) == 3


@pytest.mark.parametrize(
    ("parse", "pattern", "body", "take", "expected"),
    [
        ("ini", None, b"[main]\nVersion=2.10\n", {"v": "main/Version"}, {"v": "2.10"}),
        ("json", None, b'{"a": [{"b": 7}]}', {"b": "a/0/b:int"}, {"b": 7}),
        ("json", None, b'{"a": "\\ud800"}', {}, {"a": "?"}),
        ("yaml", None, b"a: 0412\nb: [1, true]", {}, {"a": "0412", "b": [1, True]}),
        ("keyvalue", None, b"# no\nport = 19003\nmode: live\n", {"p": "port:int", "m": "mode"}, {"p": 19003, "m": "live"}),
        ("lines", None, b"one\n\ntwo", {"first": "0"}, {"first": "one"}),
        ("lines", None, b"one\ntwo", {}, {"value": ["one", "two"]}),
        ("regex", r"^build (?P<build>\d+)", b"x\nbuild 77", {"b": "build:int"}, {"b": 77}),
        ("textfsm", "Value V (\\S+)\n\nStart\n  ^version ${V} -> Record\n", b"version 2.4", {"v": "0/V"}, {"v": "2.4"}),
        ("ini", None, "[a]\nname=收银\n".encode("gb18030"), {"name": "a/name"}, {"name": "收银"}),
    ],
)  # fmt: skip
def test_every_format_gives_its_fields(parse, pattern, body, take, expected):
    probe = Probe("a", file="/a", parse=parse, pattern=pattern, take=take, into="/app/a", encoding="gb18030")
    assert collected(probe, body) == ({"a": expected}, {})


@pytest.mark.parametrize(
    ("parse", "body"),
    [
        ("ini", b"no section"),
        ("json", b"{"),
        ("json", b"[NaN]"),
        ("json", b"[" * 9000),
        ("yaml", b"a: [1"),
        ("keyvalue", b"hello"),
        ("regex", b"nothing"),
    ],
)
def test_what_cannot_be_parsed_is_missing_and_not_quoted(parse, body):
    probe = Probe("a", file="/a", parse=parse, pattern="x(y)z", take={"f": "main/f"}, into="/app/a")
    facts, gaps = collected(probe, body + b"s3cret")
    assert facts is None
    assert gaps["/app/a/f"].startswith("cannot parse: ")
    assert "s3cret" not in str(gaps)


def test_a_field_of_another_type_is_missing_alone():
    probe = Probe("a", file="/a", parse="json", take={"n": "n:int", "m": "m"}, into="/app/a")
    assert collected(probe, b'{"n": "x", "m": 1}') == (
        {"a": {"m": 1}},
        {"/app/a/n": "cannot parse: a whole number is due"},
    )


@pytest.mark.parametrize(
    ("status", "reason"),
    [(121, "no such file"), (122, "needs root (sudo refused)"), (137, "timeout"), (3, "exit status 3")],
)
def test_a_probe_that_failed_is_missing_with_the_reason(status, reason):
    assert collected(Probe("a", file="/a", parse="json", into="/app/a"), b"{}", status) == (None, {"/app/a": reason})


def test_a_file_larger_than_its_limit_is_not_parsed_half():
    facts, gaps = collected(Probe("a", file="/a", parse="lines", max_bytes=10, into="/app/a"), b"12345678901")
    assert facts is None
    assert "more output" in gaps["/app/a"]


def test_a_redacted_field_shows_that_it_changed_and_nothing_else():
    probe = Probe("a", file="/a", parse="json", take={"pin": "pin"}, redact=("pin",), into="/app/a")
    (one, _), (same, _), (other, _) = (
        collected(probe, body) for body in (b'{"pin": 1234}', b'{"pin": 1234}', b'{"pin": 1235}')
    )
    assert one == same != other
    assert "1234" not in str(one)


def test_a_stat_tells_the_age_by_the_devices_own_clock_and_that_a_file_is_not_there():
    probe = Probe("a", stat="/a", parse="stat", take={"age_s": "age"}, into="/app/a")
    assert collected(probe, b"now\t1000\nstat\t644 root root 900 5") == ({"a": {"age_s": 100}}, {})
    assert collected(probe, b"absent\t1") == ({"a": {"exists": False}}, {})


def test_a_busy_probe_is_not_asked_by_night():
    probe = Probe("busy", run=("/opt/poscli",), parse="json", busy_when="{{ value }}")
    script = next(collector("linux").step(plan(probes=(probe,)), clock())).script
    assert "/opt/poscli" not in script


@given(text=st.text(), key=st.binary(min_size=1, max_size=32))
def test_redacting_twice_is_redacting_once(text, key):
    once = redact(text, key)
    assert redact(once, key) == once
    assert redact(redact(text, b""), b"") == redact(text, b"")


def test_the_shipped_example_is_read(request):
    path = Path(request.config.rootpath) / "inventory" / "probes.yaml"
    if not path.is_file():
        pytest.skip("this repository has no inventory/probes.yaml yet")
    assert load_probes(reader.read(path)) is not None
