from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import paramiko
import pytest

from storefleet.connections import credentials
from storefleet.connections.credentials import Wallet
from storefleet.errors import CredentialError
from storefleet.model.credentials import KeySource, SecretSource
from storefleet.model.secret import Secret

CANARY = "canary-6d41-Zs9!"


@pytest.fixture
def wallet():
    return Wallet(agent_keys=tuple)


def private(path, text=CANARY + "\n", mode=0o600):
    path.write_text(text)
    path.chmod(mode)
    return str(path)


def reason(wallet, source):
    with pytest.raises(CredentialError) as caught:
        wallet.key(source) if isinstance(source, KeySource) else wallet.secret(source)
    assert CANARY not in str(caught.value)
    assert CANARY not in repr(caught.value.__cause__)
    return str(caught.value)


def test_a_secret_comes_from_the_environment(wallet, monkeypatch):
    monkeypatch.setenv("SF_X", CANARY)
    assert wallet.secret(SecretSource(env="SF_X")) == Secret(CANARY)


def test_a_missing_variable_is_named(wallet, monkeypatch):
    monkeypatch.delenv("SF_X", raising=False)
    assert "SF_X is not set" in reason(wallet, SecretSource(env="SF_X"))


def test_the_first_line_of_a_private_file_is_the_secret(wallet, tmp_path):
    source = SecretSource(file=private(tmp_path / "s", f"{CANARY}\r\nsecond line\n"))
    assert wallet.secret(source).reveal() == CANARY


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o601])
def test_a_file_that_others_can_open_is_refused_with_the_remedy(wallet, tmp_path, mode):
    path = private(tmp_path / "s", mode=mode)
    assert f"chmod 600 {path}" in reason(wallet, SecretSource(file=path))


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to give a file away")
def test_a_file_of_another_user_is_refused(wallet, tmp_path):
    path = private(tmp_path / "s")
    os.chown(path, 12345, 12345)
    assert "belongs to another user" in reason(wallet, SecretSource(file=path))


def test_a_pipe_a_folder_and_a_missing_file_are_refused_at_once(wallet, tmp_path):
    os.mkfifo(tmp_path / "pipe", 0o600)
    assert "regular" in reason(wallet, SecretSource(file=str(tmp_path / "pipe")))
    assert "regular" in reason(wallet, SecretSource(file=str(tmp_path)))
    assert "No such file" in reason(wallet, SecretSource(file=str(tmp_path / "none")))
    assert "empty" in reason(wallet, SecretSource(file=private(tmp_path / "empty", "\n")))


def test_a_command_runs_without_a_shell(wallet):
    command = (sys.executable, "-c", "import sys; print(sys.argv[1])", "$(id); `id`")
    assert wallet.secret(SecretSource(command=command)).reveal() == "$(id); `id`"


def test_a_command_that_fails_tells_its_status_and_nothing_that_it_said(wallet):
    command = ("sh", "-c", f"echo {CANARY}; echo {CANARY} >&2; exit 3")
    text = reason(wallet, SecretSource(command=command))
    assert "the command sh ended with status 3" in text
    assert "cannot be run" in reason(wallet, SecretSource(command=("/no/such/program",)))


def test_a_command_that_hangs_is_given_up(wallet, monkeypatch):
    monkeypatch.setattr(credentials, "COMMAND_S", 0.3)
    started = time.monotonic()
    assert "gave no secret within" in reason(wallet, SecretSource(command=("sleep", "30")))
    assert time.monotonic() - started < 10


def test_fifty_threads_ask_a_source_once(wallet, tmp_path):
    counter = tmp_path / "count"
    source = SecretSource(command=("sh", "-c", f"echo x >> {counter}; sleep 0.1; echo {CANARY}"))
    found: list[Secret] = []
    threads = [threading.Thread(target=lambda: found.append(wallet.secret(source))) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [secret.reveal() for secret in found] == [CANARY] * 50
    assert counter.read_text() == "x\n"


def test_a_source_that_failed_is_not_asked_again(wallet, tmp_path):
    counter = tmp_path / "count"
    source = SecretSource(command=("sh", "-c", f"echo x >> {counter}; exit 1"))
    for _ in range(3):
        reason(wallet, source)
    assert counter.read_text() == "x\n"


def make_key(path, *options):
    subprocess.run(["ssh-keygen", "-q", *options, "-f", str(path)], check=True)
    return str(path)


@pytest.mark.parametrize(
    "options",
    [
        ("-t", "ed25519"), ("-t", "ecdsa", "-b", "256"), ("-t", "ecdsa", "-b", "521"), ("-t", "rsa", "-b", "2048"),
        ("-t", "rsa", "-b", "2048", "-m", "PEM"), ("-t", "ecdsa", "-m", "PEM"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("passphrase", ["", CANARY])
def test_every_format_that_openssh_writes_is_read(wallet, tmp_path, options, passphrase):
    path = make_key(tmp_path / "k", *options, "-N", passphrase)
    source = SecretSource(file=private(tmp_path / "p")) if passphrase else None
    key = wallet.key(KeySource(file=path, passphrase=source))
    assert key.get_base64() == (tmp_path / "k.pub").read_text().split()[1]


def test_an_encrypted_key_without_its_passphrase_says_what_is_missing(wallet, tmp_path):
    path = make_key(tmp_path / "k", "-t", "ed25519", "-N", CANARY)
    assert "passphrase" in reason(wallet, KeySource(file=path))
    wrong = SecretSource(file=private(tmp_path / "p", "another\n"))
    assert "passphrase is wrong" in reason(wallet, KeySource(file=path, passphrase=wrong))


def test_a_key_file_that_others_can_read_is_refused(wallet, tmp_path):
    path = make_key(tmp_path / "k", "-t", "ed25519", "-N", "")
    Path(path).chmod(0o644)
    assert "chmod 600" in reason(wallet, KeySource(file=path))


def test_the_agent_gives_the_named_key_and_no_other():
    keys = tuple(paramiko.ECDSAKey.generate() for _ in range(3))
    wallet = Wallet(agent_keys=lambda: keys)
    assert wallet.key(KeySource(agent=keys[1].fingerprint)) is keys[1]
    assert "ssh-add -l" in reason(wallet, KeySource(agent="SHA256:nobody"))


def test_a_wallet_prints_no_secret(wallet, tmp_path):
    wallet.secret(SecretSource(file=private(tmp_path / "s")))
    assert CANARY not in repr(wallet) + repr(wallet.secrets()) + str(vars(wallet))
