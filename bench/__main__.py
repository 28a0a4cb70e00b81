"""``python -m bench``: measure, print one line per figure, say which targets are met."""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import fields
from pathlib import Path

from bench import machine, table
from bench.figures import FIGURES, TOGETHER
from bench.sides import BenchError
from bench.stage import Stage, Wishes
from bench.till import LOGINS, ensure_root


def arguments(argv: list[str]) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--hosts", "-n", type=int, default=300, help="hosts that are read (default 300)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each comparison (default 3)")
    parser.add_argument("--workers", type=int, default=20, help="hosts at a time, on every side (default 20)")
    parser.add_argument("--login", choices=sorted(LOGINS), default="root", help="as root, or a user with sudo")
    parser.add_argument("--ansible-hosts", type=int, default=50, help="at most so many hosts where Ansible takes part")
    parser.add_argument("--line-hosts", type=int, default=60, help="at most so many hosts over a line with delay")
    parser.add_argument("--documents", type=int, default=25_000, help="hosts audited from a recording (default 25,000)")
    parser.add_argument("--figures", default="all", help=f"comma-separated, of: {', '.join([*FIGURES, *TOGETHER])}")
    parser.add_argument("--json", type=Path, help="write the table there as a JSON document too")
    return parser.parse_args(argv)


def measure(options: argparse.Namespace) -> int:
    """Measure the figures asked for; the exit status is 1 where a target was missed."""
    asked = list(FIGURES) if options.figures == "all" else options.figures.split(",")
    names = [name for word in asked for name in TOGETHER.get(word, (word,))]
    unknown = [name for name in names if name not in FIGURES]
    if unknown:
        print(f"no figure {', '.join(unknown)}; there are: {', '.join([*FIGURES, *TOGETHER])}", file=sys.stderr)
        return 2
    wishes = Wishes(**{field.name: getattr(options, field.name) for field in fields(Wishes)})
    head = table.header()
    found: list[table.Figure] = []
    stage = Stage(Path(os.environ[machine.FOLDER]), wishes)
    for name in names:
        print(f"{name}:", file=sys.stderr, flush=True)
        try:
            lines = FIGURES[name](stage)
        except BenchError as fault:
            print(f"{name} was not measured: {fault}", file=sys.stderr)
            return 3
        found += lines
        sys.stderr.write("".join(f"{line.row()}\n" for line in lines))
    sys.stdout.write(table.text(head, found))
    if options.json:
        document = {**head, "figures": [line.document() for line in found]}
        options.json.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")
    return int(any(line.verdict == table.MISSED for line in found))


def main(argv: list[str]) -> int:
    """Enter the bench's own namespaces, then measure."""
    options = arguments(argv)
    if machine.MARK in os.environ:
        return measure(options)
    if os.geteuid() != 0:
        print("the bench boots a till in namespaces of its own, which needs root", file=sys.stderr)
        return 2
    ensure_root()
    return machine.enter(argv)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
