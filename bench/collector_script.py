"""The very script that storefleet would run on a host of a fleet: ``python -m bench.collector_script FLEET FILE``.

It is taken from the collector itself, by asking its step for the first effect, and framed as the session frames it. The
file's first line is the command for the far shell; the rest goes to that shell's standard input.
"""

from __future__ import annotations

import secrets
import sys
from pathlib import Path

from storefleet.connections.script import command_line, standard_input
from storefleet.model.effects import NONCE, RunScript
from storefleet.workflows import reading
from storefleet.workflows.sessions import live
from storefleet.workflows.validation import validated_rules
from storefleet.workflows.workspace import open_workspace, redaction_key


def collector_script(folder: Path) -> tuple[str, bytes]:
    """Return the command and the standard input with which the first host of the fleet is read."""
    workspace = open_workspace(folder)
    rules = validated_rules(workspace)
    limits = workspace.limits(None)
    certificates = reading.certificate_paths(rules.audits)
    connector = live(workspace, limits)
    reader = reading.Reader(workspace, connector, limits, rules.probes, redaction_key(workspace), certificates)
    host = next(iter(workspace.fleet.hosts.values()))
    effect = next(reader._step(host))  # noqa: SLF001 - the step is what storefleet itself would drive
    if not isinstance(effect, RunScript):
        raise TypeError(f"the collector asked for {type(effect).__name__} first, not for its script")
    user = workspace.fleet.credentials_for(host, "read")[0][1].user
    word = secrets.token_hex(8)
    script = effect.script.replace(NONCE, word)
    return command_line(user, privileged=effect.privileged, word=word), standard_input(script, word)


if __name__ == "__main__":
    command, script = collector_script(Path(sys.argv[1]))
    Path(sys.argv[2]).write_bytes(f"{command}\n".encode() + script)
