"""A synthetic till with the faults of the twelve worked controls."""

from __future__ import annotations

import datetime

from storefleet.model.state import Missing, StateDocument
from storefleet.model.store import Host, Store

ENDPOINTS = [
    {"name": "payment", "host": "pay.hq.example", "port": 19003, "tls": "1.2", "from": ["till", "sco"]},
    {"name": "payment-standby", "host": "pay2.hq.example", "port": 19003, "tls": "1.2", "from": ["till", "sco"]},
    {"name": "backoffice", "host": "erp.hq.example", "port": 443, "from": ["server"]},
]
STORE = Store(
    id="S0412",
    name="Lübeck Nord",
    region="north",
    timezone="Europe/Berlin",
    format="supermarket",
    number=412,
    intended={
        "subnet": "10.101.156.0/24",
        "gateway": "10.101.156.1",
        "dns": ["10.101.156.1", "10.0.0.53"],
        "endpoints": ENDPOINTS,
    },
)
HOST = Host(
    name="S0412-pos2", store="S0412", device="pos2", role="till", platform="linux", address="10.101.156.12", n=2
)
NOW = datetime.datetime(2026, 11, 22, 1, 20, tzinfo=datetime.UTC)
FACTS = {
    "hardware": {
        "storage": [
            {"mount": "/", "inode_pct": 9, "use_pct": 41},
            {"mount": "/var", "use_pct": 97},
        ]
    },
    "kernel": {"sysctl": {"net.ipv4.conf.all.rp_filter": "1", "net.ipv4.ip_forward": "0"}},
    "network": {
        "default_gateways": ["10.101.156.1"],
        "dns": {"search": [], "servers": ["10.101.156.1", "8.8.8.8"]},
        "interfaces": {
            "eth0": {"addresses": ["10.101.156.12/24"], "default_route": True},
            "lo": {"addresses": ["127.0.0.1/8"], "default_route": False},
        },
    },
    "ports": {
        "listening": [
            {"proto": "tcp", "address": "0.0.0.0", "port": 22, "process": "sshd"},
            {"proto": "tcp", "address": "0.0.0.0", "port": 4444, "process": "nc"},
            {"proto": "tcp", "address": "0.0.0.0", "port": 8443, "process": "posd"},
            {"proto": "tcp", "address": "127.0.0.1", "port": 5432, "process": "postgres"},
            {"proto": "udp", "address": "127.0.0.1", "port": 323, "process": "chronyd"},
        ],
        "reachable": {
            "pay.hq.example:19003": {"result": "open", "ms": 31.0},
            "pay2.hq.example:19003": {"result": "timeout"},
        },
    },
    "security": {
        "authorized_keys": ["SHA256:aaa", "SHA256:zzz"],
        "users": [
            {"name": "root", "uid": 0, "shell": "/bin/bash"},
            {"name": "support2", "uid": 0, "shell": "/bin/sh"},
        ],
    },
    "services": {"posd.service": {"active": "active", "enabled": "disabled"}},
    "software": {"package_system": "dpkg", "packages": {"pos-client": "2.2.9-1"}},
}
DOCUMENT = StateDocument(
    host="S0412-pos2",
    store="S0412",
    role="till",
    platform="linux",
    collected_at="2026-11-22T01:14:07Z",
    duration_s=3.2,
    facts=FACTS,
    missing=(Missing("/security/certificates", "sudo refused"),),
)
