"""The one clock of the verbs, so that a test can let weeks pass: call it as ``clock.now()``."""

from __future__ import annotations

import datetime


def now() -> datetime.datetime:
    """Return the instant in UTC."""
    return datetime.datetime.now(datetime.UTC)
