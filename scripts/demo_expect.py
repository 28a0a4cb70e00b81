"""Hold the audit document of the demo against the deviations that were made: exactly those, and no other."""

from __future__ import annotations

import json
import sys
from pathlib import Path


def found(document: dict) -> set[str]:
    """Return ``host control key`` of every finding in the document."""
    return {
        f"{host['host']} {result['control']} {finding['key']}"
        for host in document["hosts"]
        for result in host["results"]
        if result["state"] == "fail"
        for finding in result["findings"]
    }


def main(report: str, expected: str) -> int:
    document = json.loads(Path(report).read_text(encoding="utf-8"))
    wanted = {line for line in Path(expected).read_text(encoding="utf-8").splitlines() if line}
    seen = found(document)
    for line in sorted(wanted - seen):
        print(f"demo: not found: {line}", file=sys.stderr)
    for line in sorted(seen - wanted):
        print(f"demo: found, and nobody broke it: {line}", file=sys.stderr)
    others = {
        state: count
        for state, count in document["totals"]["results"].items()
        if count and state in ("error", "unknown")
    }
    if others:
        print(f"demo: results that are neither pass nor fail: {others}", file=sys.stderr)
    return int(bool(wanted ^ seen or others))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
