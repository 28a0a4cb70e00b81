"""`check --ansible PATH`: what of an existing tree of playbooks runs here as it is, and what does not, line by line."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from storefleet.documents.nodes import Mapping, Sequence
from storefleet.documents.reader import parse, read_text
from storefleet.errors import Complaint, InputError
from storefleet.model.base import Value
from storefleet.playbook.load import load_playbook
from storefleet.playbook.sources import sources_of

MOST_FILES = 5_000
"""Files of YAML beyond which a tree is not what somebody meant."""

_PLAY = re.compile(r"^(?:- |  )hosts:", re.MULTILINE)
_WORD = re.compile(r"`([^`]+)`")


class AnsiblePlaybook(Value, frozen=True):
    """One playbook of the tree, and why it does not run here, where it does not."""

    playbook: str
    complaints: tuple[str, ...]


class AnsibleCheck(Value, frozen=True, kw_only=True):
    """The whole report (``storefleet.ansible-check/1``); ``words`` counts what stands in the way, the most first."""

    format: str = "storefleet.ansible-check/1"
    tree: str
    playbooks: tuple[AnsiblePlaybook, ...]
    words: dict[str, int]

    @property
    def running(self) -> int:
        """Return how many playbooks run as they are."""
        return sum(not one.complaints for one in self.playbooks)


@dataclass(frozen=True)
class _Found:
    path: Path
    shown: str


def check_ansible(tree: Path) -> AnsibleCheck:
    """Read every playbook of a tree; raises :class:`InputError` where there is none."""
    if not tree.exists():
        raise InputError(f"--ansible {tree}: there is no such file or folder")
    found = list(_playbooks(tree))
    if not found:
        raise InputError(f"--ansible {tree}: no file there is a playbook (a list of plays with `hosts:`)")
    told = tuple(AnsiblePlaybook(one.shown, tuple(map(str, _complaints(one)))) for one in found)
    words = Counter(word for one in told for line in one.complaints for word in _WORD.findall(line)[:1])
    return AnsibleCheck(tree=str(tree), playbooks=told, words=dict(words.most_common()))


def _complaints(found: _Found) -> tuple[Complaint, ...]:
    try:
        load_playbook(found.path, found.shown, sources_of(found.path), names=False)
    except InputError as fault:
        return fault.complaints
    return ()


def _playbooks(tree: Path) -> Iterator[_Found]:
    """Yield the files that hold plays; roles, variables and task files are read where a play names them."""
    if tree.is_file():
        yield _Found(tree, tree.name)
        return
    files = sorted(path for path in tree.rglob("*") if path.suffix in (".yml", ".yaml") and path.is_file())
    if len(files) > MOST_FILES:
        raise InputError(f"--ansible {tree}: more than {MOST_FILES:,} files of YAML; name the folder of the playbooks")
    for path in files:
        shown = str(path.relative_to(tree))
        try:
            text = read_text(path, shown)
        except InputError:
            continue
        try:
            node = parse(text, shown)
        except InputError:
            if _PLAY.search(text):  # a playbook that is no YAML is told; what is encrypted, or no play, is not
                yield _Found(path, shown)
            continue
        if isinstance(node, Sequence) and any(
            isinstance(item, Mapping) and any(key.text in ("hosts", "import_playbook") for key, _ in item.entries)
            for item in node.items
        ):
            yield _Found(path, shown)
