"""The real script in real shells: whole, without root, without tools, without room on any disk."""

import contextlib
import os
import socket
import subprocess
import time
from pathlib import Path

import pytest
from collect_harness import NONCE, clock, plan
from collect_shells import SHELLS, applets, collect, finish, gaps, missing_tools, tools
from hypothesis import given, settings
from hypothesis import strategies as st

from storefleet.collect.plan import WatchedFiles
from storefleet.collect.probes import Probe
from storefleet.collect.quote import command
from storefleet.collect.registry import collector
from storefleet.documents.published import problems

pytestmark = [pytest.mark.skipif(bool(missing_tools("dash", "busybox")), reason="needs dash and busybox")]
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
BARE = ("sh", "id", "cat", "date", "uname", "readlink", "tr", "ls", "head", "sleep")


@pytest.mark.parametrize("shell", SHELLS.values(), ids=SHELLS)
def test_this_machine_gives_a_whole_document(shell):
    document, done = finish(shell, plan(watch=(WatchedFiles(("/etc/host*", "/etc/none")),)))
    assert problems(document.to_json(), "state-1") == []
    assert done.stdout.endswith(f"DONE {NONCE}\n".encode())
    assert done.stderr == b""
    facts = document.facts
    assert facts["system"]["hostname"] == os.uname().nodename
    assert abs(facts["system"]["clock_offset_s"]) < 2
    assert facts["files"]["/etc/none"] == {"kind": "absent"}
    assert len(facts["files"]["/etc/hosts"]["sha256"]) == 64
    assert {
        "/",
    } <= {entry["mount"] for entry in facts["hardware"]["storage"]} or "/hardware/storage" in gaps(document)
    assert any(user["name"] == "root" for user in facts["security"]["users"])
    assert "127.0.0.1/8" in facts["network"]["interfaces"]["lo"]["addresses"]


@pytest.mark.parametrize("shell", SHELLS.values(), ids=SHELLS)
def test_a_quiet_host_is_read_within_seconds(shell):
    began = time.monotonic()
    collect(shell)
    assert time.monotonic() - began < 5


@root_only
@pytest.mark.skipif(bool(missing_tools("setpriv")), reason="needs setpriv")
@pytest.mark.parametrize("shell", SHELLS.values(), ids=SHELLS)
def test_without_root_what_needs_it_is_missing_and_says_so(shell):
    argv = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *shell)
    document = collect(argv, watch=(WatchedFiles(("/etc/shadow",)),))
    told = gaps(document)
    assert told["/security/firewall"].startswith("needs root")
    assert told["/files/~1etc~1shadow/sha256"].startswith("needs root")
    assert any(path.startswith("/security/users/") and path.endswith("/password") for path in told)
    assert problems(document.to_json(), "state-1") == []
    if "/ports/listening" not in told:
        rows = document.facts["ports"]["listening"]
        assert all("process" in row or f"/ports/listening/{at}/process" in told for at, row in enumerate(rows))


@pytest.mark.parametrize("shell", SHELLS.values(), ids=SHELLS)
def test_no_hash_of_a_password_ever_leaves_the_device(shell):
    _, done = finish(shell, plan())
    hashes = [line.split(":")[1] for line in _shadow() if len(line.split(":")[1]) > 12]
    assert b"$6$" not in done.stdout
    assert b"$y$" not in done.stdout
    assert not any(one.encode() in done.stdout for one in hashes)


def _shadow():
    try:
        return Path("/etc/shadow").read_text().splitlines()
    except OSError:
        return []


def test_with_only_busybox_the_kernels_tables_answer(tmp_path):
    path = applets(tmp_path / "bin", "ip", "nc", "ss")
    document = collect(("busybox", "ash"), path=path, env={"ASH_STANDALONE": "0"})
    assert problems(document.to_json(), "state-1") == []
    assert "/ports/listening" not in gaps(document)
    assert "/network/routes" not in gaps(document)
    assert "127.0.0.1/8" in document.facts["network"]["interfaces"]["lo"]["addresses"]


def test_what_ss_says_and_what_proc_says_is_the_same(tmp_path):
    if missing_tools("ss"):
        pytest.skip("needs ss")
    with contextlib.ExitStack() as stack:
        ours = set()
        name = Path("/proc/self/comm").read_text().strip() if os.geteuid() == 0 else None
        for family, kind, at in (
            ("4", "tcp", "127.0.0.1"),
            ("4", "udp", "127.0.0.1"),
            ("6", "tcp", "::1"),
            ("4", "tcp", "0.0.0.0"),
        ):
            door = stack.enter_context(
                socket.socket(
                    socket.AF_INET6 if family == "6" else socket.AF_INET,
                    socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM,
                )
            )
            door.bind((at, 0))
            if kind == "tcp":
                door.listen()
            ours.add((kind, at, door.getsockname()[1], name))
        for path in (None, tools(tmp_path / "bin", *BARE, "sed", "timeout")):
            rows = collect(("dash",), path=path, light=True).facts["ports"]["listening"]
            found = {(row["proto"], row["address"], row["port"], row.get("process")) for row in rows}
            assert ours <= found


def test_with_hardly_a_tool_everything_else_is_missing_with_a_reason(tmp_path):
    document, done = finish(("dash",), plan(), path=tools(tmp_path / "bin", *BARE))
    assert done.stdout.endswith(f"DONE {NONCE}\n".encode())
    assert problems(document.to_json(), "state-1") == []
    told = gaps(document)
    assert told["/network/interfaces"] == "no tool on this system: ip, ifconfig"
    assert told["/hardware/storage"] == "no tool on this system"
    assert told["/security/firewall"].startswith(("no tool", "needs root"))
    assert document.facts["system"]["kernel"]


@root_only
@pytest.mark.skipif(bool(missing_tools("unshare", "mount")), reason="needs unshare")
@pytest.mark.parametrize("shell", SHELLS.values(), ids=SHELLS)
def test_a_full_or_read_only_disk_is_no_matter(shell):
    """Every place that may be written is a full tmpfs, every other one is read-only: the document is the same."""
    prepare = (
        "for d in /tmp /var/tmp /run /dev/shm; do [ -d $d ] && mount -t tmpfs -o size=4k none $d; done;"
        "for d in /tmp /var/tmp /run /dev/shm; do cat /dev/zero > $d/full; done 2>/dev/null;"
        "mount -o remount,ro,bind / 2>/dev/null; ! touch /root/x /tmp/x 2>/dev/null || exit 9; exec "
        + command(shell)
        + " -s"
    )
    step = ("unshare", "--mount", "sh", "-c", prepare)
    document, done = finish(step, plan())
    if done.returncode == 9 or b"BEGIN" not in done.stdout:
        pytest.skip("this machine does not let a namespace be made read-only")
    assert done.stdout.endswith(f"DONE {NONCE}\n".encode())
    usual = collect(shell)
    # `sshd -T` wants a folder in /run, which we covered.
    assert set(gaps(document)) - set(gaps(usual)) <= {"/network/ntp/synchronised", "/security/sshd"}


@pytest.mark.parametrize("shell", SHELLS.values(), ids=SHELLS)
@pytest.mark.parametrize("without", [(), ("timeout",)], ids=["timeout", "watchdog"])
def test_a_probe_that_hangs_is_killed_and_named_and_holds_nothing_open(shell, without, tmp_path):
    path = applets(tmp_path / "bin", *without) if without else None
    env = {"ASH_STANDALONE": "0", "PATH": os.environ["PATH"]}
    probe = Probe("slow", run=("/bin/sleep", "41"), parse="lines", into="/app/slow", timeout_s=1)
    after = Probe("after", run=("/bin/echo", "here"), parse="lines", into="/app/after", timeout_s=1)
    argv = ("dash",) if without else shell
    began = time.monotonic()
    document = collect(argv, path=path, env=env, probes=(probe, after))
    assert time.monotonic() - began < 10
    assert gaps(document)["/app/slow"] == "timeout"
    assert document.facts["app"]["after"] == {"value": ["here"]}


def test_a_pipe_where_a_file_is_due_does_not_block(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    probe = Probe("p", file=str(tmp_path / "fifo"), parse="lines", into="/app/p")
    document = collect(("dash",), probes=(probe,), watch=(WatchedFiles((str(tmp_path / "*"),)),))
    assert gaps(document)["/app/p"] == "no such file"
    assert gaps(document)[f"/files/{str(tmp_path / 'fifo').replace('/', '~1')}"] == "neither a file nor a folder"


ODD = ["a b", "tab\there", "quote'\"", "$(touch pwned)", "`id`", "*", "-rf", "收银", "line\nbreak", "back\\slash"]


@pytest.mark.parametrize("shell", SHELLS.values(), ids=SHELLS)
def test_odd_file_names_are_named_as_they_are(shell, tmp_path):
    for name in ODD:
        (tmp_path / name).write_text(name)
    document = collect(shell, watch=(WatchedFiles((f"{tmp_path}/*",)),))
    found = {Path(path).name for path in document.facts["files"]}
    assert found == set(ODD) - {"line\nbreak"}
    assert all("sha256" in facts for facts in document.facts["files"].values())
    assert gaps(document)["/files"] == "a file name with a line break"
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize("shell", SHELLS.values(), ids=SHELLS)
@settings(max_examples=40, deadline=None)
@given(
    words=st.lists(
        st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])), min_size=1, max_size=20
    )
)
def test_quoted_words_reach_a_program_unchanged(shell, words):
    script = f"printf '%s\\0' {command(words)}\n"
    done = subprocess.run(
        [*shell, "-s"], input=script.encode(), capture_output=True, check=True, env={"PATH": os.environ["PATH"]}
    )
    assert done.stdout == "".join(word + "\x00" for word in words).encode()


def test_the_script_is_clean_for_every_shell_that_reads_it():
    script = next(collector("linux").step(plan(), clock())).script
    for shell in (("dash", "-n"), ("busybox", "ash", "-n"), ("bash", "--posix", "-n")):
        if not missing_tools(shell[0]):
            assert subprocess.run(shell, input=script.encode(), capture_output=True, check=False).stderr == b""
