"""A host for playbooks without a host: the real scripts in a real shell of this machine, below a folder."""

from __future__ import annotations

import grp
import os
import pwd
import re
import stat
import subprocess
import textwrap
from pathlib import Path

from storefleet.connections.script import standard_input
from storefleet.documents.nodes import Source
from storefleet.fleet.binding import Binding, Bound, digest_of, scope_of
from storefleet.fleet.drive import drive
from storefleet.fleet.making import Making
from storefleet.fleet.planning import Planning
from storefleet.model.effects import NONCE, Output
from storefleet.modules.base import no_golden
from storefleet.modules.risk import class_of
from storefleet.playbook.load import load_playbook
from storefleet.playbook.run import run_host
from storefleet.playbook.scope import Data, HostScope
from storefleet.playbook.sources import sources_of
from storefleet.playbook.state import HostState, Tags

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
            [*self.argv, "-s"], input=standard_input(script, "x"), capture_output=True, timeout=30, check=False
        )
        return Output(done.stdout, done.stderr, done.returncode, "0123456789abcdef")

    def close(self) -> None:
        pass


def host_state(tmp_path, tasks, handlers="", variables="{}", planning=False, golden=no_golden):
    """Return the play of a text of tasks; ``DIR`` in it is the folder, ``OWN`` the attributes of this user."""
    text = "- hosts: all\n  gather_facts: false\n"
    text += f"  vars: {variables}\n  tasks:\n{textwrap.indent(textwrap.dedent(tasks), '    ')}"
    if handlers:
        text += f"  handlers:\n{textwrap.indent(textwrap.dedent(handlers), '    ')}"
    text = text.replace("DIR", str(tmp_path / "host")).replace("OWN", f"owner: {ME}, group: {MINE}")
    (tmp_path / "host").mkdir(exist_ok=True)
    (tmp_path / "p.yaml").write_text(text)
    for name, local in LOCAL.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(local)
    sources = sources_of(tmp_path / "p.yaml")
    plays = load_playbook(tmp_path / "p.yaml", "p.yaml", sources).plays
    scope = HostScope(Data(host={"name": "S0001-pos1"}), magic={"inventory_hostname": "S0001-pos1"})
    return HostState(plays, scope, sources, planning=planning, golden=golden)


def plan(tmp_path, shell, *texts, **more):
    """Return what a play would change, and how its tasks would end."""
    session = Planning(shell, "S0001-pos1")
    state = drive(run_host(host_state(tmp_path, *texts, planning=True, **more)), session)
    return session.changes, tuple(state.ends)


def bound(changes):
    """Return what a plan of these changes binds."""
    return Binding([Bound(digest_of(change, KEY), maybe=change.chance != "sure") for change in changes])


def make(tmp_path, shell, *texts, digests=None, **more):
    """Make what a play would change, bound by the digests of its plan; return what was made, and the ends."""
    if digests is None:
        binding = bound(plan(tmp_path, shell, *texts, **more)[0])
    else:
        binding = Binding([Bound(digest) for digest in digests])
    session = Making(shell, "S0001-pos1", binding, KEY, "run-1")
    state = drive(run_host(host_state(tmp_path, *texts, **more)), session)
    return session.made, tuple(state.ends)


EVERYTHING = Tags()


def run(tmp_path, shell, tasks, *, tags=EVERYTHING, **more):
    """Return the state after planning, the session that planned, and the state after making what was planned."""
    text = textwrap.dedent(tasks)
    planning = Planning(shell, "S0001-pos1")
    state = host_state(tmp_path, text, planning=True, **more)
    state.tags = tags
    planned = drive(run_host(state), planning)
    changes = tuple(
        Bound(digest_of(one, KEY), scope_of(one, KEY) if one.loose else "", one.chance != "sure", class_of(one))
        for one in planning.changes
    )
    making = Making(shell, "S0001-pos1", Binding(changes, {one.position: one for one in planned.undecided}), KEY, "r")
    state = host_state(tmp_path, text, **more)
    state.tags = tags
    return planned, planning, drive(run_host(state), making)


def said(state):
    return [end.why for end in state.ends if end.task == "debug"]


def ends(state):
    return [end.ended for end in state.ends]


SEED = {
    "lines": "one\ntwo = 2\nthree\n# two = 0\n",
    "nonl": "a\nb",
    "empty": "",
    "crlf": "a\r\nb\r\n",
    "conf": "[x]\nport=1\nhost=a\nport=2\n",
    "latin": "gr\udcfc\udcdf\nx\n",
    "block": "a\n# BEGIN ANSIBLE MANAGED BLOCK\nold\n# END ANSIBLE MANAGED BLOCK\nz\n",
    "twice": "# BEGIN X\n1\n# END X\nm\n# BEGIN X\n2\n# END X\n",
    "turned": "a\n# END X\nm\n# BEGIN X\nz\n",
    "full/deep/file": "deep\n",
    "full/top": "top\n",
    "run": "#!/bin/sh\n",
}
"""What stands in a host's folder, beside an empty folder and two links, before a case compared with Ansible."""

MODES = {"run": 0o755, "full/top": 0o600}

LOCAL = {
    "files/a.conf": "from a file\n",
    "files/site/a.txt": "one\n",
    "files/site/conf.d/b.txt": "two\n",
    "templates/b.conf.j2": "{% if true %}\nhost {{ host.name }}\n{% endif %}\n",
}
"""The files of the playbook's own side."""


def seeded(folder: Path) -> Path:
    """Make the folder of a host as a case finds it."""
    (folder / "sub").mkdir(parents=True)
    (folder / "sub").chmod(0o755)
    for name, text in SEED.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text.encode("utf-8", "surrogateescape"))
        (folder / name).chmod(MODES.get(name, 0o644))
    (folder / "linked").symlink_to("lines")
    (folder / "nowhere").symlink_to("none")
    return folder


def tree(folder: Path) -> dict[str, list[str]]:
    """Return everything below a folder: mode and, of a file, its content; of a link where it points."""
    return {
        BACKUP.sub(".BACKUP~", str(path.relative_to(folder))): _shown(path, folder)
        for path in sorted(folder.rglob("*"))
    }


BACKUP = re.compile(r"\.\d+\.\d{4}-\d\d-\d\d@\d\d:\d\d:\d\d~$")


def _shown(path: Path, folder: Path) -> list[str]:
    if path.is_symlink():
        return ["->", str(path.readlink()).replace(str(folder), "DIR")]
    names = [str(path.stat().st_nlink)] if path.is_file() and path.stat().st_nlink > 1 else []
    content = path.read_bytes().decode("utf-8", "backslashreplace") if path.is_file() else "/"
    return [f"{stat.S_IMODE(path.stat().st_mode):04o}", content, *names]
