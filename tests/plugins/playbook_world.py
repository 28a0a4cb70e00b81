"""A host for playbooks without a host: the real scripts in a real shell of this machine, below a folder."""

from __future__ import annotations

import grp
import os
import pwd
import stat
import subprocess
import textwrap
from pathlib import Path

from storefleet.documents.nodes import Source
from storefleet.fleet.changing import Binding, Bound, Making, Planning, digest_of
from storefleet.fleet.drive import drive
from storefleet.model.effects import NONCE, Output
from storefleet.playbook.load import load_playbook
from storefleet.playbook.run import HostPlay
from storefleet.templating.engine import render_file

KEY = b"key"
ME = pwd.getpwuid(os.geteuid()).pw_name
MINE = grp.getgrgid(os.getegid()).gr_name
HERE = Source("p.yaml", 1)


class Shell:
    """Answers a script by running it."""

    def __init__(self, *argv: str, before=lambda _script: None) -> None:
        self.argv = argv
        self.before = before
        self.scripts = []

    def answer(self, effect):
        script = effect.script.replace(NONCE, "0123456789abcdef")
        self.scripts.append(script)
        self.before(script)
        done = subprocess.run(
            [*self.argv, "-s"], input=f"{{\n{script}\n}}\n".encode(), capture_output=True, timeout=30, check=False
        )
        return Output(done.stdout, done.stderr, done.returncode, "0123456789abcdef")

    def close(self) -> None:
        pass


def host_play(tmp_path, tasks, handlers="", variables="{}"):
    """Return the play of a text of tasks; ``DIR`` in it is the folder, ``OWN`` the attributes of this user."""
    text = "- hosts: all\n  gather_facts: false\n"
    text += f"  vars: {variables}\n  tasks:\n{textwrap.indent(textwrap.dedent(tasks), '    ')}"
    if handlers:
        text += f"  handlers:\n{textwrap.indent(textwrap.dedent(handlers), '    ')}"
    text = text.replace("DIR", str(tmp_path / "host")).replace("OWN", f"owner: {ME}, group: {MINE}")
    (tmp_path / "host").mkdir(exist_ok=True)
    (tmp_path / "p.yaml").write_text(text)
    (play,) = load_playbook(tmp_path / "p.yaml", "p.yaml").plays
    roots = {"host": {"name": "S0001-pos1"}}
    return HostPlay(play, roots, lambda kind, name: LOCAL[f"{kind}/{name}"].encode(), render_file)


def plan(tmp_path, shell, *texts, **more):
    """Return what a play would change, and how its tasks would end."""
    session = Planning(shell, "S0001-pos1")
    ends = drive(host_play(tmp_path, *texts, **more).step(), session)
    return session.changes, ends


def make(tmp_path, shell, *texts, digests=None, **more):
    """Make what a play would change, bound by the digests of its plan; return what was made, and the ends."""
    if digests is None:
        digests = [digest_of(change, KEY) for change in plan(tmp_path, shell, *texts, **more)[0]]
    session = Making(shell, "S0001-pos1", Binding(tuple(map(Bound, digests))), KEY, "run-1")
    ends = drive(host_play(tmp_path, *texts, **more).step(), session)
    return session.made, ends


SEED = {
    "lines": "one\ntwo = 2\nthree\n# two = 0\n",
    "nonl": "a\nb",
    "empty": "",
    "crlf": "a\r\nb\r\n",
    "conf": "[x]\nport=1\nhost=a\nport=2\n",
}
"""What stands in a host's folder, beside an empty folder ``sub``, before a case that is compared with Ansible."""

LOCAL = {"files/a.conf": "from a file\n", "templates/b.conf.j2": "{% if true %}\nhost {{ host.name }}\n{% endif %}\n"}
"""The files of the playbook's own side."""


def seeded(folder: Path) -> Path:
    """Make the folder of a host as a case finds it."""
    (folder / "sub").mkdir(parents=True)
    (folder / "sub").chmod(0o755)
    for name, text in SEED.items():
        (folder / name).write_bytes(text.encode())
        (folder / name).chmod(0o644)
    return folder


def tree(folder: Path) -> dict[str, list[str]]:
    """Return everything below a folder: mode and, of a file, its content."""
    return {
        str(path.relative_to(folder)): [
            f"{stat.S_IMODE(path.stat().st_mode):04o}",
            path.read_bytes().decode() if path.is_file() else "/",
        ]
        for path in sorted(folder.rglob("*"))
    }
