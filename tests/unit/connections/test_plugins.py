from __future__ import annotations

import time

import pytest
from nornir.core.plugins.connections import ConnectionPluginRegister

from storefleet.connections import plugins
from storefleet.connections.connector import Connector
from storefleet.connections.known_hosts import KnownHosts
from storefleet.errors import JumpFailed, NameUnknown
from storefleet.model.limits import Limits
from storefleet.model.store import Connect, Host


def connector(*hosts):
    by_name = {host.name: host for host in hosts}
    return Connector(lambda *_: (("x", None),), KnownHosts(), by_name.__getitem__, Limits())  # type: ignore[arg-type]


def host(name="S1-pos1", via=None, address=None):
    store, device = name.split("-")
    return Host(name=name, store=store, device=device, role="till", platform="linux", address=address,
                connect=Connect(via=via))  # fmt: skip


def test_registering_twice_is_harmless():
    plugins.register()
    plugins.register()
    assert ConnectionPluginRegister.get_plugin("storefleet-ssh") is plugins.SshConnection
    assert ConnectionPluginRegister.get_plugin("storefleet-cli") is plugins.CliConnection


def test_a_plugin_without_our_extras_says_what_it_needs():
    with pytest.raises(TypeError, match="connector, host and expires_at"):
        plugins.SshConnection().open("h", "u", "p", 22, "linux", {})


def test_a_host_without_an_address_is_named_and_never_connected():
    extras = {"connector": connector(), "host": host(), "expires_at": time.monotonic() + 5}
    with pytest.raises(NameUnknown, match="no address"):
        plugins.SshConnection().open(None, None, None, None, None, extras)


def test_a_jump_that_is_no_host_is_named():
    behind = host(via="S1-router", address="127.0.0.1")
    with pytest.raises(JumpFailed, match="S1-router is no host of the inventory"):
        connector(behind).session(behind, time.monotonic() + 5).open_shell()
