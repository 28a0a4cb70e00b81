# ruff: noqa: T201, PLC0415 - vtysh answers on standard output, and must start at once
"""A stand-in for FRR's vtysh, in what was seen of 8.4.4: for scripts of a router, run by a shell of this machine.

Lines come by ``-f /dev/stdin``; ``-C`` only looks whether it knows them. ``refused`` of its state are lines that only
the real run refuses, with 0 and a line that begins with ``%``; ``respelt`` are lines that it takes as others;
``stubborn`` are lines that no ``no`` takes away; ``deaf`` is how many of its next files it takes and does nothing.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

NONCE_WORD = "0123456789abcdef"
BASE = """\
hostname S0001-router
no ipv6 forwarding
ip route 0.0.0.0/0 10.0.1.254
interface lan0
 description store LAN
 ip address 10.100.1.1/24
exit
interface wan0
 description to head office
 ip address 10.0.1.1/24
exit
"""


class Router:
    """Answers scripts by running them, with a ``vtysh`` of its own and its files below a folder."""

    def __init__(self, folder: Path, *shell: str, **state: object) -> None:
        self.folder, self.shell = folder, shell or ("sh",)
        folder.mkdir(exist_ok=True)
        self.scripts: list[str] = []
        self.saved.write_text(BASE)
        (folder / "state").write_text(json.dumps({"running": BASE, "said": [], **state}))

    @property
    def saved(self) -> Path:
        return self.folder / "frr.conf"

    @property
    def running(self):
        """Return what runs as `storefleet.compliance.lines` reads it; the double itself shares nothing with it."""
        from storefleet.compliance import lines

        return frozenset(lines.ordered(json.loads((self.folder / "state").read_text())["running"]))

    @property
    def argv(self) -> list[list[str]]:
        """Return how vtysh was called, as every account could see it."""
        return json.loads((self.folder / "state").read_text())["said"]

    def set(self, **state: object) -> None:
        old = json.loads((self.folder / "state").read_text())
        (self.folder / "state").write_text(json.dumps({**old, **state}))

    def answer(self, effect):
        from storefleet.model.effects import NONCE, Output

        script = effect.script.replace(NONCE, NONCE_WORD).replace("/etc/frr/frr.conf", str(self.saved))
        self.scripts.append(script)
        double = f'vtysh() {{ {sys.executable} -I -S -B {__file__} "$FOLDER" "$@"; }}\nFOLDER={self.folder}\n'
        text = f"{{\n{double}{script}\n}}\n"
        done = subprocess.run([*self.shell, "-s"], input=text.encode(), capture_output=True, timeout=60, check=False)
        return Output(done.stdout, done.stderr, done.returncode, NONCE_WORD)

    def close(self) -> None:
        pass


def main(folder: Path, *argv: str) -> int:
    state = json.loads((folder / "state").read_text())
    state["said"].append(list(argv))
    code = command(folder, state, argv[1]) if argv[:1] == ("-c",) else take(state, sys.stdin.read(), dry="-C" in argv)
    (folder / "state").write_text(json.dumps(state))
    return code


def take(state: dict, text: str, *, dry: bool) -> int:
    """Take lines one after the other; an ``exit`` with no section open ends it, as it does there."""
    code, section = 0, ""
    many = text.count("\n") > 2
    if many and not dry and state.get("deaf", 0):
        state["deaf"] -= 1
        return 0
    running = sections(state["running"])
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if line == "exit":
            if not section:
                break
            section = ""
        elif line.startswith("nonsense"):
            print(f"line {number}: % Unknown command[4]: {line}", file=sys.stderr)
            code = 2
        elif line in state.get("refused", ()) and not dry:
            print("% Configuration failed.")
        elif line.startswith("interface "):
            section = line
        elif not dry:
            one(running, section, state.get("respelt", {}).get(line, line), state.get("stubborn", ()))
            section = section if raw.startswith(" ") or section else ""
    if not dry:
        state["running"] = printed(running)
    return code


def one(running: dict, section: str, line: str, stubborn: tuple) -> None:
    """Take one line."""
    bare = line.removeprefix("no ")
    if bare.startswith("interface "):
        running.pop(bare, None)
        return
    if not (section and bare.split()[0] in ("description", "shutdown", "ip") and not bare.startswith("ip route")):
        section = ""
    found = running.setdefault(section, [])
    if bare in stubborn and bare != line:
        return
    if bare.split()[0] in ("description", "hostname", "password"):
        found[:] = [other for other in found if other.split()[0] != bare.split()[0]]
    if bare == line or bare == "ipv6 forwarding":
        found[:] = sorted({*found, line})
    else:
        found[:] = [other for other in found if other != bare]


def sections(text: str) -> dict:
    found: dict = {"": []}
    section = ""
    for line in text.splitlines():
        if line == "exit":
            section = ""
        elif line.startswith("interface "):
            section = line
            found.setdefault(line, [])
        else:
            found[section].append(line.strip())
    return found


def printed(running: dict) -> str:
    text = "".join(f"{line}\n" for line in running[""])
    for name, body in sorted(running.items()):
        if name and body:
            text += f"{name}\n" + "".join(f" {line}\n" for line in body) + "exit\n"
    return text


def command(folder: Path, state: dict, text: str) -> int:
    if text == "show running-config":
        head = (
            "" if state.get("cut") else "Building configuration...\n\nCurrent configuration:\n!\nfrr version 8.4.4\n!\n"
        )
        print(f"{head}{state['running']}" + ("" if state.get("cut") else "!\nend"))
    elif text == "show daemons":
        print(" zebra watchfrr staticd")
    elif text == "write memory":
        (folder / "frr.conf.sav").write_text((folder / "frr.conf").read_text())
        saved = "nothing\n" if state.get("spoils") else f"frr version 8.4.4\n{state['running']}"
        (folder / "frr.conf").write_text(saved)
        print("Building Configuration...\n[OK]")
    elif text.startswith("show "):
        print(f"{text}: fine\n password hunter2")
    else:
        print(f"% Unknown command: {text}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), *sys.argv[2:]))
