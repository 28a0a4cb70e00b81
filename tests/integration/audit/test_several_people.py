"""Two Unix users on one SQLite, each with a umask that shuts the other out: `var.group` decides, and nothing else."""

import grp
import os
import shutil
import stat
import subprocess
import sys

import pytest
from command_line import RECORDINGS, practice_fleet

BECOME = """
import os, sys
from storefleet.cli.main import call
user, gid, warm, *words = sys.argv[1:]
call(["audit", "--fleet", warm, "--replay", warm + "/../mended"])  # whoever we become may not read our interpreter
os.setgroups([int(gid)] if int(gid) else [])
os.setresgid(int(user), int(user), int(user))
os.setresuid(int(user), int(user), int(user))
os.umask(0o077)
print("\\0", end="", flush=True)
sys.stderr.write("\\0")
sys.exit(call(words))
"""
GROUP = "users"
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


def run_as(user, fleet, *words, groups=True):
    gid = grp.getgrnam(GROUP).gr_gid if groups else 0
    command = [words[0], "--fleet", str(fleet), *map(str, words[1:])]
    argv = [sys.executable, "-c", BECOME, str(user), str(gid), str(fleet.parent / "warm"), *command]
    environment = {**os.environ, "HOME": "/nonexistent", "LOGNAME": str(user)}
    done = subprocess.run(argv, capture_output=True, text=True, env=environment, check=False, cwd="/")
    done.stdout, done.stderr = done.stdout.rpartition("\0")[2], done.stderr.rpartition("\0")[2]
    return done


@pytest.fixture
def shared_fleet(tmp_path):
    """A fleet that two accounts may read, and whose var/ neither of them owns yet."""
    for folder in (tmp_path, *(above for above in tmp_path.parents if len(above.parts) > 2)):
        folder.chmod(folder.stat().st_mode | stat.S_IXOTH | stat.S_IROTH)
    fleet = practice_fleet(tmp_path / "fleet")
    (fleet / "storefleet.yaml").write_text(f"fleet: practice\nvar: {{group: {GROUP}}}\n")
    practice_fleet(tmp_path / "warm")
    shutil.copytree(RECORDINGS / "mended", tmp_path / "mended")
    subprocess.run(["chmod", "-R", "a+rX", str(tmp_path)], check=True)
    (fleet / "var").mkdir(mode=0o2770)
    shutil.chown(fleet / "var", 60001, GROUP)
    (fleet / "var").chmod(0o2770)
    return fleet


def test_two_users_share_one_history(shared_fleet, tmp_path):
    words = ("audit", "--replay", tmp_path / "mended", "--name", "nightly", "--min-coverage", "0")
    first = run_as(60001, shared_fleet, *words)
    assert first.returncode == 0, first.stderr
    second = run_as(60002, shared_fleet, *words)
    assert second.returncode == 0, second.stderr
    third = run_as(60001, shared_fleet, *words)
    assert third.returncode == 0, third.stderr
    listed = run_as(60002, shared_fleet, "report", "last", "--format", "json")
    assert '"user":"60001"' in listed.stdout.replace(" ", "")
    gid = grp.getgrnam(GROUP).gr_gid
    for path in (shared_fleet / "var").rglob("*"):
        mode = stat.S_IMODE(path.stat().st_mode)
        assert (mode, path.stat().st_gid) == (0o2770 if path.is_dir() else 0o660, gid), path


def test_a_fleet_that_this_account_may_not_read_is_bad_input_and_no_bug(shared_fleet):
    shared_fleet.chmod(0o700)
    ended = run_as(60001, shared_fleet, "check")
    assert ended.returncode == 2
    assert "not readable" in ended.stderr
