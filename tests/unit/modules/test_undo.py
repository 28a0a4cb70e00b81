"""The scripts of the dead-man switch are scripts; what they do is seen on devices, in tests/lab."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from storefleet.modules import detached, undo

SHELLS = (("dash", "-n"), ("busybox", "ash", "-n"))
SCRIPTS = {
    "arm": undo.arm("r1", 5),
    "is_armed": undo.is_armed("r1"),
    "disarm": undo.disarm("r1"),
    "undo_now": undo.undo_now("r1"),
    "undo": undo.UNDO,
    "timer": detached.TIMER,
}


@pytest.mark.parametrize("shell", SHELLS, ids=lambda argv: argv[-2])
@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_is_one_for_both_shells(name, shell):
    if not shutil.which(shell[0]):
        pytest.skip(f"{shell[0]} is not on this machine")
    done = subprocess.run(shell, input=SCRIPTS[name].encode(), capture_output=True, timeout=10, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


def hooked(tmp_path, inittab, script):
    """Run lines of the hooks over files of a folder, as if the init of BusyBox were the first process."""
    (tmp_path / "etc" / "init.d").mkdir(parents=True, exist_ok=True)
    if inittab is not None:
        (tmp_path / "etc" / "inittab").write_text(inittab)
    text = f"readlink() {{ echo /bin/busybox; }}\n{detached.HOOKS}{script}\n".replace("/etc/", f"{tmp_path}/etc/")
    return subprocess.run(["sh", "-s"], input=text.encode(), capture_output=True, timeout=10, check=False)


INITTAB = "# a comment: ::sysinit:x\n::sysinit:/etc/init.d/rcS\n::respawn:/bin/true\n"


def test_the_boot_undoes_before_it_does_anything_else_and_forgets_it_byte_for_byte(tmp_path):
    assert hooked(tmp_path, INITTAB, "hook; hook").returncode == 0
    lines = (tmp_path / "etc" / "inittab").read_text().splitlines()
    assert lines[1:3] == ["::sysinit:/bin/sh /var/lib/storefleet/undo.sh boot", "::sysinit:/etc/init.d/rcS"]
    assert len(lines) == 4
    assert hooked(tmp_path, None, "unhook").returncode == 0
    assert (tmp_path / "etc" / "inittab").read_text() == INITTAB


def test_without_an_inittab_the_start_script_is_hooked_behind_its_first_line(tmp_path):
    (tmp_path / "etc" / "init.d").mkdir(parents=True)
    start = tmp_path / "etc" / "init.d" / "rcS"
    start.write_text("#!/bin/sh\nip link set lo up\n")
    start.chmod(0o755)
    assert hooked(tmp_path, None, "hook").returncode == 0
    assert start.read_text() == "#!/bin/sh\n/bin/sh /var/lib/storefleet/undo.sh boot\nip link set lo up\n"
    assert start.stat().st_mode & 0o777 == 0o755
    assert hooked(tmp_path, None, "unhook").returncode == 0
    assert start.read_text() == "#!/bin/sh\nip link set lo up\n"


@pytest.mark.parametrize("inittab", ["::respawn:/bin/true\n", "", None])
def test_what_cannot_be_hooked_is_left_alone_and_told(tmp_path, inittab):
    done = hooked(tmp_path, inittab, "hook")
    assert (done.returncode != 0, b"takes the line that undoes at boot" in done.stderr) == (True, True)
    if inittab is not None:
        assert (tmp_path / "etc" / "inittab").read_text() == inittab
        assert sorted(path.name for path in (tmp_path / "etc").iterdir()) == ["init.d", "inittab"]
