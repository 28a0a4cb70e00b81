"""One script for many looks, each framed by the word of the run, and what each of them printed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from storefleet.collect.quote import quote
from storefleet.model.changes import Inquire, ReadFile, ReadText, ReadUnit
from storefleet.model.effects import NONCE, Effect, Output
from storefleet.modules import frames, placing, remote

LARGEST = 256 * 1024
"""Bytes of a file that is read ahead; a larger one is read when a task asks for it."""

_LOOK = f"""say() {{ printf '{NONCE} %s\\n' "$1"; }}
look() {{
  p=$1 d=${{1%/*}}
  [ ".$d" = "$last" ] || {{ last=.$d is_linked=; if linked "$p"; then is_linked=1; fi; }}
  if [ "$is_linked" ]; then say 'link 777 - - 0'
  elif [ -L "$p" ]; then
    to=$(readlink "$p") && say "link 777 root root $(( $(printf %s "$to" | wc -c) ))" && printf %s "$to"
  elif [ ! -e "$p" ]; then say 'absent 0 - - 0'
  elif [ -f "$p" ]; then
    has "$p" && [ "$size" -le {LARGEST} ] || return 1
    say "file $has $size" && {{ [ "$size" = 0 ] || cat "$p"; }}
  elif [ -d "$p" ]; then has "$p" && say "directory $has 0"
  else say 'other 0 - - 0'
  fi && printf '\\n{NONCE} end\\n'
}}
last=
"""
"""As :func:`storefleet.modules.remote.read_file` looks, with as few processes as can be: tills are slow."""


def script(looks: Sequence[Effect[Any]]) -> str:
    """Return the script that looks at all of these; one that fails leaves the others alone."""
    parts = [f"begin {number}\n{_one(look)}\nend $?\n" for number, look in enumerate(looks)]
    return f"{remote.SETUP}\n{placing.LOOK}{frames.FUNCTIONS}{_LOOK}{{\n{''.join(parts)}}} 2>/dev/null </dev/null\n"


def _one(look: Effect[Any]) -> str:
    if isinstance(look, ReadFile):
        return f"look {quote(look.path)}"
    if isinstance(look, ReadUnit):
        return f"( {remote.read_unit(look)} )"
    if isinstance(look, ReadText):
        return f"( {look.script}\n)"
    if isinstance(look, Inquire):
        return f"( {look.script}\n) 2>&1"
    message = f"no look ahead is known for {type(look).__name__}"
    raise TypeError(message)


def parts(output: Output, looks: Sequence[Effect[Any]]) -> Mapping[Effect[Any], Output]:
    """Return what each look printed, and how it ended; those that did not come whole are left out."""
    return {looks[number]: part for number, part in frames.parts(output).items() if number < len(looks)}
