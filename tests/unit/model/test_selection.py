"""Selectors mean what Ansible's mean, a typo is never silently nothing or everything, and no pattern runs away."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storefleet.errors import InputError, SelectorError
from storefleet.model.selection import parse, select
from storefleet.model.store import Host, Store


def store(name: str, region: str, **columns: object) -> Store:
    fields = {"timezone": "Europe/Berlin", "format": "express" if region == "south" else "supermarket", "number": 1}
    return Store(id=name, name=name, region=region, columns={"region": region, "status": "open", **columns}, **fields)


def host(name: str, role: str, platform: str = "linux", **changes: object) -> Host:
    row, _, device = name.rpartition("-")
    return Host(name=name, store=row, device=device, role=role, platform=platform, **changes)


STORES = {
    "S1": store("S1", "north", tills=[1, 2], opens_on="2014-03-01", hours="standard"),
    "S2": store("S2", "south", tills=[1], opens_on="2020-01-15", hours="mall, late"),
}
HOSTS = [
    host("S1-router", "router", "frr", groups=("edge",)),
    host("S1-pos1", "till", groups=("debian",), n=1, label="Kasse 1", data={"change": "night"}),
    host("S1-pos2", "till", groups=("debian", "spares"), n=2, status="spare", model="HP-RP9"),
    host("S2-router", "router", "frr", groups=("edge",), model="C1111"),
    host("S2-pos1", "till", groups=("debian",), n=1),
    host("bastion", "switch"),
]


def chosen(text: str, read_file=None) -> list[str]:
    return [each.name for each in select(text, HOSTS, STORES, read_file)]


# What Ansible gives for the same patterns over groups of the same names (its documented order: union, &, !).
ANSIBLE = {
    "all": ["S1-router", "S1-pos1", "S1-pos2", "S2-router", "S2-pos1", "bastion"],
    "*": ["S1-router", "S1-pos1", "S1-pos2", "S2-router", "S2-pos1", "bastion"],
    "S1-pos1": ["S1-pos1"],
    "S1:S2-pos1": ["S1-router", "S1-pos1", "S1-pos2", "S2-pos1"],
    "S1,S2-pos1": ["S1-router", "S1-pos1", "S1-pos2", "S2-pos1"],
    "debian:&S1": ["S1-pos1", "S1-pos2"],
    "&S1:debian": ["S1-pos1", "S1-pos2"],
    "debian:!S1": ["S2-pos1"],
    "!S1:debian": ["S2-pos1"],
    "edge:debian:&S1:!spares": ["S1-router", "S1-pos1"],
    "!debian": ["S1-router", "S2-router", "bastion"],
    "&debian": ["S1-pos1", "S1-pos2", "S2-pos1"],
    "&debian:&S1:!spares": ["S1-pos1"],
    "S*-pos1": ["S1-pos1", "S2-pos1"],
    "S?-router": ["S1-router", "S2-router"],
    "S[2-9]-*": ["S2-router", "S2-pos1"],
    "~S(1|2)-r": ["S1-router", "S2-router"],
    "~.*pos1$": ["S1-pos1", "S2-pos1"],
    "S1 : !S1-pos1 , ": ["S1-router", "S1-pos2"],
}
OURS = {
    "till": ["S1-pos1", "S1-pos2", "S2-pos1"],
    "tills:&north": ["S1-pos1", "S1-pos2"],
    "switches": ["bastion"],
    "frr": ["S1-router", "S2-router"],
    "express": ["S2-router", "S2-pos1"],
    "south:&routers": ["S2-router"],
    "role=till": ["S1-pos1", "S1-pos2", "S2-pos1"],
    "role = till": ["S1-pos1", "S1-pos2", "S2-pos1"],
    "role=till,role=router:!region=south": ["S1-router", "S1-pos1", "S1-pos2"],
    "role!=till": ["S1-router", "S2-router", "bastion"],
    "model=~^HP": ["S1-pos2"],
    "model!=HP-RP9:&till": ["S1-pos1", "S2-pos1"],
    "n>1": ["S1-pos2"],
    "n>=1:&n<2": ["S1-pos1", "S2-pos1"],
    "tills=2:&router": ["S1-router"],
    "tills<2": ["S2-router", "S2-pos1"],
    "opens_on<2015-01-01:&router": ["S1-router"],
    "status=spare": ["S1-pos2"],
    "store.status=open:&edge": ["S1-router", "S2-router"],
    "change=night": ["S1-pos1"],
    'label="Kasse 1"': ["S1-pos1"],
    "label='Kasse 1'": ["S1-pos1"],
    'hours="mall, late":&router': ["S2-router"],
    "group=spares": ["S1-pos2"],
    "host=bastion": ["bastion"],
    '"S1-pos1"': ["S1-pos1"],
}


@pytest.mark.parametrize(("text", "names"), [*ANSIBLE.items(), *OURS.items()])
def test_a_selection_means_exactly_these_hosts(text: str, names: list[str]):
    assert chosen(text) == names


REFUSED = {
    "": "is empty",
    " , :": "is empty",
    "stor=S1": "there is no field 'stor'; did you mean 'store'?",
    "stor=0001": "there is no field 'stor'",
    "tils": "nothing is called 'tils'; did you mean 'tills'?",
    "all:!S9": "nothing is called 'S9'",
    "role=nothing": "matches no host",
    "S1:!S1": "matches no host",
    "~(": "is not a regular expression",
    "~(a+)+b": "a repeat or choice within a repeat",
    "~(a|a)*b": "a repeat or choice within a repeat",
    r"~(a)\1": "a back reference",
    "~(?=x)y": "a look-around",
    "~.*.*.*.*x": "more than 3 repeats",
    "~" + "a" * 201: "longer than 200",
    "model=~(x*)*": "a repeat or choice within a repeat",
    "S1[0]": "positions such as [0]",
    "S1[0:2]": "positions such as [0]",
    "label=Kasse 1:'": "a quote is not closed",
    "two words": "is neither a name nor field=value",
    "$(id)": "is neither a name nor field=value",
    "n<many": "compare with a number",
    "@names": "a file of names is not read here",
}


@pytest.mark.parametrize(("text", "reason"), REFUSED.items())
def test_what_means_nothing_is_refused_with_the_reason(text: str, reason: str):
    with pytest.raises(SelectorError) as caught:
        chosen(text)
    assert reason in str(caught.value)
    assert isinstance(caught.value, InputError)


def test_a_file_of_names_is_a_union_and_takes_signs_before_it():
    def read_file(name: str) -> str:
        assert name == "retry.txt"
        return "S1-pos1\n# broken since Monday\n\nS2-* # all of it\n"

    assert chosen("@retry.txt", read_file) == ["S1-pos1", "S2-router", "S2-pos1"]
    assert chosen("till:!@retry.txt", read_file) == ["S1-pos2"]
    assert chosen("till:&@retry.txt", read_file) == ["S1-pos1", "S2-pos1"]


def test_names_and_fields_of_a_selection_can_be_asked_for():
    selector = parse("S1:&role=till:!spares")
    assert (selector.names(), selector.fields()) == ({"S1", "spares"}, {"role"})


def test_a_guarded_pattern_is_fast_on_the_worst_name():
    worst = [host("S1-" + "a" * 60, "till")]
    started = time.monotonic()
    with pytest.raises(SelectorError, match="matches no host"):
        select("~a*a*a*b", worst, STORES)
    assert time.monotonic() - started < 1


NAMES = st.sampled_from(
    ["S1", "S2", "till", "routers", "edge", "debian", "north", "S1-pos*", "role=till", "n>=1", "~S"]
)


def evaluate(text: str) -> set[str]:
    selector = parse(text)
    return {each.name for each in HOSTS if selector.matches(each, STORES.get(each.store))}


@given(NAMES, NAMES, NAMES)
def test_laws_of_sets(a: str, b: str, c: str):
    assert evaluate(f"{a}:!{a}") == set()
    assert evaluate(f"{a}:{b}") == evaluate(a) | evaluate(b) == evaluate(f"{b},{a}")
    assert evaluate(f"{a}:&{b}") == evaluate(a) & evaluate(b)
    assert evaluate(f"{a}:!{b}") == evaluate(a) - evaluate(b)
    assert evaluate(f"!{c}:{a}:&{b}") == evaluate(f"{a}:&{b}:!{c}") == (evaluate(a) & evaluate(b)) - evaluate(c)
    assert evaluate(f"all:!{a}") == evaluate(f"!{a}")


@given(st.text(max_size=40))
def test_any_text_either_selects_or_is_refused_as_a_selector(text: str):
    try:
        found = select(text, HOSTS, STORES)
    except SelectorError:
        return
    assert found
