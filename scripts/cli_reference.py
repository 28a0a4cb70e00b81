"""Write docs/reference/cli.md from the command line itself; with --check say whether it is true."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import typer.main

from storefleet.cli.app import build

TARGET = Path(__file__).resolve().parent.parent / "docs" / "reference" / "cli.md"


def commands(command: Any, path: str) -> list[tuple[str, Any]]:
    """Return every command below this one with its full name, in the order of the help."""
    if not hasattr(command, "commands"):
        return [(path, command)]
    own = [(path, command)] if path == "storefleet" else []
    return own + [entry for name, child in command.commands.items() for entry in commands(child, f"{path} {name}")]


def describe(name: str, command: Any) -> str:
    """Return one section: what it does, its arguments and options."""
    context = command.make_context(name, [], resilient_parsing=True)
    usage = command.get_usage(context).removeprefix("Usage: ")
    lines = [f"## {name}", "", f"`{usage}`", ""]
    for block in (command.help or "").strip().split("\n\n"):
        examples = block.removeprefix("\b\n")
        lines += ["```", examples, "```", ""] if examples != block else [block, ""]
    rows = [
        (", ".join([*parameter.opts, *parameter.secondary_opts]), parameter.help or "")
        for parameter in command.params
        if parameter.param_type_name == "option" and not parameter.hidden and parameter.opts != ["--help"]
    ]
    if rows:
        lines += ["| option | meaning |", "|---|---|"]
        lines += [f"| `{option}` | {text} |" for option, text in rows] + [""]
    return "\n".join(lines)


def render() -> str:
    """Return the whole page."""
    sections = [describe(name, command) for name, command in commands(typer.main.get_command(build()), "storefleet")]
    head = "# Commands\n\nWritten by `make reference` from the command line itself; a test compares the two.\n"
    return head + "\n" + "\n".join(sections).rstrip() + "\n"


def main() -> int:
    page = render()
    if "--check" in sys.argv:
        return int(TARGET.read_text(encoding="utf-8") != page)
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text(page, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
