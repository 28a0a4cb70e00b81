"""What every test folder shares: options and helpers live in small modules of ``plugins/``, one purpose each."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "plugins"))

pytest_plugins = ["goldens", "postgresql_server"]
