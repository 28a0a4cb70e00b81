"""Hosts that are changed without a host: shells of this machine, each below a folder of its own. A pytest plugin."""

from types import SimpleNamespace

import pytest
from playbook_world import ME, MINE, Shell

from storefleet.modules import remote

__all__ = ["AUDITED", "ME", "MINE", "TILLS"]

TILLS = ("S0001-pos1", "S0001-pos2", "S0002-pos1", "S0002-pos3", "S0003-pos1", "S0003-pos2")


@pytest.fixture
def hosts(tmp_path, monkeypatch):
    """Give each till a folder; sessions are shells, which ``broken`` may make drop the line at a script."""
    for name in TILLS:
        (tmp_path / "hosts" / name).mkdir(parents=True)
    monkeypatch.setattr(remote, "KEPT", str(tmp_path / "kept"))
    broken = {}
    purposes = []

    def session(_self, host, _expires_at, purpose=None):
        purposes.append((host.name, purpose))
        return Shell("sh", before=broken.get(host.name, lambda _script: None))

    monkeypatch.setattr("storefleet.connections.connector.Connector.session", session)
    monkeypatch.setattr("storefleet.cli.change.audit_fleet", no_audit)
    monkeypatch.setattr("storefleet.cli.change.audit_text", lambda _document, **_style: "audited\n")
    return tmp_path / "hosts", broken, purposes


AUDITED = []


def no_audit(_workspace, request, _show):
    AUDITED[:] = request.limit.split(",")
    return SimpleNamespace(document=SimpleNamespace(verdict=SimpleNamespace(exit=0)))


@pytest.fixture
def playbook(fleet, tmp_path):
    def write(tasks="", name="p.yaml", play=""):
        folder = fleet / "playbooks"
        folder.mkdir(exist_ok=True)
        own = f"owner: {ME}, group: {MINE}"
        tasks = tasks or f"    - copy: {{content: \"x\\n\", dest: '{tmp_path}/hosts/{{{{ host.name }}}}/x', {own}}}\n"
        (folder / name).write_text(f"- hosts: role=till\n  gather_facts: false\n{play}  tasks:\n{tasks}")
        return name

    return write
