"""Templates are strict about names, exact about types, and cannot reach out of the sandbox or eat the machine."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storefleet.templating.engine import compile_expression, compile_text, is_template, render_value, template_names
from storefleet.templating.filters import TemplateFault

ROOTS = {
    "store": {"number": 412, "name": "Lübeck", "items": [1, 2], "empty": "", "none": None},
    "intended": {"subnet": "10.101.156.0/24", "dns": ["10.0.0.53"], "version": "2.10", "endpoints": [
        {"name": "pay", "from": ["till"]}, {"name": "ntp"}, {"name": "px", "from": ["kiosk"]},
    ]},
    "n": 2,
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("plain", "plain"),
        ("{{ n }}", 2),
        (" {{ n }} ", 2),
        ("{{ n }}.", "2."),
        ("{{ n }}{{ n }}", "22"),
        ("{{ intended.version }}", "2.10"),
        ("v{{ intended.version }}", "v2.10"),
        ("{{ intended.dns }}", ["10.0.0.53"]),
        ("{{ (1, 2) }}", [1, 2]),
        ("{{ {'a': (1,)} }}", {"a": [1]}),
        ("{{ none }}", None),
        ("{{ store.none }}", None),
        ("{{ n > 1 }}", True),
        ("{{ store.number // 256 }}", 1),
        ("{{ '{{' }}", "{{"),
        ("{{ store.items }}", [1, 2]),
        ("{{ store['items'][0] }}", 1),
        ("{{ intended.subnet | nth_host(10 + n) }}", "10.101.156.12"),
        ("{{ intended.subnet | prefix_length }}", 24),
        ("{{ '10.1.2.9/22' | prefix_length }}", 22),
        ("{{ 'fd00::/64' | nth_host(1) }}", "fd00::1"),
        ("{{ intended.endpoints | for_role('till') | map(attribute='name') | list }}", ["pay", "ntp"]),
        ("{{ store.empty or 'x' }}", "x"),
        ("{{ store.nickname | default('none') }}", "none"),
        ("{{ store.nickname is defined }}", False),
        ("{% for i in store['items'] %}{{ i }};{% endfor %}", "1;2;"),
        ("{# only a remark #}", ""),
        ("a\n", "a\n"),
        ("{{ n }}\n", 2),
        ("x{{ n }}\n", "x2\n"),
    ],
)
def test_a_template_gives_the_value_with_its_type(text: str, value: object):
    found = render_value(text, ROOTS)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{{ stroe.number }}", "'stroe' is undefined"),
        ("{{ store.numbr }}", "there is no 'numbr' here; did you mean 'number'?"),
        ("x {{ store.numbr }}", "there is no 'numbr' here"),
        ("{{ store.numbr.x }}", "there is no 'numbr' here"),
        ("{{ [store.numbr] }}", "there is no 'numbr' here"),
        ("{{ store.number. }}", "expected name or number"),
        ("{{ store.number", "unexpected end of template"),
        ("{% if n %}", "Unexpected end of template"),
        ("{{ n | no_such_filter }}", "no_such_filter"),
        ("{{ n | nth_host(1) }}", "nth_host: 2 is not a network; write it as 10.1.2.0/24"),
        ("{{ 'x' | nth_host(1) }}", "nth_host: 'x' does not appear to be an IPv4 or IPv6 network"),
        ("{{ '10.1.2.3/24' | nth_host(1) }}", "has host bits set"),
        ("{{ '10.1.2.0/24' | nth_host(256) }}", "has no address number 256"),
        ("{{ '10.1.2.0/24' | nth_host(-1) }}", "has no address number -1"),
        ("{{ '10.1.2.0/24' | nth_host('1') }}", "has no address number '1'"),
        ("{{ '10.1.2.0/24' | nth_host(true) }}", "has no address number True"),
        ("{{ 1 // 0 }}", "ZeroDivisionError"),
        ("{{ store.number + 'x' }}", "TypeError"),
        ("{{ 'abc'.upper }}", "cannot be a value here"),
        ("x{{ 'abc'.upper }}", "a method without its brackets"),
        ("{{ range(9) }}", "'range' is undefined"),
        ("{{ cycler }}", "'cycler' is undefined"),
        ("{{ ''.__class__.__mro__ }}", "unsafe"),
        ("{{ ''['__class__'] }}", "unsafe"),
        ("{{ ('{0.__class__}').format(n) }}", "the method 'format' of text is not allowed"),
        ("{{ store.update({'a': 1}) }}", "'update' of 'dict' object is unsafe"),
        ("{{ intended.dns.append(1) }}", "'append' of 'list' object is unsafe"),
        ("{{ 'x'.ljust(9) }}", "the method 'ljust' of text is not allowed"),
        ("{{ 'x'['format'](9) }}", "the method 'format' of text is not allowed"),
        ("{% include 'x' %}", "no loader"),
        ("{% import 'x' as y %}", "no loader"),
    ],
)
def test_what_cannot_be_rendered_says_why_with_the_template(text: str, reason: str):
    with pytest.raises(TemplateFault) as caught:
        render_value(text, ROOTS)
    assert reason in str(caught.value)
    assert str(caught.value).startswith(text.strip()) or text in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "{{ 'x' * 10000000000 }}",
        "{{ 9 ** 9 ** 9 }}",
        "{{ 'x' | center(1000000000) }}",
        "{{ '%1000000000d' % 1 }}",
        "{{ [1] * 10000000000 }}",
        "{{ 2 ** 100000000 }}",
        "{{ 1 * 10 ** 100000 }}",
        "{% for a in 'xxxxxxxxxx' * 100 %}{% for b in 'xxxxxxxxxx' * 101 %}{{ a }}{% endfor %}{% endfor %}",
        "{{ 'x' | indent(100000000) }}{{ '%s' | format('x') }}{{ 'y' | wordwrap }}",
        "{{ ('x' * 900000) ~ ('x' * 900000) }}",
        "{{ 'x'.ljust(10000000000) }}",
        "{{ '{:>10000000000}'.format('x') }}",
        "{{ ['x' * 900000] | batch(1000000000, 'x') | list }}",
        "{{ lipsum(n=1000000) }}",
    ],
)
def test_a_template_cannot_eat_the_machine(text: str):
    started = time.monotonic()
    try:
        value = render_value(text, ROOTS)
    except TemplateFault:
        value = None
    assert len(str(value)) <= 1_000_002 or isinstance(value, int)
    assert time.monotonic() - started < 5


def test_names_are_the_roots_that_are_used():
    value = {"{{ host.name }}": ["{{ store.a + intended.b }}", 5, None, "{% set x = n %}{{ x }}"]}
    assert template_names(value) == {"host", "store", "intended", "n"}
    assert template_names("{% for i in n %}{{ i }}{% endfor %}") == {"n"}


def test_values_are_rendered_at_every_depth_keys_too():
    value = {"{{ n }}": [{"a": "{{ n }}"}, True, None, 1.5]}
    assert render_value(value, ROOTS) == {"2": [{"a": 2}, True, None, 1.5]}


def test_a_bare_expression_keeps_its_type_and_shows_itself():
    assert compile_expression("n > 1").render(ROOTS) is True
    with pytest.raises(TemplateFault, match=r"^n >: "):
        compile_expression("n >")
    with pytest.raises(TemplateFault, match="'m' is undefined"):
        compile_expression("m").render(ROOTS)
    with pytest.raises(TemplateFault):
        compile_expression("n }} {{ n")


def test_a_template_is_compiled_once():
    assert compile_text("{{ n }} once") is compile_text("{{ n }} once")


def test_rendering_does_not_change_what_it_was_given():
    roots = {"store": {"a": [1]}}
    render_value("{{ store.a }}", roots).append(2)
    assert roots == {"store": {"a": [1]}}


@given(st.text(max_size=30).filter(lambda text: not is_template(text)))
def test_text_without_template_syntax_is_itself(text: str):
    assert render_value(text, {}) == text


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@given(JSON)
def test_one_expression_gives_back_any_value_unchanged(value: object):
    assert render_value("{{ value }}", {"value": value}) == value
