"""The journal of an apply: what a controller that is killed, or whose disk is full, leaves of it."""

import contextlib
from types import SimpleNamespace

import audit_factory as factory
import msgspec
import pytest

from storefleet.model.limits import Limits
from storefleet.model.plan import HostApplied, HostPlan, Plan
from storefleet.modules.remote import KEPT
from storefleet.playbook.language import Playbook
from storefleet.workflows import apply as applying
from storefleet.workflows.changed import changed_in
from storefleet.workflows.undo import changed_by

HOST = HostPlan("S0001-pos1", "S0001", (), "config", 0, 0)


class KilledError(BaseException):
    """Stands for kill -9."""


def made(tmp_path, monkeypatch, journal):
    def killed(*_arguments, **_more):
        raise KilledError

    monkeypatch.setattr(applying, "live", lambda *_arguments: SimpleNamespace(close=int))
    monkeypatch.setattr(applying, "redaction_key", lambda _workspace: b"key")
    monkeypatch.setattr(applying, "to_nornir_inventory", lambda *_arguments: None)
    monkeypatch.setattr(applying.fleet_run, "run", killed)
    workspace = SimpleNamespace(
        limits=lambda _workers: Limits(),
        fleet=SimpleNamespace(hosts={HOST.host: None}),
        var=tmp_path,
    )
    job = SimpleNamespace(playbook=Playbook("p", "", ()), states={}, step=int)
    applied = applying.Applied(factory.run_info("r1"))
    show = lambda *_arguments: contextlib.nullcontext(SimpleNamespace(step=None))  # noqa: E731
    one = applying.Applying(workspace, None, job, applied, None, show, None, journal, None, None)
    with pytest.raises(KilledError):
        one._make([HOST], 1.0, look=False)
    return workspace, applied


def test_a_host_stands_in_the_journal_before_its_first_change(tmp_path, monkeypatch):
    (tmp_path / "plans").mkdir()
    workspace, _ = made(tmp_path, monkeypatch, tmp_path / "plans" / "p1.journal")
    (end,) = changed_by(workspace, "r1")
    assert (end.host, end.ended, end.kept) == (HOST.host, "doubt", f"{KEPT}/r1")


def test_the_last_line_of_a_host_holds_for_its_way_back(tmp_path):
    (tmp_path / "plans").mkdir()
    lines = [
        HostApplied("S0001-pos1", "S0001", "doubt", why=applying.BEGUN, kept=f"{KEPT}/r1"),
        HostApplied("S0001-pos1", "S0001", "refused", why="moved"),
        HostApplied("S0001-pos2", "S0001", "doubt", why=applying.BEGUN, kept=f"{KEPT}/r1"),
    ]
    text = b"".join(msgspec.json.encode(line) + b"\n" for line in lines)
    (tmp_path / "plans" / "p1.journal").write_bytes(text + b'{"host":"S0001-pos3","sto')
    workspace = SimpleNamespace(var=tmp_path)
    assert [end.host for end in changed_by(workspace, "r1")] == ["S0001-pos2"]
    plan = Plan(
        run=factory.run_info("p1"),
        playbook="p",
        playbook_sha256="",
        expires_at="",
        hosts=(HOST,),
        unread={},
        left_out={},
    )
    (tmp_path / "plans" / "p1.json").write_bytes(msgspec.json.encode(plan))
    killed = SimpleNamespace(words=None, info=SimpleNamespace(verb="apply", id="r1"))
    found = changed_in(workspace, killed)
    assert found is not None
    assert [end.ended for end in found.hosts] == ["refused", "doubt"]


def test_a_journal_that_cannot_be_written_is_told_once(tmp_path):
    applied = applying.Applied(factory.run_info("r1"))
    one = applying.Applying(None, None, None, applied, None, None, None, tmp_path / "none" / "p1.journal", None, None)
    for _ in range(2):
        one._add(HostApplied("S0001-pos1", "S0001", "changed"))
    assert len(applied.notes) == 1
    assert "`undo` may not know every host" in applied.notes[0]
