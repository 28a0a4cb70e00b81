"""Two Unix users, umask 077, one ``var/``: real processes with nothing in common but the group of ``var.group``."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import RECORDINGS, practice_fleet

from storefleet.storage import Database

GROUP, FIRST, SECOND, STRANGER = 54_321, 54_401, 54_402, 54_403

pytestmark = pytest.mark.skipif(
    os.getuid() != 0 or shutil.which("setpriv") is None, reason="becoming two other users needs root and setpriv"
)


@pytest.fixture
def fleet() -> Iterator[Path]:
    """Give a fleet whose ``var/`` the first user may make; everyone may read the rest and the code.

    It stands in a folder of its own: any other run of the tests closes pytest's again.
    """
    with tempfile.TemporaryDirectory(prefix="storefleet-shared-") as folder:
        Path(folder).chmod(0o711)
        yield made(Path(folder))


def made(folder: Path) -> Path:
    fleet = practice_fleet(folder / "fleet")
    with (fleet / "storefleet.yaml").open("a", encoding="utf-8") as stream:
        stream.write(f"\nvar: {{group: {GROUP}}}\n")
    for path in (fleet, *fleet.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() else 0o644)
    os.chown(fleet, FIRST, FIRST)
    if as_user(FIRST, "settings", fleet=fleet).returncode != 0:
        pytest.skip("another user cannot read this Python or this repository")
    return fleet


def as_user(
    user: int, *words: object, fleet: Path, group: int = GROUP, first: str = "pass"
) -> subprocess.CompletedProcess[str]:
    identity = ["setpriv", f"--reuid={user}", f"--regid={user}", f"--groups={group}"]
    program = f"import os, sys; os.umask(0o077); {first}; from storefleet.cli.main import run; run()"
    command = [*identity, sys.executable, "-c", program, *map(str, words), "--fleet", str(fleet)]
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "PYTHONPATH": os.pathsep.join(sys.path)}
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    return subprocess.run(command, env=environment, cwd="/", capture_output=True, text=True, check=False)


def audit(user: int, fleet: Path, *words: object) -> subprocess.CompletedProcess[str]:
    return as_user(user, "audit", "--replay", RECORDINGS / "mended", *words, fleet=fleet)


def test_two_users_with_umask_077_audit_one_after_the_other_and_everything_is_the_groups(fleet):
    try:
        report = fleet / "var" / "night.json"
        for user in (FIRST, SECOND, FIRST):
            where = ["--report", f"json:{report}"] if report.parent.exists() else []
            done = audit(user, fleet, "--name", "nightly", *where)
            assert done.returncode == 0, done.stderr
        backup = as_user(SECOND, "db", "backup", fleet=fleet)
        assert backup.returncode == 0, backup.stderr
        pages = as_user(SECOND, "report", "--report", f"html:{fleet / 'var' / 'pages'}/", fleet=fleet)
        assert pages.returncode == 0, pages.stderr
        found = {path: path.stat() for path in (fleet / "var", *(fleet / "var").rglob("*"))}
        names = {path.name for path in found}
        assert {"storefleet.db", "redaction.key", "nightly.lock", "night.json", "backups", "index.html"} <= names
        for path, state in found.items():
            wanted = 0o2770 if path.is_dir() else 0o660
            if path.is_file() and "objects" in path.parts:
                wanted = 0o440  # what git has once written nobody writes again
            assert (oct(stat.S_IMODE(state.st_mode)), state.st_gid) == (oct(wanted), GROUP), path
    finally:
        os.chown(fleet, 0, 0)


def test_one_who_is_not_in_the_group_is_told_by_check_and_touches_nothing(fleet):
    outside = as_user(FIRST, "check", fleet=fleet, group=STRANGER)
    assert outside.returncode == 0, outside.stderr
    assert f"we are not in the group {GROUP} of var.group" in outside.stderr + outside.stdout
    refused = as_user(FIRST, "audit", "--replay", RECORDINGS / "mended", fleet=fleet, group=STRANGER)
    assert refused.returncode == 3
    assert "we are not in it" in refused.stderr


def test_a_database_of_before_is_given_to_the_group_by_its_owner(fleet):
    settings = fleet / "storefleet.yaml"
    shared = settings.read_text(encoding="utf-8")
    settings.write_text(shared.replace(f"var: {{group: {GROUP}}}\n", ""), encoding="utf-8")
    assert audit(FIRST, fleet).returncode == 0
    assert stat.S_IMODE((fleet / "var" / "storefleet.db").stat().st_mode) == 0o640
    settings.write_text(shared, encoding="utf-8")
    assert audit(FIRST, fleet).returncode == 0
    done = audit(SECOND, fleet)
    assert (done.returncode, "no snapshots" in done.stderr) == (0, False), done.stderr
    commits = ["git", f"--git-dir={fleet / 'var' / 'snapshots.git'}", "rev-list", "--count", "observed"]
    assert subprocess.run(commits, capture_output=True, text=True, check=True).stdout == "3\n"


def test_two_users_at_once_lose_nothing(fleet):
    assert audit(FIRST, fleet).returncode == 0
    code = (
        "import os, sys; os.umask(0o077); sys.path[:0] = [sys.argv[2]]\n"
        "import audit_factory as factory\n"
        "from storefleet.storage import Database\n"
        "from storefleet.documents.ownership import Ownership\n"
        f"with Database.open(sys.argv[1], owner=Ownership({GROUP})) as database:\n"
        "    run = f'run-{os.getuid()}'\n"
        "    database.begin_run(factory.run_info(run))\n"
        "    for number in range(40):\n"
        "        name = f'S{os.getuid() % 10:04}-pos{number}'\n"
        "        database.record_host(run, name, name[:5], factory.facts(name), [], factory.NIGHT)\n"
    )
    plugins = Path(__file__).parents[2] / "plugins"
    url = f"sqlite:///{fleet / 'var' / 'storefleet.db'}"
    paths = os.pathsep.join(sys.path)
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"}
    both = []
    for user in (FIRST, SECOND):
        identity = ["setpriv", f"--reuid={user}", f"--regid={user}", f"--groups={GROUP}"]
        command = [*identity, sys.executable, "-c", code, url, str(plugins)]
        both.append(subprocess.Popen(command, env=environment, cwd="/", stderr=subprocess.PIPE, text=True))
    assert [(process.wait(120), process.stderr.read()) for process in both] == [(0, ""), (0, "")]
    with Database.open(url) as database:
        names = [f"S{user % 10:04}-pos{number}" for user in (FIRST, SECOND) for number in range(40)]
        assert len(database.last_documents(names)) == 80


def test_a_fleet_that_this_account_may_not_read_is_bad_input_and_no_bug(fleet):
    fleet.parent.chmod(0o700)
    ended = as_user(FIRST, "check", fleet=fleet)
    assert ended.returncode == 2
    assert "read" in ended.stderr


def test_each_of_them_packs_what_the_other_left(fleet):
    few = "import storefleet.storage.tidying as tidying; tidying.MANY_PACKS = 3"
    packs = fleet / "var" / "snapshots.git" / "objects" / "pack"
    for user in (FIRST, SECOND) * 4:
        done = as_user(user, "audit", "--replay", RECORDINGS / "mended", fleet=fleet, first=few)
        assert (done.returncode, done.stderr.count("snapshots")) == (0, 0), done.stderr
    assert len(list(packs.glob("*.pack"))) <= 5, "of nine: eight nights, and what was intended on the first"
    for path in packs.iterdir():
        assert path.stat().st_gid == GROUP
        assert path.stat().st_mode & 0o077 == 0o040, path
