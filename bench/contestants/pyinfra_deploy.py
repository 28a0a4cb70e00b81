"""The same reading by pyinfra: its own facts where it has them, ``server.Command`` for the rest."""

from __future__ import annotations

from commands import ENDPOINTS, SYSCTL, commands, reach
from pyinfra import host
from pyinfra.facts import deb, files, hardware, server, systemd

typed = (
    server.Hostname,
    server.Kernel,
    server.Arch,
    server.Date,
    server.LinuxDistribution,
    server.Users,
    server.Groups,
    server.Mounts,
    server.KernelModules,
    hardware.Cpus,
    hardware.Memory,
    hardware.NetworkDevices,
    deb.DebPackages,
    systemd.SystemdStatus,
    systemd.SystemdEnabled,
)
facts = {fact.__name__: host.get_fact(fact) for fact in typed}
facts["sysctl"] = host.get_fact(server.Sysctl, keys=SYSCTL.split())
for path in ("/opt/pos/etc/pos.ini", "/etc/hosts", "/etc/resolv.conf"):
    facts[f"sha256 {path}"] = host.get_fact(files.Sha256File, path=path)
sudo = host.data.get("become", False)
asked = commands("root")
for name in ("routes", "neighbours", "resolvers", "hosts", "uptime", "timezone", "storage", "inodes", "pos"):
    facts[name] = host.get_fact(server.Command, command=asked[name])
for name in ("listening", "sshd", "firewall", "passwords", "keys", "certificate"):
    facts[name] = host.get_fact(server.Command, command=asked[name], _sudo=sudo)
for name in ENDPOINTS:
    facts[f"reach {name}"] = host.get_fact(server.Command, command=reach(name))

whole = all(facts[name] for name in ("DebPackages", "SystemdStatus", "NetworkDevices", "listening", "sshd"))
if not whole or any(facts[f"reach {name}"] != "open" for name in ENDPOINTS):
    raise ValueError(f"{host.name}: not everything was read")
with open(host.data.get("done"), "a") as done:  # noqa: PTH123 - one short append a host
    done.write(f"{host.name}\n")
