# ruff: noqa: E501 - shell lines are as long as they are
"""Endpoints measured from a host: every verdict against a real socket, with every tool that a store's host may have."""

import contextlib
import os
import shutil
import socket
import subprocess
import time
from importlib import resources

import pytest
from collect_shells import applets, collect, gaps, missing_tools, tools

from storefleet.collect.plan import Endpoint
from storefleet.documents.published import problems

pytestmark = pytest.mark.skipif(bool(missing_tools("dash", "busybox")), reason="needs dash and busybox")
BARE = ("sh", "id", "cat", "date", "uname", "readlink", "tr", "ls", "head", "sleep", "sed", "timeout", "getent")
CONNECTORS = {"bash": "bash", "nc-openbsd": "nc.openbsd", "nc-traditional": "nc.traditional", "nc-busybox": "busybox"}


@pytest.fixture(scope="module")
def doors():
    """Ports of 127.0.0.1: one that answers, one where nothing listens, one whose queue is full."""
    with contextlib.ExitStack() as stack:
        answering, full, closed = (stack.enter_context(socket.socket()) for _ in range(3))
        for door, backlog in ((answering, 64), (full, 0)):
            door.bind(("127.0.0.1", 0))
            door.listen(backlog)
        closed.bind(("127.0.0.1", 0))
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        time.sleep(0.1)
        yield {"open": answering.getsockname()[1], "refused": closed.getsockname()[1], "timeout": full.getsockname()[1]}


def connector(folder, binary):
    """Return a PATH with one tool that can connect, under the name it has on a host."""
    path = tools(folder, *BARE)
    found = shutil.which(binary)
    if found is None:
        pytest.skip(f"not on this machine: {binary}")
    (folder / ("bash" if binary == "bash" else "nc")).symlink_to(found)
    return path


@pytest.mark.parametrize("binary", CONNECTORS.values(), ids=CONNECTORS)
def test_every_tool_tells_open_from_refused_from_silence(binary, doors, tmp_path):
    ends = tuple(Endpoint(word, "127.0.0.1", port) for word, port in doors.items())
    began = time.monotonic()
    document = collect(("dash",), path=connector(tmp_path / "bin", binary), endpoints=ends, light=True)
    assert time.monotonic() - began < 20
    found = {key: facts["result"] for key, facts in document.facts["ports"]["reachable"].items()}
    assert found == {f"127.0.0.1:{port}": word for word, port in doors.items()}
    assert problems(document.to_json(), "state-1") == []


def test_a_host_of_busybox_alone_measures_too(doors, tmp_path):
    ends = (Endpoint("a", "127.0.0.1", doors["open"], "1.2"), Endpoint("b", "localhost", doors["refused"]))
    path = applets(tmp_path / "bin")
    document = collect(("busybox", "ash"), path=path, env={"PATH": path}, endpoints=ends, light=True)
    found = document.facts["ports"]["reachable"]
    assert found[f"127.0.0.1:{doors['open']}"]["result"] == "open"
    assert found[f"localhost:{doors['refused']}"]["result"] == "refused"
    assert found[f"localhost:{doors['refused']}"]["address"] == "127.0.0.1"


def test_without_a_tool_nothing_is_called_closed(doors, tmp_path):
    end = Endpoint("a", "127.0.0.1", doors["open"])
    document = collect(("dash",), path=tools(tmp_path / "bin", *BARE), endpoints=(end,), light=True)
    assert document.facts["ports"]["reachable"] == {}
    assert gaps(document)[f"/ports/reachable/127.0.0.1:{end.port}"] == "no tool on this system: bash, nc"


def test_a_tool_that_lies_is_not_believed(doors, tmp_path):
    path = tools(tmp_path / "bin", *BARE)
    liar = tmp_path / "bin" / "nc"
    liar.write_text("#!/bin/sh\nexit 0\n")
    liar.chmod(0o755)
    end = Endpoint("a", "127.0.0.1", doors["refused"])
    document = collect(("dash",), path=path, endpoints=(end,), light=True)
    assert gaps(document)[f"/ports/reachable/127.0.0.1:{end.port}"] == "no tool on this system: bash, nc"


@pytest.mark.parametrize(
    ("resolver", "answer", "result"),
    [
        ("getent", "exit 2", "name"),
        ("getent", "echo '127.0.0.1 STREAM pay.test'; echo '127.0.0.1 DGRAM'", "open"),
        (
            "nslookup",
            "printf 'Server:\\t10.0.0.1\\nAddress: 10.0.0.1:53\\n\\nName:\\tpay.test\\nAddress: 127.0.0.1\\n'",
            "open",
        ),
        (
            "nslookup",
            "printf 'Server:    10.0.0.1\\nAddress 1: 10.0.0.1\\n\\nName:      pay.test\\nAddress 1: 127.0.0.1 localhost\\n'",
            "open",
        ),
        ("nslookup", "printf 'Server:\\t10.0.0.1\\n** server cannot find pay.test: NXDOMAIN\\n'; exit 1", "name"),
    ],
)
def test_a_name_is_resolved_by_what_the_host_has(resolver, answer, result, doors, tmp_path):
    path = tools(tmp_path / "bin", *(name for name in (*BARE, "bash") if name != "getent"))
    fake = tmp_path / "bin" / resolver
    fake.write_text(f"#!/bin/sh\n{answer}\n")
    fake.chmod(0o755)
    document = collect(("dash",), path=path, endpoints=(Endpoint("a", "pay.test", doors["open"]),), light=True)
    assert document.facts["ports"]["reachable"][f"pay.test:{doors['open']}"]["result"] == result


SAID = {
    "nc: connect to 10.0.0.1 port 1 (tcp) failed: No route to host": "unreachable",
    "bash: connect: Network is unreachable": "unreachable",
    "(UNKNOWN) [10.0.0.1] 1 (?) : Connection timed out": "timeout",
    "nc: timed out": "timeout",
    "nc: bad address 'pay'": "name",
    'nc: getaddrinfo for host "pay" port 1: Temporary failure in name resolution': "name",
    "nc: invalid option -- 'z'": "unknown",
    "BusyBox v1.35.0 multi-call binary. Usage: nc [OPTIONS] HOST PORT": "unknown",
    "something else": "unknown",
}


@pytest.mark.parametrize("shell", [("dash",), ("busybox", "ash")], ids=["dash", "busybox"])
def test_what_a_tool_says_decides_and_a_usage_error_decides_nothing(shell):
    source = resources.files("storefleet.collect.linux").joinpath("probes", "reach.sh").read_text()
    for said, verdict in SAID.items():
        script = source + f"\nverdict 1 '{said.replace(chr(39), '')}'\n"
        done = subprocess.run([*shell, "-s"], input=script, capture_output=True, text=True, check=True)
        assert done.stdout.strip() == verdict


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """A certificate authority of our own, and a TLS server with a certificate for ``localhost``."""
    if missing_tools("openssl"):
        pytest.skip("needs openssl")
    folder = tmp_path_factory.mktemp("tls")
    run = lambda *argv: subprocess.run(argv, check=True, capture_output=True, cwd=folder)  # noqa: E731 - one line, used twice
    run(
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        "ca.key",
        "-out",
        "ca.crt",
        "-days",
        "3",
        "-subj",
        "/CN=Test CA",
    )
    (folder / "ext").write_text("subjectAltName=DNS:localhost\n")
    run(
        "openssl", "req", "-newkey", "rsa:2048", "-nodes", "-keyout", "s.key", "-out", "s.csr", "-subj", "/CN=localhost"
    )
    run(
        "openssl",
        "x509",
        "-req",
        "-in",
        "s.csr",
        "-CA",
        "ca.crt",
        "-CAkey",
        "ca.key",
        "-CAcreateserial",
        "-days",
        "2",
        "-extfile",
        "ext",
        "-out",
        "s.crt",
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-key", "s.key", "-cert", "s.crt", "-quiet", "-tls1_2"],
        cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.05)
    yield folder, port
    server.kill()
    server.wait()


@pytest.mark.parametrize(
    ("host", "trusted", "least", "expected"),
    [
        ("localhost", True, "1.2", {"result": "ok", "version": "TLSv1.2", "verified": True}),
        (
            "localhost",
            False,
            "1.2",
            {"result": "failed", "verified": False, "error": "unable to verify the first certificate"},
        ),
        ("127.0.0.1", True, "1.2", {"result": "failed", "verified": False}),
        ("localhost", True, "1.3", {"result": "failed"}),
    ],
)
def test_a_handshake_is_judged_by_trust_name_and_version(authority, host, trusted, least, expected):
    folder, port = authority
    env = {**os.environ, **({"SSL_CERT_FILE": str(folder / "ca.crt")} if trusted else {"SSL_CERT_FILE": "/dev/null"})}
    document = collect(("dash",), env=env, endpoints=(Endpoint("a", host, port, least),), light=True)
    found = document.facts["ports"]["reachable"][f"{host}:{port}"]
    assert found["result"] == "open"
    assert {key: found["tls"].get(key) for key in expected} == expected
    if least == "1.2":
        assert found["tls"]["issuer"] == "CN=Test CA"
        assert found["tls"]["not_after"].endswith("Z")
    assert problems(document.to_json(), "state-1") == []
