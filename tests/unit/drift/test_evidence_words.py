"""A command is evidence without what may be a secret in it."""

from __future__ import annotations

import pytest

from storefleet.collect.traces import Trace
from storefleet.drift.persons import told


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("/usr/sbin/usermod -p $6$salt$hash kassen01", "usermod …"),
        ("/usr/sbin/useradd -m -p canary kassen01", "useradd …"),
        ("/bin/sh -c 'echo op:canary | chpasswd'", "chpasswd …"),
        ("/usr/bin/passwd --stdin op", "passwd …"),
        ("/usr/bin/vtysh -c 'password canary'", "vtysh"),
        ("/usr/sbin/useradd -m kassen01", "/usr/sbin/useradd -m kassen01"),
        ("/usr/bin/systemctl disable posd", "/usr/bin/systemctl disable posd"),
    ],
)
def test_of_a_command_that_may_hold_a_password_its_program_is_told(command, expected):
    assert told(Trace("sudo", 1, command, "op1")) == expected
