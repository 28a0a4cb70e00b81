"""The conformance suite uses the fake devices of ``tests/support``."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "support"))  # tests are no package
