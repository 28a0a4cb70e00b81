"""Draw docs/picture.svg: the report of a real audit over the recorded sessions, with the clock of the run held still.

With --check say whether the picture in the docs is still what the product prints.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from storefleet.model.report import AuditDocument
from storefleet.reports.picture import svg_of
from storefleet.reports.terminal import audit_lines

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "picture.svg"
INSTANT = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ")
STILL = "2026-11-22T01:41:12Z"


def document() -> AuditDocument:
    """Audit the recordings and return the document, every instant of it the same."""
    with tempfile.TemporaryDirectory() as folder:
        fleet = Path(folder) / "fleet"
        shutil.copytree(ROOT / "recordings" / "fleet", fleet)
        command = [str(Path(sys.executable).with_name("storefleet")), "audit", "--fleet", str(fleet)]
        replay = ["--replay", str(ROOT / "recordings" / "broken"), "--format", "json"]
        done = subprocess.run([*command, *replay], capture_output=True, text=True, check=False)
    if done.returncode != 1:
        sys.exit(f"the audit of the recordings ended with {done.returncode}, not 1:\n{done.stderr}")
    return AuditDocument.from_json(json.loads(INSTANT.sub(STILL, done.stdout)))


def main() -> int:
    picture = svg_of(audit_lines(document(), width=100), title="storefleet audit")
    if "--check" in sys.argv:
        return int(TARGET.read_text(encoding="utf-8") != picture)
    TARGET.write_text(picture, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
