"""The same reading by plain Nornir and netmiko: one login a host, ``send_command`` for each thing to know.

``python nornir_netmiko_reading.py HOSTS USER KEY WORKERS KNOWN_HOSTS``; prints how many hosts gave everything.
"""

from __future__ import annotations

import sys
from pathlib import Path

import nornir_netmiko  # noqa: F401 - its installation enters the connection plugin
from commands import ENDPOINTS, commands
from nornir.core import Nornir
from nornir.core.inventory import ConnectionOptions, Defaults, Groups, Host, Hosts, Inventory
from nornir.core.plugins.connections import ConnectionPluginRegister
from nornir.core.task import Result, Task
from nornir.plugins.runners import ThreadedRunner
from nornir_netmiko.tasks import netmiko_send_command

TERMINAL = 480


def inventory(hosts: Path, user: str, key: str, known_hosts: str) -> Inventory:
    """Return the hosts with what netmiko needs to log in; host keys are checked."""
    extras = {
        "use_keys": True,
        "key_file": key,
        "ssh_strict": True,
        "system_host_keys": False,
        "alt_host_keys": True,
        "alt_key_file": known_hosts,
    }
    options = {"netmiko": ConnectionOptions(extras=extras)}
    rows = [row.split() for row in hosts.read_text().splitlines()]
    return Inventory(
        hosts=Hosts(
            {
                name: Host(name, hostname=address, username=user, platform="linux", connection_options=options)
                for name, address in rows
            }
        ),
        groups=Groups(),
        defaults=Defaults(),
    )


def read(task: Task, user: str) -> Result:
    """Ask a host for everything."""
    answers = {}
    for name, command in commands(user).items():
        # The echo of a command that is wider than the terminal is not found again; netmiko says to leave its check out.
        options = {"read_timeout": 60, "cmd_verify": len(command) < TERMINAL}
        answers[name] = task.run(netmiko_send_command, command_string=command, **options).result
    task.host.close_connections()
    whole = all(answers[name] for name in ("packages", "services", "listening", "sshd", "addresses"))
    reached = all(answers[f"reach {name}"].strip().endswith("open") for name in ENDPOINTS)
    if not (whole and reached):
        raise ValueError(f"{task.host}: not everything was read")
    return Result(host=task.host, result=answers)


def main(hosts: str, user: str, key: str, workers: str, known_hosts: str) -> None:
    """Read every host and print how many."""
    ConnectionPluginRegister.auto_register()
    nornir = Nornir(
        inventory=inventory(Path(hosts), user, key, known_hosts), runner=ThreadedRunner(num_workers=int(workers))
    )
    nornir.config.logging.enabled = False
    results = nornir.run(task=read, user=user)
    for name, result in list(results.failed_hosts.items())[:3]:
        print(name, result[-1].exception or result[0].exception, file=sys.stderr)
    print(f"read {len(results) - len(results.failed_hosts)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
