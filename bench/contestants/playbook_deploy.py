"""The twelve tasks of ``playbook/till.yml`` by pyinfra: its own operations, a fact where the playbook looks."""

from __future__ import annotations

from pathlib import Path

from pyinfra import host, logger
from pyinfra.facts.files import File
from pyinfra.operations import files, server

HERE = Path(__file__).parent
name = host.data.get("host_name")
base = f"/srv/tills/{name}"
payment = {"host": "pay.hq.example", "port": 8443}

files.directory(name="Folder of the drop-ins", path=f"{base}/pos.d", mode="755")
files.put(name="Printers", src=str(HERE / "files/printers.ini"), dest=f"{base}/pos.d/printers.ini", mode="644")
files.template(
    name="Receipt",
    src=str(HERE / "templates/receipt.ini.j2"),
    dest=f"{base}/pos.d/receipt.ini",
    mode="640",
    inventory_hostname=name,
    payment=payment,
    # as Ansible and storefleet render: no empty lines where statements stood
    jinja_env_kwargs={"trim_blocks": True},
)
files.line(
    name="Payment host",
    path=f"{base}/pos.ini",
    line=r"^host *=.*$",
    replace=f"host = {payment['host']}",
)
files.line(name="Offline sales", path=f"{base}/journal.ini", line="offline = yes")
files.block(
    name="Names of head office",
    path=f"{base}/hosts",
    content="10.1.1.1 pay.hq.example\n10.1.1.2 price.hq.example",
    marker="# {mark} ANSIBLE MANAGED BLOCK",
)
files.file(name="Nobody else reads the key", path=f"{base}/client.key", mode="600")
files.file(name="The old settings are gone", path=f"{base}/pos.old", present=False)
client = host.get_fact(File, path="/opt/pos/etc/pos.ini")
if not host.get_fact(File, path=f"{base}/printers.index"):
    server.shell(name="Index of the printers", commands=[f"cp {base}/pos.d/printers.ini {base}/printers.index"])
if not client or client["size"] <= 0:
    raise ValueError(f"{name}: what must hold does not")
logger.info(f"{name}: {client['size']} bytes, payment by {payment['host']}:{payment['port']}")
