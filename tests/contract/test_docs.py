"""The documentation is true: its links, its commands, its layers, its reference page, and the recordings it replays."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
from command_line import RECORDINGS, ROOT, practice_fleet, storefleet

from storefleet.cli.app import COMMANDS, GROUPS, build
from storefleet.connections.recording import ReplaySession

PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
PLANNED = frozenset({"wave", "diagnose", "watch"})
"""Verbs of later issues: prose may name them, a block to be typed may not."""


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_the_reference_page_is_what_the_command_line_says():
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "cli_reference.py", "--check"],
        env={"PYTHONPATH": str(ROOT / "src"), "PATH": ""},
        check=False,
    )
    assert done.returncode == 0, "docs/reference/cli.md is not what the command line says: make reference"


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_every_link_of_a_page_leads_somewhere(page):
    text = re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    targets = [*re.findall(r"\]\(([^)\s]+)[^)]*\)", text), *re.findall(r'(?:src|href)="([^"]+)"', text)]
    missing = [
        target
        for target in targets
        if not re.match(r"[a-z]+:|#", target) and not (page.parent / target.partition("#")[0]).exists()
    ]
    assert missing == []


def typed_commands(page: Path) -> Iterator[list[str]]:
    """Yield the words of every `storefleet …` in a fenced block, up to what the shell does with it."""
    for block in re.findall(r"^ *```[^\n]*\n(.*?)^ *```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE):
        for line in block.replace("\\\n", " ").splitlines():
            for found in re.finditer(r"(?:^|&& |; |\$ |\| )\s*(?:[A-Z_]+=\S+ )*storefleet ([^#]*)", line):
                words = re.split(r"\s{3,}| [|;>&] | && |; ", found[1].strip())[0]
                yield shlex.split(words)


def test_pages_show_commands_at_all():
    assert sum(1 for page in PAGES for _ in typed_commands(page)) > 15


def parse(words: list[str]) -> None:
    """Parse a command line as the program would, and run nothing."""
    command: Any = typer.main.get_command(build())
    path, rest = ["storefleet"], list(words)
    if rest[0].startswith("-"):
        return
    while hasattr(command, "commands"):
        if hasattr(command, "usual") and (not rest or rest[0] not in command.commands):
            rest.insert(0, command.usual)
        assert rest, f"{' '.join(path)} is no whole command"
        assert rest[0] in command.commands, f"there is no `{' '.join([*path, rest[0]])}`"
        command = command.commands[rest[0]]
        path.append(rest.pop(0))
    if "-h" not in rest and "--help" not in rest:
        command.make_context(" ".join(path), rest)


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_every_command_of_a_page_is_one_that_can_be_typed(page):
    wrong = []
    for words in typed_commands(page):
        if any(re.fullmatch(r"[A-Z\[]+\S*|…|\.\.\.", word) and "[" in word for word in words):
            continue  # a line of usage, with its [OPTIONS]
        try:
            parse(words)
        except (Exception, AssertionError) as fault:  # noqa: BLE001 - whatever the parser says of it is the finding
            wrong.append(f"{shlex.join(words)}: {getattr(fault, 'message', None) or fault}")
    assert wrong == []


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_a_page_that_names_a_verb_in_its_prose_names_one_that_there_is(page):
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    verbs = set(re.findall(r"`storefleet ([a-z]+)[^`]*`", text))
    assert verbs - set(COMMANDS) - set(GROUPS) - PLANNED == set()


def test_the_layers_of_the_architecture_page_are_the_packages_and_the_contracts():
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    drawn = page.split("## Layers", 1)[1].split("```")[1]
    lines = [line.strip() for line in drawn.splitlines() if line.startswith("  ")]
    layers = [re.split(r"\s{2,}", line)[0].split(" | ") for line in lines]
    source = ROOT / "src" / "storefleet"
    packages = {path.parent.name for path in source.glob("*/__init__.py")} | {
        path.stem for path in source.glob("*.py") if path.stem != "__init__"
    }
    assert sorted(name for layer in layers for name in layer) == sorted(packages)
    contract = (ROOT / "pyproject.toml").read_text(encoding="utf-8").split("layers = [", 1)[1].split("]", 1)[0]
    assert layers == [line.split(" | ") for line in re.findall(r'"([^"]+)"', contract)]


@pytest.mark.parametrize("recorded", ["broken", "mended"])
def test_the_recordings_hold_what_this_version_asks(recorded, tmp_path, monkeypatch):
    exact = lambda transcript: ReplaySession(transcript, exact=True)  # noqa: E731 - one line in the place of a class
    monkeypatch.setattr("storefleet.workflows.sessions.ReplaySession", exact)
    fleet = practice_fleet(tmp_path / "fleet")
    ended = storefleet("collect", "--fleet", fleet, "--replay", RECORDINGS / recorded, "--format", "json")
    stale = {
        **{name: failure["reason"] for name, failure in ended.document["failures"].items()},
        **{
            document["host"]: gap["reason"]
            for document in ended.document["documents"]
            for gap in document["missing"]
            if "recording holds no further" in gap["reason"]
        },
    }
    assert stale == {}, f"recordings/{recorded} is older than the code that asks: make record"
    assert {path.stem for path in (RECORDINGS / recorded).iterdir()} == {
        document["host"] for document in ended.document["documents"]
    }
