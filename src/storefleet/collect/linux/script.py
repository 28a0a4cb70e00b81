"""The one script, put together from the probe files that are data of this package."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import resources

from storefleet.collect.linux.readings import Reading

_FILES = ("lib", "system", "network", "hosts", "ports", "software", "security", "kernel", "files", "hardware")


@cache
def _source(name: str) -> str:
    text = resources.files("storefleet.collect.linux").joinpath("probes", f"{name}.sh").read_text(encoding="utf-8")
    lines = (line for line in text.splitlines() if not line.lstrip().startswith("#"))
    return "\n".join(line for line in lines if line.strip()) + "\n"


def script(asked: Sequence[Reading]) -> str:
    """Return the script for these probes.

    Everything stands in functions and the last line calls them, so that a script which was cut on its way does nothing.
    """
    frames = [f"  frame {reading.id} {reading.cap} {reading.call}" for reading in asked]
    body = [
        "main() {",
        "  exec 4>&1 </dev/null",
        "  frame me 4096 p_me",
        *frames,
        "  frame clock 4096 p_clock",
        "  printf 'DONE %s\\n' \"$N\"",
        "}",
        "main; exit 0",
    ]
    return "".join(map(_source, _FILES)) + "\n".join(body) + "\n"
