"""What an operator would type to read a till: the same facts that storefleet's script reads, one command each."""

from __future__ import annotations

import shlex

SYSCTL = (
    "fs.protected_hardlinks fs.protected_symlinks fs.suid_dumpable kernel.dmesg_restrict kernel.kptr_restrict "
    "kernel.panic kernel.randomize_va_space kernel.sysrq kernel.unprivileged_bpf_disabled "
    "net.ipv4.conf.all.accept_redirects net.ipv4.conf.all.accept_source_route net.ipv4.conf.all.log_martians "
    "net.ipv4.conf.all.rp_filter net.ipv4.conf.all.send_redirects net.ipv4.conf.default.accept_redirects "
    "net.ipv4.icmp_echo_ignore_broadcasts net.ipv4.ip_forward net.ipv4.tcp_syncookies net.ipv6.conf.all.accept_ra "
    "net.ipv6.conf.all.accept_redirects net.ipv6.conf.all.disable_ipv6 net.ipv6.conf.all.forwarding vm.panic_on_oom "
    "vm.swappiness"
)
ENDPOINTS = ("pay.hq.example", "pay2.hq.example", "price.hq.example")
PORT = 8443


def reach(name: str) -> str:
    """Return the command that says whether the till reaches an endpoint."""
    return f"timeout 5 bash -c 'exec 3<>/dev/tcp/{name}/{PORT}' && echo open || echo closed"


PLAIN = {
    "addresses": "ip -j address",
    "routes": "ip -j route",
    "neighbours": "ip -j neighbour",
    "resolvers": "cat /etc/resolv.conf",
    "hosts": "cat /etc/hosts",
    "os": "cat /etc/os-release",
    "kernel": "uname -a",
    "uptime": "cat /proc/uptime /proc/loadavg",
    "memory": "cat /proc/meminfo",
    "clock": "date +%s.%N",
    "timezone": "readlink -f /etc/localtime",
    "services": "systemctl show '*.service' '*.socket' '*.timer' --all --no-pager "
    "--property Id,ActiveState,SubState,UnitFileState,NRestarts,MainPID",
    "unit files": "systemctl list-unit-files --no-legend --no-pager '*.service' '*.socket' '*.timer'",
    "packages": "dpkg-query -W -f '${db:Status-Abbrev} ${binary:Package} ${Version}\\n'",
    "users": "cat /etc/passwd",
    "groups": "cat /etc/group",
    "storage": "df -P -k",
    "inodes": "df -P -i",
    "mounts": "cat /proc/mounts",
    "modules": "test ! -f /proc/modules || cat /proc/modules",
    "sysctl": f"sysctl {SYSCTL}",
    "pos": "cat /opt/pos/etc/pos.ini",
    "watched": "sha256sum /opt/pos/etc/pos.ini /etc/hosts /etc/resolv.conf",
    **{f"reach {name}": reach(name) for name in ENDPOINTS},
}
ROOT = {
    "listening": "ss -H -l -n -t -u -p",
    "sshd": "sshd -T",
    "firewall": "nft list ruleset",
    "passwords": "cat /etc/shadow",
    "keys": "cat /root/.ssh/authorized_keys /home/sf-read/.ssh/authorized_keys",
    "certificate": "openssl x509 -in /opt/pos/client.crt -noout -enddate -subject -issuer",
}


def commands(user: str) -> dict[str, str]:
    """Return every command by what it reads; a till's own account may become root for ``sh`` only."""
    if user == "root":
        return PLAIN | ROOT
    return PLAIN | {name: f"sudo -n sh -c {shlex.quote(command)}" for name, command in ROOT.items()}
