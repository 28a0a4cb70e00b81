"""Load a fleet as every verb does, Nornir's inventory included: ``python -m bench.load_inventory FLEET``."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from storefleet.inventory.nornir_plugin import to_nornir_inventory
from storefleet.workflows.workspace import open_workspace


def main(folder: Path) -> None:
    """Print how many hosts there are and how many seconds it took, without the start of Python."""
    started = time.perf_counter()
    workspace = open_workspace(folder)
    inventory = to_nornir_inventory(workspace.fleet, workspace.select(None))
    print(f"loaded {len(inventory.hosts)} {time.perf_counter() - started:.4f}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
