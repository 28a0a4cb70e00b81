"""What makes a copy of a root file system one particular device: its name, addresses, keys and configuration.

The files are written once, before the first boot, into the device's own layer. Text is made by pure functions; only
:func:`provision` writes.
"""

from __future__ import annotations

import shutil
import uuid
from importlib.resources import files
from pathlib import Path

from storefleet.lab.keys import public_key
from storefleet.lab.machine import run
from storefleet.lab.packages import POS_VERSION
from storefleet.lab.plan import SERVICES, WAN_HUB, WAN_PREFIX, Device, LabStore

MODELS = {"router": "FRR-R100", "till": "Lane-T10", "kiosk": "Kiosk-K5"}


def provision(root: Path, device: Device, store: LabStore, keys: Path, serial: str) -> None:
    """Write into ``root`` (the device's merged file system) all that is the device's own."""
    texts = common_files(device, serial)
    texts |= {"router": router_files, "till": till_files, "kiosk": kiosk_files}[device.kind](device, store)
    for name, text in texts.items():
        _write(root / name, text)
    if device.kind == "kiosk":
        _kiosk_keys(root, device, keys)
    else:
        _debian_keys(root, device, keys)
    if device.kind == "till":
        _certificates(root, device, keys)
    if device.kind == "router":
        _router_accounts(root, keys)


def common_files(device: Device, serial: str) -> dict[str, str]:
    """Return the files that every device has: its name, its own name in the hosts file, and what hardware it is."""
    info = f"HARDWARE_VENDOR=Practice\nHARDWARE_MODEL={MODELS[device.kind]}\nHARDWARE_SERIAL={serial}\n"
    return {
        "etc/hostname": f"{device.name}\n",
        "etc/hosts": f"127.0.0.1 localhost\n{device.address} {device.name}\n",
        "etc/machine-info": info,
        "etc/storefleet-lab/serial": f"{serial}\n",
        "etc/storefleet-lab/model": f"{MODELS[device.kind]}\n",
    }


def till_files(device: Device, store: LabStore) -> dict[str, str]:
    """Return the till's network, resolver, SSH server and point-of-sale settings."""
    network = f"[Match]\nName=eth0\n\n[Network]\nAddress={device.address}/24\nGateway={device.gateway}\n"
    network += "LinkLocalAddressing=no\nIPv6AcceptRA=no\nConfigureWithoutCarrier=yes\n"
    pos = f"[main]\nversion = {POS_VERSION}\nlane = {device.n}\n\n"
    pos += f"[acquirer]\nhost = pay.hq.example\nport = 19003\ntid = T{store.number:04d}{device.n:03d}\n"
    return {
        "etc/machine-id": f"{uuid.uuid4().hex}\n",
        "etc/systemd/network/10-store.network": network,
        "etc/resolv.conf": resolv_conf(device),
        "etc/ssh/sshd_config": _shipped("sshd_config.till"),
        "opt/pos/etc/pos.ini": pos,
    }


def resolv_conf(device: Device) -> str:
    """Return the resolver settings as the numbering plan wants them: the store's router, then head office."""
    return f"nameserver {device.gateway}\nnameserver {SERVICES['ns.hq.example']}\n"


def kiosk_files(device: Device, store: LabStore) -> dict[str, str]:
    """Return the kiosk's network settings; BusyBox has no network manager, its start script reads them."""
    del store
    return {
        "etc/network.conf": f"ADDRESS={device.address}\nGATEWAY={device.gateway}\n",
        "etc/resolv.conf": resolv_conf(device),
    }


def router_files(device: Device, store: LabStore) -> dict[str, str]:
    """Return the router's FRR configuration, name service, packet filter and SSH server."""
    dnsmasq = f"no-resolv\nno-hosts\nserver={SERVICES['ns.hq.example']}\ninterface=lan0\nbind-dynamic\ncache-size=100\n"
    return {
        "etc/machine-id": f"{uuid.uuid4().hex}\n",
        "etc/resolv.conf": f"nameserver {SERVICES['ns.hq.example']}\n",
        "etc/frr/frr.conf": frr_conf(device, store),
        # A router that takes log-ins has its configuration loaded and its names served.
        "etc/systemd/system/ssh.service.d/last.conf": "[Unit]\nAfter=frr.service dnsmasq.service\n",
        "etc/frr/vtysh.conf": "service integrated-vtysh-config\n",
        "etc/default/store-switch": f"LAN_MAC={device.mac}\n",
        "etc/dnsmasq.conf": dnsmasq,
        "etc/nftables.conf": nftables_conf(store),
        "etc/ssh/sshd_config": _shipped("sshd_config.router"),
    }


def frr_conf(device: Device, store: LabStore) -> str:
    """Return the saved configuration as FRR itself would save it, so that saved equals running from the start."""
    ports = sorted((other for other in store.devices if other.kind != "router"), key=lambda other: other.port)
    blocks = [("lan0", "store LAN", f" ip address {device.address}/24\n")]
    blocks += [(other.port, other.key, "") for other in ports]
    blocks += [("wan0", "to head office", f" ip address {store.wan}/{WAN_PREFIX}\n")]
    interfaces = "".join(f"interface {name}\n description {text}\n{more}exit\n!\n" for name, text, more in blocks)
    head = f"frr version 8.4.4\nfrr defaults traditional\nhostname {device.name}\nlog syslog informational\n"
    head += "no ipv6 forwarding\nservice integrated-vtysh-config\n!\n"
    return f"{head}ip route 0.0.0.0/0 {WAN_HUB}\n!\n{interfaces}"


def nftables_conf(store: LabStore) -> str:
    """Return the router's packet filter; the store with the borrowed prefix hides behind its WAN address."""
    text = "flush ruleset\ntable inet store {\n\tchain forward {\n"
    text += "\t\ttype filter hook forward priority filter; policy accept;\n\t}\n}\n"
    if store.flat:
        text += "table ip nat {\n\tchain postrouting {\n\t\ttype nat hook postrouting priority srcnat;\n"
        text += '\t\toifname "wan0" masquerade\n\t}\n}\n'
    return "#!/usr/sbin/nft -f\n" + text


def _shipped(name: str) -> str:
    return (files("storefleet.lab") / "files" / name).read_text()


def _write(path: Path, text: str, mode: int = 0o644) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)


def _authorize(root: Path, home: str, key: str) -> None:
    """Put one public key into an account, owned as its home is."""
    owner = (root / home).stat()
    folder = root / home / ".ssh"
    _write(folder / "authorized_keys", f"{key} storefleet-lab\n", 0o600)
    folder.chmod(0o700)
    for path in (folder, folder / "authorized_keys"):
        shutil.chown(path, owner.st_uid, owner.st_gid)


def _debian_keys(root: Path, device: Device, keys: Path) -> None:
    pair = keys / "host" / device.name
    _write(root / "etc/ssh/ssh_host_ed25519_key", pair.read_text(), 0o600)
    _write(root / "etc/ssh/ssh_host_ed25519_key.pub", f"{public_key(pair)}\n")
    logins = {"sf": "router-cli", "sf-shell": "router-shell"}
    if device.kind == "till":
        logins = {"sf-read": "till-read", "sf-change": "till-change"}
    for user, login in logins.items():
        _authorize(root, f"home/{user}", public_key(keys / login))


def _kiosk_keys(root: Path, device: Device, keys: Path) -> None:
    place = root / "etc/dropbear/dropbear_ed25519_host_key"
    run(["dropbearconvert", "openssh", "dropbear", str(keys / "host" / device.name), str(place)])
    place.chmod(0o600)
    _authorize(root, "root", public_key(keys / "kiosk"))


def _certificates(root: Path, device: Device, keys: Path) -> None:
    """Give the till its client certificate, and trust in the lab's authority where OpenSSL and others look for it."""
    authority = (keys / "ca.crt").read_text()
    _write(root / "usr/local/share/ca-certificates/practice-fleet.crt", authority)
    bundle = root / "etc/ssl/certs/ca-certificates.crt"
    _write(bundle, bundle.read_text() + authority)
    link = root / "etc/ssl/certs" / f"{(keys / 'ca.hash').read_text()}.0"
    link.symlink_to("/usr/local/share/ca-certificates/practice-fleet.crt")
    _write(root / "opt/pos/client.crt", (keys / f"{device.name}.crt").read_text())
    _write(root / "opt/pos/client.key", (keys / f"{device.name}.key").read_text(), 0o600)


def _router_accounts(root: Path, keys: Path) -> None:
    """Set the command-line account's password, and give FRR's files to their owner."""
    shadow = root / "etc/shadow"
    digest = (keys / "router-password.hash").read_text().strip()
    lines = shadow.read_text().splitlines()
    fields = [line.split(":") for line in lines]
    text = "".join(":".join([f[0], digest, *f[2:]] if f[0] == "sf" else f) + "\n" for f in fields)
    shadow.write_text(text)
    owners = {line.split(":")[0]: line.split(":") for line in (root / "etc/passwd").read_text().splitlines()}
    groups = {line.split(":")[0]: int(line.split(":")[2]) for line in (root / "etc/group").read_text().splitlines()}
    user, group = int(owners["frr"][2]), int(owners["frr"][3])
    for name, gid in (("frr.conf", group), ("vtysh.conf", groups["frrvty"])):
        path = root / "etc/frr" / name
        path.chmod(0o640)
        shutil.chown(path, user, gid)
