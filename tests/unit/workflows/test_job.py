"""What a job gives its hosts: the variables of other hosts, and a place for the files that are brought home."""

import os
import stat
from types import SimpleNamespace

import pytest

from storefleet.documents.ownership import PRIVATE
from storefleet.errors import TaskFailed
from storefleet.playbook.language import Playbook
from storefleet.playbook.sources import Sources
from storefleet.workflows import variables
from storefleet.workflows.job import Job


@pytest.fixture
def job(tmp_path, monkeypatch):
    monkeypatch.setattr(variables, "template_roots", lambda host, _store: {"host": {"name": host.name}})
    hosts = {
        name: SimpleNamespace(name=name, platform="linux", role="till", groups=(), store="S1")
        for name in ("one", "two")
    }
    store = SimpleNamespace(region="north", format="city")
    workspace = SimpleNamespace(
        fleet=SimpleNamespace(hosts=hosts), store=lambda _host: store, owner_of=lambda _path: PRIVATE, shown=str
    )
    (tmp_path / "host_vars").mkdir()
    for name in hosts:
        text = "port: 8{{ number }}\nwhere: '{{ nowhere }}'\n" + f"number: {len(name + name[0])}\n"
        (tmp_path / "host_vars" / f"{name}.yaml").write_text(text)
    return Job(workspace, Playbook("p", "", ()), Sources((tmp_path,)))


def test_what_another_host_has_is_rendered_with_what_that_host_has(job):
    names = job.variables.names(job.workspace.fleet.hosts["one"])
    assert names.render("{{ hostvars['two'].port }} {{ hostvars.two.inventory_hostname }}") == "84 two"
    assert names.render("{{ hostvars.two.nothing | default('none') }}{{ 'nothing' in hostvars.two }}") == "noneFalse"


def test_a_file_that_is_brought_home_is_ours_alone_and_whole(job, tmp_path, monkeypatch):
    old = os.umask(0)
    try:
        assert job.keep("fetched/a", b"secret")
    finally:
        os.umask(old)
    path = tmp_path / "fetched" / "a"
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"secret", 0o600)
    assert not job.keep("fetched/a", b"secret")

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(TaskFailed, match="No space left"):
        job.keep("fetched/a", b"other")
    assert [one.name for one in path.parent.iterdir()] == ["a"]
    assert path.read_bytes() == b"secret"


def test_a_file_never_comes_to_stand_outside(job, tmp_path):
    (tmp_path / "out").symlink_to("/")
    for name in ("../x", "out/tmp/x", "/tmp/x"):
        with pytest.raises(TaskFailed, match="outside"):
            job.keep(name, b"")
