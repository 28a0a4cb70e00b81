"""Documents of the published shape, with the worst that a device can put into a name or a value."""

from __future__ import annotations

from hypothesis import strategies as st

from storefleet.audit.shape import state_schema

HOSTILE = st.one_of(
    st.sampled_from(["", " ", "a", "b", "0", "true", "null", "4444", "0.0.0.0", "10.1.1.1", "127.0.0.1/8", "1.2-3"]),
    st.sampled_from(["a,b", "]", "[", "/", "~1", "=", " = ", " # x", "#", '"', "\\", "*", "{{ x }}", "é"]),
    st.sampled_from(["\n", "\r\n", "\x1b[31m", "\u2028", "\u202e", "\x85", "--- a", "+++ b", "@@ -1 +1 @@"]),
    st.text(st.characters(exclude_categories=("Cs",)), max_size=6),
)
ANY_JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), HOSTILE),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(HOSTILE, inner, max_size=3)),
    max_leaves=6,
)


def of_shape(node) -> st.SearchStrategy:
    """Return values of one place of the state schema."""
    if "enum" in node:
        return st.sampled_from(node["enum"])
    kind = node.get("type")
    if isinstance(kind, list):
        return st.one_of(*(of_shape({**node, "type": part}) for part in kind))
    plain = {"string": HOSTILE, "integer": st.integers(-9, 99999), "boolean": st.booleans()}
    if kind in plain:
        return plain[kind]
    if kind == "number":
        return st.one_of(st.integers(-9, 999), st.floats(-5, 5, allow_nan=False))
    if kind == "array":
        return st.lists(of_shape(node.get("items", {})), max_size=3)
    if kind == "object" and "properties" in node:
        return st.fixed_dictionaries({}, optional={name: of_shape(part) for name, part in node["properties"].items()})
    if kind == "object":
        rest = node.get("additionalProperties")
        return st.dictionaries(HOSTILE, of_shape(rest) if isinstance(rest, dict) else ANY_JSON, max_size=3)
    return ANY_JSON


_PARTS = {
    name: of_shape(part)
    for name, part in state_schema()["properties"].items()
    if name in {"network", "ports", "software", "services", "security", "kernel", "app", "hardware"}
}
FACTS = st.fixed_dictionaries({}, optional=_PARTS)
BROKEN = st.dictionaries(st.sampled_from([*_PARTS, "x"]), ANY_JSON, max_size=4)
"""Documents that no collector should ever make."""
