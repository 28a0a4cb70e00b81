"""The figure of the playbook: who left a host otherwise than it says, or said something else, is not counted."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from bench.fleet import host_name, write_fleet
from bench.line import Line
from bench.playbook_sides import ANSIBLE, APPLY, CHANGES, PLAN, PUSH, PYINFRA, write_playbook
from bench.sides import BenchError, Job
from bench.till import TILLS
from bench.upkeep import PLAYBOOK, refuse_unless_done, set_out

from storefleet.playbook.language import tasks_of
from storefleet.playbook.load import load_playbook

HOSTS = 10


@dataclass
class Till:
    folder: Path

    def inside(self, path: str) -> Path:
        return self.folder / path


@pytest.fixture
def tills(tmp_path):
    return [Till(tmp_path / f"till{number}") for number in range(TILLS)]


@pytest.fixture
def job(tmp_path):
    keys = tmp_path / "keys"
    keys.mkdir()
    (keys / "host.pub").write_text("ssh-ed25519 AAAA x\n")
    write_fleet(tmp_path / "fleet", keys, HOSTS, "root")
    write_playbook(tmp_path / "fleet")
    (tmp_path / "scratch").mkdir()
    return Job(tmp_path / "fleet", HOSTS, 2, Line("none"), "root", keys, tmp_path / "scratch")


def leave(till: Till, number: int) -> Path:
    """Do by hand what the playbook does on one host."""
    name = host_name(number)
    folder = till.inside("srv/tills") / name
    (folder / "pos.d").mkdir(mode=0o755)
    printers = (PLAYBOOK / "files/printers.ini").read_text()
    receipt = (PLAYBOOK / "templates/receipt.ini.j2").read_text().partition("{% for")[0]
    receipt = receipt.replace("{{ inventory_hostname }}", name).replace("{{ payment.host }}", "pay.hq.example")
    receipt = receipt.replace("{{ payment.port }}", "8443")
    for order, means in enumerate(("cash", "card", "voucher"), 1):
        receipt += f"[means.{means}]\norder = {order}\n"
    names = "10.1.1.1 pay.hq.example\n10.1.1.2 price.hq.example\n"
    files = {
        "pos.d/printers.ini": (0o644, printers),
        "pos.d/receipt.ini": (0o640, receipt),
        "pos.ini": (0o644, "[acquirer]\nhost = pay.hq.example\nport = 8443\n"),
        "journal.ini": (0o644, "[journal]\nkeep = 90\noffline = yes\n"),
        "hosts": (
            0o644,
            f"127.0.0.1 localhost\n# BEGIN ANSIBLE MANAGED BLOCK\n{names}# END ANSIBLE MANAGED BLOCK\n",
        ),
        "client.key": (0o600, "not a key\n"),
        "printers.index": (0o644, printers),
    }
    (folder / "pos.old").unlink()
    for path, (mode, text) in files.items():
        (folder / path).write_text(text)
        (folder / path).chmod(mode)
    (folder / "pos.d").chmod(0o755)
    return folder


def test_the_playbook_has_twelve_tasks_and_runs_here_as_it_stands():
    (play,) = load_playbook(PLAYBOOK / "till.yml", "till.yml").plays
    assert len(list(tasks_of(play.sections[1]))) == 12


def test_every_host_has_a_folder_of_its_own_which_must_end_as_the_playbook_says(tills):
    set_out(tills, HOSTS)
    for number in range(1, HOSTS + 1):
        with pytest.raises(BenchError, match="otherwise than the playbook says"):
            refuse_unless_done(tills, HOSTS, "x")
        folder = leave(tills[number % TILLS], number)
    refuse_unless_done(tills, HOSTS, "x")
    (folder / "client.key").chmod(0o644)
    with pytest.raises(BenchError, match=r"client\.key"):
        refuse_unless_done(tills, HOSTS, "x")
    set_out(tills, HOSTS)
    assert (folder / "pos.old").exists()


def test_a_plan_counts_the_hosts_that_may_be_changed(job):
    count = PLAN.command(job).count
    hosts = [{"refused": None}] * 9 + [{"refused": "no"}]
    (job.scratch / "plan.json").write_text(json.dumps({"hosts": hosts}))
    assert count("") == 9


@pytest.mark.parametrize("sides", [APPLY, PUSH], ids=["apply", "push"])
def test_what_changes_counts_the_hosts_on_which_everything_was_made(job, sides):
    hosts = [{"ended": "changed", "made": CHANGES}] * 8 + [
        {"ended": "changed", "made": 7},
        {"ended": "failed", "made": 9},
    ]
    text = '{"format":"storefleet.applied/1","hosts":' + json.dumps(hosts) + "}\n"
    assert sides[0].command(job).count(f"changing 10\n{text}done\n") == 8
    assert sides[1].command(job).count(text) == 0
    assert sides[1].command(job).count("") == 0
    assert sides[1].command(job).count('{"format":"storefleet.applied/1","hosts":[]}\n') == HOSTS


@pytest.mark.parametrize(("case", "changed"), [(0, CHANGES), (1, 0)])
def test_ansible_counts_the_hosts_that_changed_so_much_and_no_more(job, case, changed):
    good = f"S00001-pos1                : ok=12   changed={changed}    unreachable=0    failed=0    skipped=0\n"
    other = good.replace(f"changed={changed} ", "changed=3 ")
    count = ANSIBLE[case].command(job).count
    assert count(f"PLAY RECAP ***\n{good * 3}{other}") == 3
    assert count(good) == 0


def test_pyinfra_counts_only_where_every_operation_did_what_is_due(job):
    changing, idle = (side.command(job).count for side in PYINFRA)
    every = (CHANGES + 1) * HOSTS
    assert changing(f"    Grand total    {every}    {every}    -    -\n") == HOSTS
    assert changing(f"    Grand total    {every}    {every - 1}    -    1\n") == 0
    assert idle(f"    Grand total    {CHANGES * HOSTS}    -    -    {CHANGES * HOSTS}\n") == HOSTS
    assert idle(f"    Grand total    {CHANGES * HOSTS}    1    -    {CHANGES * HOSTS - 1}\n") == 0
