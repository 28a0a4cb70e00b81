"""Paths: what they name, how they are written back, and that nobody's text can change their shape."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storefleet.audit.pointer import Keyed, Name, PointerFault, parse
from storefleet.audit.resolve import resolve
from storefleet.audit.shape import name_step, state_schema, token
from storefleet.audit.verdict import placed

FACTS = {
    "security": {"users": [{"name": "root", "uid": 0}, {"name": "a,b]", "uid": 0}, {"name": "x", "uid": 5}]},
    "services": {"posd.service": {"active": "active"}, "we ird/x": {"active": "failed"}},
    "ports": {"reachable": {"pay:1": {"result": "open"}}, "listening": [{"proto": "tcp", "port": 1}]},
}


def keys(path, *, as_list=False):
    return [(t.key, t.present) for t in resolve(parse(path), FACTS, state_schema(), as_list=as_list)]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/services/posd.service/active", ["/services/posd.service/active"]),
        ("/services[posd.service]/active", ["/services/posd.service/active"]),
        ('/services["we ird/x"]/active', ['/services["we ird/x"]/active']),
        ("/services/we ird~1x/active", ['/services["we ird/x"]/active']),
        ("/services/*[active=failed]", ['/services["we ird/x"]']),
        ("/security/users[root]/uid", ["/security/users[root]/uid"]),
        ('/security/users["a,b]"]/uid', ['/security/users["a,b]"]/uid']),
        ("/security/users[uid=0]/name", ["/security/users[root]/name", '/security/users["a,b]"]/name']),
        ("/security/users[uid=0][name=root]/uid", ["/security/users[root]/uid"]),
        (
            "/security/users/*/uid",
            ["/security/users[root]/uid", '/security/users["a,b]"]/uid', "/security/users[x]/uid"],
        ),
        ("/ports/reachable[pay:1]/result", ["/ports/reachable[pay:1]/result"]),
        ("/ports/listening[tcp,,1]/proto", ["/ports/listening[tcp,,1]/proto"]),
    ],
)
def test_a_path_names_elements_by_stable_keys(path, expected):
    assert keys(path) == [(key, True) for key in expected]


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("/services[telnet.socket]/active", "/services/telnet.socket/active"),
        ("/ports/reachable[pay2:1]/result", "/ports/reachable[pay2:1]/result"),
        ("/security/users[nobody]/uid", "/security/users[nobody]/uid"),
        ("/security/users[uid=7]/shell", "/security/users[uid=7]/shell"),
        ("/system/hostname", "/system/hostname"),
    ],
)
def test_an_absent_place_has_the_key_that_it_would_have(path, key):
    assert keys(path) == [(key, False)]


def test_a_filter_at_the_end_gives_the_filtered_list_where_a_list_is_judged():
    target = resolve(parse("/security/users[uid=0]"), FACTS, state_schema(), as_list=True)[0]
    assert (target.key, len(target.value)) == ("/security/users", 2)


@pytest.mark.parametrize("text", ["", "x", "/a//b", "/a[", "/a[b", "/a[b]]", '/a["b]', "/a~2", "/a[b][", "/a]b"])
def test_what_is_no_path_is_refused(text):
    with pytest.raises(PointerFault):
        parse(text)


@given(st.text())
def test_any_text_is_a_path_or_a_fault(text):
    with contextlib.suppress(PointerFault):
        parse(text)


@given(st.text(st.characters(exclude_categories=("Cs",))))
def test_any_name_can_be_written_and_read_back(name):
    assert parse(f"/services{name_step(name)}").steps[1:] in {(Name(name),), (Keyed((name,)),)}
    assert parse(f"/security/users[{token(name)}]").steps[2] == Keyed((name,))
    assert token(name).isprintable()


def test_rendered_text_cannot_change_the_shape_of_a_path():
    pointer = parse("/ports/reachable[{{ e }}:1]/result")
    made = placed(pointer, {"e": "x]/../*[a=b"})
    assert made.steps[2] == Keyed(("x]/../*[a=b:1",))
