"""The front door: find a fleet folder, and read its inventory."""

from __future__ import annotations

from storefleet.inventory.contents import Fleet
from storefleet.inventory.find import find_fleet
from storefleet.inventory.load import load_fleet

__all__ = ["Fleet", "find_fleet", "load_fleet"]
