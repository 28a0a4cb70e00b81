"""A lab that one test has for itself, since nobody mends what is done there, and storefleet at its head office."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from storefleet.lab.lab import Lab

REPOSITORY = Path(__file__).parents[2]
STOREFLEET = str(Path(sys.executable).with_name("storefleet"))


def own_lab(name: str) -> Iterator[Lab]:
    """Give a lab that stands anew and is gone afterwards."""
    Lab(name, REPOSITORY).down()
    yield Lab.up(name, root=REPOSITORY)
    Lab(name, REPOSITORY).down()


def storefleet(lab: Lab, *words: str) -> subprocess.CompletedProcess[str]:
    """Run it where it can reach the stores."""
    return lab.exec([STOREFLEET, *words, "--fleet", str(lab.place.fleet)])
