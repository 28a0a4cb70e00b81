"""A canary in every place where a secret can be given or printed: none is found anywhere afterwards."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
import subprocess
import threading
import time
import zlib
from pathlib import Path

import pytest
from command_line import storefleet
from hostile_servers import PINNED, Router, ssh_server

from storefleet.collect.linux import collector

OURS = {
    "env": "canary-env-7d1f0c",
    "file": "canary-file-91aa3e",
    "command": "canary-command-55c2b7",
    "passphrase": "canary-passphrase-0be4d8",
    "database": "canary-database-c3a6f1",
}
OF_ROUTER = {
    "password 8 {}": "canary-vty-11aa",
    "enable password {}": "canary-enable-22bb",
    " neighbor 10.0.0.2 password {}": "canary-bgp-33cc",
    "snmp-server community {} RO": "canary-snmp-44dd",
    " ip ospf message-digest-key 1 md5 {}": "canary-ospf-55ee",
    "  key-string {}": "canary-keychain-66ff",
    "tacacs-server host 10.0.0.9 key {}": "canary-tacacs-77aa",
    "radius-server host 10.0.0.8 key {}": "canary-radius-88bb",
    "username ops secret {}": "canary-user-99cc",
}
OF_TILL = {
    "password = {}": "canary-pos-password-1a2b",
    "acquirer_token = {}": "canary-pos-token-3c4d",
    "dsn = postgresql://pos:{}@127.0.0.1/pos": "canary-pos-dsn-5e6f",
}
OF_GOLDEN = {
    "router bgp 1\n neighbor 10.0.0.2 remote-as 2\n neighbor 10.0.0.2 password {}": "canary-golden-bgp-1a",
    "banner motd {}": "canary-golden-banner-2b",
}
GOLDEN = """\
golden: leaky
applies_to: "platform=frr"
template: golden/leaky.j2
features:
  - {name: bgp, lines: ["router bgp"], extra: fail}
  - {name: banner, lines: [banner], extra: fail, secret: [2]}
  - {name: rest, extra: warn}
"""
SHADOW = "$6$canaryhash$7a8b9c"
CARD = "4111111111111111"
RUNNING = "\r\n".join(
    ["frr version 8.4.4", "hostname r", *(line.format(word) for line, word in OF_ROUTER.items()), "end"]
)
PROBES = """probes:
  - id: pos
    applies_to: "all"
    read: {{file: {ini}, max: 64KiB}}
    parse: ini
    take: {{version: main/version, login: main/password, acquirer: main/acquirer_token, dsn: main/dsn, note: main/note}}
    redact: [acquirer]
    into: /app/pos
watch:
  - {{hosts: all, files: [{ini}], max: 256KiB}}
"""


class LeakyRouter(Router):
    """Prints secrets wherever a router can, the password that it was given among them."""

    def __init__(self):
        super().__init__(**{"show running-config": f"{RUNNING}\r\n", "show version": "FRRouting 8.4.4\r\n"})
        self.table |= {"show interface json": "{}\r\n", "show ip route json": "{}\r\n"}
        self.password = ""

    def check_auth_password(self, username, password):
        self.password = password
        return 0  # paramiko.AUTH_SUCCESSFUL

    def write(self, channel, text):
        super().write(channel, text.replace("FRRouting", f"FRRouting {self.password}"))

    def run(self, channel, command):
        script = b""
        while data := channel.recv(32768):
            script += data
        done = subprocess.run(["sh"], input=script, capture_output=True, timeout=60, check=False)
        channel.sendall(done.stdout)
        channel.sendall_stderr(f"motd: welcome, your password is {self.password}\n".encode())
        channel.send_exit_status(0)
        channel.close()


class Echoes(LeakyRouter):
    """Fails, and says why in the words of its visitor."""

    def run(self, channel, command):
        channel.sendall_stderr(f"sudo: wrong password {self.password} for root\n".encode())
        channel.send_exit_status(1)
        channel.close()


@pytest.fixture
def watched():
    """Collect the command lines of every process while the test runs."""
    seen: set[str] = set()
    stop = threading.Event()

    def watch():
        while not stop.is_set():
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                with contextlib.suppress(OSError):
                    seen.add(path.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace"))
            time.sleep(0.02)

    thread = threading.Thread(target=watch)
    thread.start()
    yield seen
    stop.set()
    thread.join()


@pytest.fixture
def leaky(folder, servers, tmp_path, monkeypatch):
    monkeypatch.setenv("SF_CANARY", OURS["env"])
    monkeypatch.setenv("SF_PASSPHRASE", OURS["passphrase"])
    for name in ("file", "command"):
        (tmp_path / name).write_text(OURS[name] + "\n")
        (tmp_path / name).chmod(0o600)
    ini = tmp_path / "pos.ini"
    ini.write_text(
        f"[main]\nversion = 2.4\nnote = paid by {CARD}\n"
        + "".join(f"{line.format(word)}\n" for line, word in OF_TILL.items())
    )
    shadow = tmp_path / "shadow"
    shadow.write_text(f"root:{SHADOW}:19000:0:99999:7:::\n")
    till = servers.sshd(mounts=f"mount --bind {shadow} /etc/shadow; ")
    subprocess.run(["ssh-keygen", "-q", "-p", "-P", "", "-N", OURS["passphrase"], "-f", till.client_key], check=True)
    folder.good("till", till)
    folder.credentials[-1] = (
        f"  key-till: {{user: root, key: {{file: {till.client_key}, passphrase: {{env: SF_PASSPHRASE}}}}}}"
    )
    folder.credentials += [
        "  by-env: {user: sf, password: {env: SF_CANARY}}",
        f"  by-file: {{user: sf, password: {{file: {tmp_path / 'file'}}}}}",
        f"  by-command: {{user: sf, password: {{command: [cat, {tmp_path / 'command'}]}}}}",
    ]
    with contextlib.ExitStack() as stack:
        for name, kind in (("env", LeakyRouter), ("file", LeakyRouter), ("command", Echoes)):
            port = stack.enter_context(ssh_server(kind()))
            platform = "frr" if kind is LeakyRouter else "linux"
            folder.add(f"{platform}{name}", port, (PINNED,), platform=platform, credential=f"by-{name}")
        path = folder.write()
        text = (path / "inventory" / "credentials.yaml").read_text()
        (path / "inventory" / "credentials.yaml").write_text(
            text.replace("  password: {user: sf, password: {env: SF_TEST_PASSWORD}}\n", "")
        )
        (path / "inventory" / "probes.yaml").write_text(PROBES.format(ini=ini))
        (path / "audits" / "golden").mkdir(parents=True, exist_ok=True)
        (path / "audits" / "golden" / "leaky.yaml").write_text(GOLDEN)
        lines = "".join(f"{line.format(word)}\n" for line, word in OF_GOLDEN.items())
        (path / "audits" / "golden" / "leaky.j2").write_text(lines)
        yield path


def kept(path: Path) -> dict[str, bytes]:
    """Return every byte that is kept: files of var/, recordings, reports, and what the database holds unpacked."""
    found = {
        str(each): each.read_bytes()
        for each in path.rglob("*")
        if each.is_file() and not {"inventory", "audits"} & {*each.parts}
    }
    with contextlib.closing(sqlite3.connect(path / "var" / "storefleet.db")) as database:
        for table, column in (("documents", "body"), ("runs", "document")):
            for number, (body,) in enumerate(database.execute(f"SELECT {column} FROM {table}")):
                if body:
                    found[f"{table}-{number}"] = zlib.decompress(body)
    archive = ["git", f"--git-dir={path / 'var' / 'snapshots.git'}", "cat-file", "--batch-all-objects", "--batch"]
    found["snapshots"] = subprocess.run(archive, capture_output=True, check=True, timeout=60).stdout
    assert b"hostname r\n" in found["snapshots"]
    return found


def drifted(run, leaky):
    """Have everything told that drift can tell, in every format: what is approved, intended and seen."""
    targets = [f"{kind}:{leaky / 'drift'}.{kind}" for kind in ("text", "json", "csv", "markdown", "html", "diff")]
    reports = [word for target in targets for word in ("--report", target)]
    assert run("drift", "accept", "all", "--as-found", "--reason", "day one").code == 0
    told = run("drift", "all", "--ask", "--diff", "--format", "json", *reports)
    assert '"behind"' in told.out, told.err
    run("drift", "--one-offs")


def test_no_canary_is_found_anywhere(leaky, watched, monkeypatch):
    said = []

    def run(*words):
        ended = storefleet(*words, "--fleet", leaky)
        said.append(f"{words}\n{ended.out}\n{ended.err}")
        return ended

    (leaky / "recorded").mkdir()
    report = leaky / "report"
    reports = [word for kind in ("text", "json") for word in ("--report", f"{kind}:{report}.{kind}")]
    audited = run("audit", "-v", "--all", "--diff", "--record", leaky / "recorded", *reports)
    assert audited.code == 3, said
    run("collect", "--format", "json")
    drifted(run, leaky)
    for words in (
        ["check"],
        ["settings"],
        ["inventory", "--format", "json"],
        ["hostkeys", "list"],
        ["hostkeys", "scan"],
    ):
        run(*words)
    run("audit", "--replay", leaky / "recorded", "--format", "json")
    monkeypatch.setenv("STOREFLEET_DATABASE", f"postgresql://sf:{OURS['database']}@127.0.0.1:1/none")
    run("settings")
    run("audit", "--offline")
    monkeypatch.delenv("STOREFLEET_DATABASE")

    def broken(plan, _clock):
        raise ValueError(" ".join((*OURS.values(), *OF_TILL.values())))

    monkeypatch.setattr(collector, "collect", broken)
    crashed = run("audit", "--format", "json")
    assert crashed.code == 70
    assert list((leaky / "var" / "crash").iterdir())

    everything = {**kept(leaky), "said": "\n".join(said).encode(), "processes": "\n".join(watched).encode()}
    canaries = [*OURS.values(), *OF_ROUTER.values(), *OF_TILL.values(), *OF_GOLDEN.values(), SHADOW, CARD]
    hits = sorted(
        {(canary, where) for canary in canaries for where, data in everything.items() if canary.encode() in data}
    )
    assert hits == []
    # The evidence itself was read: what is not secret is there, and so is the mark of what is.
    together = b"".join(everything.values())
    assert b"411111******1111" in together
    assert b"<redacted:" in together
    assert b"hostname r" in together


def test_what_is_written_under_var_can_be_read_by_nobody_else(leaky):
    before = os.umask(0)
    try:
        (leaky / "recorded").mkdir()
        storefleet(
            "audit", "--fleet", leaky, "--record", leaky / "recorded", "--report", f"json:{leaky / 'report.json'}"
        )
    finally:
        os.umask(before)
    written = [path for top in ("var", "recorded", "report.json") for path in [leaky / top, *(leaky / top).rglob("*")]]
    open_to_all = {str(path) for path in written if path.is_file() and stat.S_IMODE(path.stat().st_mode) & 0o007}
    assert open_to_all == set()
    assert stat.S_IMODE((leaky / "var" / "redaction.key").stat().st_mode) == 0o600
