from __future__ import annotations

import inspect

import netmiko
import paramiko
import pytest
from netmiko import exceptions as netmiko_exceptions
from paramiko import agent, auth_strategy, config, pkey, sftp, ssh_exception

from storefleet import errors
from storefleet.connections.translate import NETMIKO, PARAMIKO, SYSTEM, Scene, translate

SCENE = Scene(where="S0001-pos1 (10.0.0.1:22)", phase="login")


def exceptions_of(*modules):
    return {
        kind
        for module in modules
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, BaseException) and kind.__module__.startswith(("paramiko", "netmiko"))
    }


# What cannot reach us: our sessions do not use these parts of the libraries.
ELSEWHERE = {paramiko.auth_strategy.AuthFailure}


@pytest.mark.parametrize(
    ("modules", "table"),
    [
        ((paramiko, ssh_exception, agent, auth_strategy, config, pkey, sftp), PARAMIKO),
        ((netmiko, netmiko_exceptions), NETMIKO),
    ],
)
def test_every_exception_that_the_library_exports_has_a_row_of_its_own(modules, table):
    known = {row[0] for row in table} | {row[0] for row in PARAMIKO}
    assert exceptions_of(*modules) - known - ELSEWHERE == set()


def test_every_row_leads_into_the_tree():
    for kind, ours, words in (*PARAMIKO, *NETMIKO, *SYSTEM):
        assert issubclass(kind, BaseException)
        assert issubclass(ours, errors.HostError)
        assert words


def caught(fault, cause=None, context=None):
    fault.__cause__, fault.__context__ = cause, context
    return translate(fault, SCENE)


KEY = paramiko.ECDSAKey.generate()


def test_netmikos_timeout_with_the_truth_in_its_context_is_the_truth():
    truth = paramiko.BadHostKeyException("h", KEY, KEY)
    assert type(caught(netmiko.NetmikoTimeoutException("TCP connection to device failed"), context=truth)) is (
        errors.HostKeyChanged
    )


def test_a_host_that_netmikos_policy_rejects_is_an_unknown_key():
    truth = paramiko.SSHException("Server 'S0001-pos1' not found in known_hosts")
    assert type(caught(netmiko.NetmikoTimeoutException("x"), context=truth)) is errors.HostKeyUnknown


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (ssh_exception.NoValidConnectionsError({("10.0.0.1", 22): OSError()}), errors.Unreachable),
        (ConnectionRefusedError(111, "Connection refused"), errors.Refused),
        (ConnectionResetError(104, "reset"), errors.Dropped),
        (TimeoutError("timed out"), errors.TimedOut),
        (EOFError(), errors.Dropped),
        (paramiko.AuthenticationException("Authentication failed."), errors.LoginRefused),
        (paramiko.BadAuthenticationType("no", ["password"]), errors.LoginRefused),
        (paramiko.PasswordRequiredException("x"), errors.CredentialError),
        (netmiko.NetmikoAuthenticationException("x"), errors.LoginRefused),
        (netmiko.ReadTimeout("x"), errors.DeadlineExceeded),
        (netmiko.NetmikoTimeoutException("x"), errors.TimedOut),
        (paramiko.SSHException("garbage"), errors.Dropped),
        (RuntimeError("what"), errors.ConnectError),
    ],
)
def test_each_kind_of_fault_has_its_own_word(fault, kind):
    error = translate(fault, SCENE)
    assert type(error) is kind
    assert "S0001-pos1" in str(error)


def test_an_error_of_our_tree_stays_what_it_is():
    ours = errors.JumpFailed("via")
    assert caught(paramiko.SSHException("x"), cause=ours) is ours


def test_a_device_that_goes_down_says_so_and_is_no_wrong_password():
    scene = Scene("S1-r", "login", said='"System is going down. Unprivileged users are not permitted to log in"')
    assert type(translate(paramiko.AuthenticationException("failed"), scene)) is errors.Rebooting


def test_a_crypto_mismatch_names_what_the_peer_has_and_the_way_out():
    offer = {
        "key exchange": ["diffie-hellman-group1-sha1", "kex-strict-s"],
        "cipher": ["3des-cbc"],
        "MAC": ["hmac-sha2-256"],
    }
    text = str(translate(ssh_exception.IncompatiblePeer("no"), Scene("S1-r", "key exchange", offer=offer)))
    assert "diffie-hellman-group1-sha1" in text
    assert "legacy_ssh: {algorithms: [diffie-hellman-group1-sha1, 3des-cbc], expires: DATE}" in text
    assert "hmac-sha2-256" not in text


def test_what_the_library_cannot_speak_any_more_is_not_promised():
    scene = Scene("S1-r", "key exchange", offer={"host key": ["ssh-dss"]})
    text = str(translate(ssh_exception.IncompatiblePeer("no"), scene))
    assert "ssh-dss" in text
    assert "legacy_ssh" not in text


def test_words_of_a_device_cannot_act_on_the_terminal():
    text = str(translate(paramiko.SSHException("a\x1b[2Jb\nc\u202ed"), SCENE))
    assert text.isprintable()
