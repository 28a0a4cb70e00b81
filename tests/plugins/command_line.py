"""The command line as a person meets it, in this process: words in, exit code and both streams out."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from storefleet.cli.main import call

ROOT = Path(__file__).resolve().parents[2]
RECORDINGS = ROOT / "recordings"
EXPECTED = ROOT / "scripts" / "demo-expected.txt"


@dataclass(frozen=True)
class Ended:
    """How one command ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """Return standard output as the one JSON document that it must be."""
        return json.loads(self.out)


def storefleet(*words: object) -> Ended:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = call([str(word) for word in words])
    return Ended(code, out.getvalue(), err.getvalue())


def practice_fleet(target: Path) -> Path:
    """Copy the recorded fleet's folder; its audits are this repository's own, behind a link."""
    shutil.copytree(RECORDINGS / "fleet", target, ignore=shutil.ignore_patterns("var"))
    return target


def recordings_without(target: Path, *hosts: str, of: str = "mended") -> Path:
    target.mkdir()
    for path in (RECORDINGS / of).glob("*.txt"):
        if path.stem not in hosts:
            shutil.copy(path, target)
    return target


def findings(document: dict[str, Any]) -> set[str]:
    """Return ``host control key`` of every finding of a failing result."""
    return {
        f"{host['host']} {result['control']} {finding['key']}"
        for host in document["hosts"]
        for result in host["results"]
        if result["state"] == "fail"
        for finding in result["findings"]
    }


def expected_findings() -> set[str]:
    return {line for line in EXPECTED.read_text(encoding="utf-8").splitlines() if line}
