"""YAML text becomes nodes with lines; what would crash, hang or surprise is refused at its line."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from storefleet.documents import reader
from storefleet.documents.nodes import Mapping, Node, Scalar, Sequence
from storefleet.errors import InputError


def plain(node: Node | None):
    if isinstance(node, Mapping):
        return {key.text: plain(value) for key, value in node.entries}
    if isinstance(node, Sequence):
        return [plain(item) for item in node.items]
    return node.text if node else None


def refused(text: str) -> str:
    with pytest.raises(InputError) as caught:
        reader.parse(text, "f.yaml")
    return str(caught.value)


def test_texts_stay_as_written():
    node = reader.parse("a: 0412\nb: 12:30\nc: 2.10\nd: NO\ne: 2026-11-22\nf: 'x'\n", "f.yaml")
    assert plain(node) == {"a": "0412", "b": "12:30", "c": "2.10", "d": "NO", "e": "2026-11-22", "f": "x"}


def test_every_node_knows_its_line():
    node = reader.parse("a: 1\nb:\n  - x\n  - {c: y}\n", "f.yaml")
    assert isinstance(node, Mapping)
    (key_a, _), (key_b, items) = node.entries
    assert isinstance(items, Sequence)
    assert (key_a.source.line, key_b.source.line) == (1, 2)
    assert [item.source.line for item in items.items] == [3, 4]
    assert items.items[0].source.path == "f.yaml"


def test_quoted_and_block_texts_are_not_plain():
    node = reader.parse("[true, 'true', \"true\", !!str true, ! true]", "f.yaml")
    assert isinstance(node, Sequence)
    assert [item.plain for item in node.items if isinstance(item, Scalar)] == [True, False, False, False, False]
    block = reader.parse("|\n 12\n", "f.yaml")
    assert isinstance(block, Scalar)
    assert (block.text, block.plain) == ("12\n", False)


def test_an_empty_document_is_none():
    assert reader.parse("", "f.yaml") is None
    assert reader.parse("# only words\n", "f.yaml") is None


def test_anchors_are_expanded_where_they_stand():
    assert plain(reader.parse("a: &x [1]\nb: *x\n", "f.yaml")) == {"a": ["1"], "b": ["1"]}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("a: 1\nb: 2\na: 3\n", "f.yaml:3: the key 'a' stands twice here; the first is in line 1"),
        ("a: &x [*x]\n", "f.yaml:1: the alias *x stands inside its own anchor or has none"),
        ("a: *y\n", "f.yaml:1:"),
        ("a: 1\n---\nb: 2\n", "f.yaml:2: a second YAML document"),
        ("a: !!python/name:os.system x\n", "f.yaml:1: the tag tag:yaml.org,2002:python/name:os.system is not allowed"),
        ("a: !vault x\n", "f.yaml:1: the tag !vault is not allowed"),
        ("a: !!timestamp 2026-01-01\n", "is not allowed"),
        ("? [a, b]\n: c\n", "f.yaml:1: a key must be plain text"),
        ("a: [1, 2\n", "not valid YAML"),
        ("a:\n\tb: 1\n", "f.yaml:2: not valid YAML"),
        ("a: \x00\n", "not valid YAML"),
        ("%YAML 9.9\n---\na\n", "not valid YAML"),
        ("[" * 65 + "]" * 65, "f.yaml:1: nested deeper than 64 levels"),
        ("[" * 40_000, "nested deeper than 64 levels"),
        ("- " * 40_000, "nested deeper than 64 levels"),
        ("{a: " * 40_000, "nested deeper than 64 levels"),
    ],
)
def test_what_cannot_stand_is_refused_at_its_line(text: str, complaint: str):
    assert complaint in refused(text)


def test_duplicate_keys_are_all_named_at_once():
    assert refused("a: 1\na: 2\nb: 1\nb: 2\n").count("stands twice") == 2


def test_sixty_four_levels_are_fine():
    assert reader.parse("[" * 64 + "]" * 64, "f.yaml") is not None


def test_a_bomb_of_aliases_is_refused_before_it_is_expanded():
    lines = ["a0: &a0 [x,x,x,x,x,x,x,x,x,x]"]
    lines += [f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 30)]
    assert "a YAML bomb?" in refused("\n".join(lines))


def test_aliases_cannot_nest_deeper_than_a_file_may():
    """Each alias adds the depth of what it names; a hundred steps of one level each are a depth of a hundred."""
    lines = ["- &a0 [x]", *(f"- &a{n} [*a{n - 1}]" for n in range(1, 100))]
    assert "nested deeper than 64 levels" in refused("\n".join(lines))


def test_a_file_is_read_with_or_without_a_mark_and_only_as_utf8(tmp_path: Path):
    path = tmp_path / "f.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert plain(reader.read(path, "f.yaml")) == {"a": "1"}
    path.write_bytes("a: 1\nb: Köln\n".encode("latin-1"))
    with pytest.raises(InputError, match=r"^f\.yaml:2: not UTF-8 here"):
        reader.read(path, "f.yaml")
    with pytest.raises(InputError, match="cannot be read: No such file"):
        reader.read(tmp_path / "none.yaml", "none.yaml")
    with pytest.raises(InputError, match="cannot be read: Is a directory"):
        reader.read(tmp_path, "folder")


def test_a_file_above_the_limit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(reader, "MAX_BYTES", 1024 * 1024)
    path = tmp_path / "f.yaml"
    path.write_bytes(b"x" * (1024 * 1024 + 1))
    with pytest.raises(InputError, match="larger than 1 MiB"):
        reader.read(path)


LEAVES = st.text(alphabet=st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=12)
TREES = st.recursive(LEAVES, lambda t: st.lists(t, max_size=4) | st.dictionaries(LEAVES, t, max_size=4), max_leaves=20)


@given(TREES)
def test_what_pyyaml_writes_is_read_back_as_the_same_texts(tree):
    text = yaml.safe_dump(tree, allow_unicode=True, default_style='"')
    assert plain(reader.parse(text, "f.yaml")) == tree


@given(st.text(alphabet="[]{}:,-&*!|>'\"#% \nab01?@`\t", max_size=60))
@settings(max_examples=300)
def test_no_text_does_more_than_be_refused(text: str):
    with contextlib.suppress(InputError):
        reader.parse(text, "f.yaml")
