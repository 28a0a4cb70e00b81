"""Write the JSON Schemas of the fleet's own files from their types; ``--check`` only tells whether they are current."""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))

from storefleet.compliance.golden_file import SCHEMAS as GOLDEN_SCHEMAS
from storefleet.drift.schemas import SCHEMAS as DRIFT_SCHEMAS
from storefleet.inventory.schemas import SCHEMAS
from storefleet.notify.schemas import SCHEMAS as NOTIFY_SCHEMAS
from storefleet.playbook.schemas import SCHEMAS as PLAYBOOK_SCHEMAS
from storefleet.storage.schemas import SCHEMAS as STORAGE_SCHEMAS

FOLDER = Path(__file__).resolve().parent.parent / "src" / "storefleet" / "documents" / "schemas"


def main() -> int:
    stale = []
    every = {**SCHEMAS, **NOTIFY_SCHEMAS, **PLAYBOOK_SCHEMAS, **STORAGE_SCHEMAS, **GOLDEN_SCHEMAS, **DRIFT_SCHEMAS}
    for name, make in every.items():
        path = FOLDER / f"{name}.json"
        text = json.dumps(make(), indent=1, ensure_ascii=False) + "\n"
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if "--check" not in sys.argv:
            path.write_text(text, encoding="utf-8")
            print(f"written: {path.name}")
    if stale and "--check" in sys.argv:
        print(f"not current: {', '.join(stale)}; run: make schemas", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
