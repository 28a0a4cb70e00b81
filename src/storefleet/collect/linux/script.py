"""The one script, put together from the probe files that are data of this package."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import resources

from storefleet.collect.linux.readings import Reading
from storefleet.collect.plan import Endpoint
from storefleet.collect.quote import command, quote

_FILES = (
    "lib", "system", "network", "hosts", "ports", "software", "security", "jobs", "kernel", "files", "hardware",
    "reach", "app",
)  # fmt: skip

BLOCK = 32768
"""Bytes: what one SSH packet carries."""


@cache
def _source(name: str) -> str:
    text = resources.files("storefleet.collect.linux").joinpath("probes", f"{name}.sh").read_text(encoding="utf-8")
    lines = (line for line in text.splitlines() if not line.lstrip().startswith("#"))
    return "\n".join(line for line in lines if line.strip()) + "\n"


def script(asked: Sequence[Reading], endpoints: Sequence[Endpoint] = ()) -> str:
    """Return the script for these probes.

    Everything stands in functions and the last line calls them, so that a script which was cut on its way does nothing.
    The endpoints are measured side by side with all the rest; their lines wait in a pipe until the frames are out.
    ``dd`` gathers what the probes print line by line into blocks: a packet and two woken processes for each line would
    cost more, on both sides, than all the reading.
    """
    frames = [f"  frame {reading.id} {reading.cap} {reading.call}" for reading in asked]
    measured = [f"  reach {command((end.host, str(end.port), end.tls or ''))} &" for end in endpoints]
    untold = [f"    printf '%s\\tnone\\n' {quote(f'{end.host}:{end.port}')}" for end in endpoints]
    measure = ["  pick_tool", '  if [ -z "$TOOL" ]; then', *untold, "    return 0", "  fi", *measured, "  wait"]
    body = [
        "measure() {",
        *(measure if measured else ["  :"]),
        "}",
        "probes() {",
        *(["  ask_sshd"] if any(reading.id in ("users", "sshd") for reading in asked) else []),
        "  frame me 4096 p_me",
        *frames,
        "  frame clock 4096 p_clock",
        "  printf 'DONE %s\\n' \"$N\"",
        "}",
        "main() {",
        "  exec </dev/null",
        "  measure 2>/dev/null | { exec 5<&0 </dev/null; probes; }",
        "}",
        f"if dd obs={BLOCK} </dev/null >/dev/null 2>&1; then main | dd obs={BLOCK} 2>/dev/null; else main; fi; exit 0",
    ]
    return "".join(map(_source, _FILES)) + "\n".join(body) + "\n"
