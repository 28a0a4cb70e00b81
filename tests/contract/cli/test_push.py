"""plan, apply and push as a person meets them; the hosts are shells of this machine, each below a folder of its own."""

import datetime
import json
import stat

import jsonschema
import pytest
from change_world import AUDITED, ME, MINE, TILLS
from command_line import ROOT, storefleet

from storefleet.documents.published import problems, schema
from storefleet.errors import Dropped, StorageError
from storefleet.playbook.schemas import SCHEMAS
from storefleet.workflows import apply as apply_workflow
from storefleet.workflows import clock


def run(verb, fleet, *words):
    return storefleet(verb, *words, "--fleet", fleet)


def test_a_plan_changes_nothing_and_apply_makes_it_with_the_other_credential(fleet, hosts, playbook, tmp_path):
    folder, _, purposes = hosts
    planned = run("plan", fleet, playbook(), "-o", tmp_path / "plan.json")
    assert (planned.code, "6 changes on 6 hosts of 3 stores" in planned.out) == (0, True), planned.err
    assert not list(folder.glob("*/x"))
    assert {purpose for _, purpose in purposes} == {"read"}
    assert stat.S_IMODE((tmp_path / "plan.json").stat().st_mode) == 0o600
    purposes.clear()
    done = run("apply", fleet, tmp_path / "plan.json")
    assert done.code == 0, done.err
    assert [path.read_text() for path in folder.glob("*/x")] == ["x\n"] * 6
    assert {purpose for _, purpose in purposes} == {"change"}
    assert done.out.endswith("audited\n")
    assert sorted(AUDITED) == sorted(TILLS)
    again = run("plan", fleet, "p.yaml")
    assert (again.code, "6 of 6 hosts are as they must be" in again.out) == (0, True)


def test_what_is_printed_fits_the_published_schemas(fleet, hosts, playbook, tmp_path):
    planned = run("plan", fleet, playbook(), "-l", "S0001", "-o", tmp_path / "p.json", "--format", "json")
    assert problems(planned.document, "plan-1") == []
    assert json.loads((tmp_path / "p.json").read_text()) == planned.document
    applied = run("apply", fleet, tmp_path / "p.json", "--format", "json")
    assert problems(applied.document, "applied-1") == []
    assert [host["ended"] for host in applied.document["hosts"]] == ["changed", "changed"]


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_published_schema_is_current_and_valid(name):
    assert schema(name) == json.loads(json.dumps(SCHEMAS[name]())), "run: make schemas"
    jsonschema.Draft202012Validator.check_schema(schema(name))


def test_equal_hosts_are_told_once_and_hostile_text_is_shown_not_obeyed(fleet, hosts, playbook):
    folder, _, _ = hosts
    for name in TILLS:
        (folder / name / "x").write_text("\x1b[2Jold\u202e\n")
    planned = run("plan", fleet, playbook())
    assert planned.out.count("+x") == 6  # the path names the host, so no two are equal
    assert "\x1b" not in planned.out
    assert "\\x1b[2Jold\\u202e" in planned.out
    task = f"    - copy: {{content: 'x', dest: '{folder}/shared', owner: {ME}, group: {MINE}}}\n"
    assert run("plan", fleet, playbook(task)).out.count("copy: make") == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: text.replace("copy", "capy"), "was edited since"),
        (lambda text: text.replace("S0001-pos1", "S0001-pos9"), "was edited since"),
        (lambda text: text.replace('"expires_at": "20', '"expires_at": "30'), "was edited since"),
        (lambda text: "{}", "is no plan of this version"),
        (lambda text: text[:-20], "is no plan of this version"),
        (lambda text: text.replace('"hosts"', '"hots"', 1), "is no plan of this version"),
    ],
)
def test_a_plan_that_is_not_as_it_was_made_is_refused(fleet, hosts, playbook, tmp_path, change, words):
    _, _, purposes = hosts
    path = tmp_path / "plan.json"
    run("plan", fleet, playbook(), "-o", path)
    changed = change(path.read_text())
    assert changed != path.read_text()
    path.write_text(changed)
    purposes.clear()
    done = run("apply", fleet, path)
    assert (done.code, words in done.err, purposes) == (2, True, []), done.err


def test_a_plan_that_is_too_old_or_used_or_of_another_playbook_is_refused(
    fleet, hosts, playbook, tmp_path, monkeypatch
):
    _, _, purposes = hosts
    path = tmp_path / "plan.json"
    run("plan", fleet, playbook(), "-o", path)
    now = clock.now()
    purposes.clear()
    with monkeypatch.context() as later:
        later.setattr(clock, "now", lambda: now + datetime.timedelta(hours=5))
        old = run("apply", fleet, path)
    assert (old.code, "could be applied until" in old.err) == (2, True)
    text = (fleet / "playbooks" / "p.yaml").read_text()
    (fleet / "playbooks" / "p.yaml").write_text(f"{text}# a word\n")
    other = run("apply", fleet, path)
    assert (other.code, "no longer the playbook" in other.err) == (2, True)
    (fleet / "playbooks" / "p.yaml").write_text(text)
    assert purposes == []
    assert run("apply", fleet, path).code == 0
    used = run("apply", fleet, path)
    assert (used.code, "applied already" in used.err) == (2, True)


def test_a_host_that_moved_is_refused_and_nothing_of_it_is_touched(fleet, hosts, playbook, tmp_path):
    folder, _, _ = hosts
    own = f"owner: {ME}, group: {MINE}"
    place = f"{folder}/{{{{ host.name }}}}"
    tasks = "".join(f"    - copy: {{content: 'x', dest: '{place}/{name}', {own}}}\n" for name in "ab")
    run("plan", fleet, playbook(tasks, play="  max_fail: {stores: 9}\n"), "-o", tmp_path / "plan.json")
    (folder / "S0001-pos1" / "b").write_text("by hand")
    (folder / "S0003-pos1" / "a").write_text("x")
    (folder / "S0003-pos1" / "a").chmod(0o644)
    (folder / "S0003-pos1" / "b").write_text("x")
    (folder / "S0003-pos1" / "b").chmod(0o644)
    done = run("apply", fleet, tmp_path / "plan.json", "--format", "json")
    ends = {host["host"]: (host["ended"], host["made"]) for host in done.document["hosts"]}
    assert done.code == 3
    assert ends.pop("S0001-pos1") == ends.pop("S0003-pos1") == ("refused", 0)
    assert set(ends.values()) == {("changed", 2)}
    assert not (folder / "S0001-pos1" / "a").exists()


def test_a_line_that_is_lost_while_changing_leaves_the_host_in_doubt_and_ends_the_roll(
    fleet, hosts, playbook, tmp_path
):
    folder, broken, _ = hosts
    run("plan", fleet, playbook(), "-o", tmp_path / "plan.json")

    def drop(script):
        if "mv -f" in script:
            raise Dropped("S0001-pos2: the connection was closed")

    broken["S0001-pos2"] = drop
    done = run("apply", fleet, tmp_path / "plan.json", "--format", "json")
    assert done.code == 4
    assert [host["ended"] for host in done.document["hosts"]] == ["changed", "doubt", "left", "left", "left", "left"]
    assert sorted(path.parent.name for path in folder.glob("*/x")) == ["S0001-pos1"]


def test_a_host_that_does_not_answer_is_no_pass(fleet, hosts, playbook):
    _, broken, _ = hosts

    def drop(_script):
        raise Dropped("S0001-pos2: no answer")

    broken["S0001-pos2"] = drop
    planned = run("plan", fleet, playbook(), "-l", "S0001-pos2")
    assert (planned.code, "could not be read" in planned.out) == (3, True)


def test_a_bug_of_a_module_ends_with_its_host_alone(fleet, hosts, playbook, monkeypatch):
    _, broken, _ = hosts

    def bug(_script):
        raise ZeroDivisionError

    broken["S0001-pos2"] = bug
    planned = run("plan", fleet, playbook())
    assert (planned.code, "storefleet failed on S0001-pos2" in planned.out) == (3, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("plan", "none.yaml"), "there is no playbook none.yaml"),
        (("plan", "bad.yaml"), "playbooks/bad.yaml:4: there is no module or word `shel` here"),
        (("plan", "p.yaml", "-l", "S9999"), "S9999"),
        (("plan", "p.yaml", "-l", "S0001-router"), "no host of"),
        (("plan", "p.yaml", "-o", "/no/such/folder/plan.json"), "name a file in a folder"),
        (("apply", "none.json"), "cannot be read"),
        (("push", "p.yaml"), "there is no terminal"),
        (("push", "p.yaml", "--format", "json"), "shows no plan to ask about"),
        (("push", "p.yaml", "--yes", "--confirm-stores", "2"), "this changes 3 stores"),
    ],
)
def test_bad_input_is_refused_before_anything_is_touched(fleet, hosts, playbook, words, said):
    folder, _, _ = hosts
    playbook()
    playbook("    - shel: x\n", "bad.yaml")
    text = (fleet / "playbooks" / "p.yaml").read_text()
    (fleet / "playbooks" / "two.yaml").write_text(text + text)
    verb, *rest = words
    done = run(verb, fleet, *rest)
    assert (done.code, said in done.err) == (2, True), done.err
    assert not list(folder.glob("*/x"))


def test_push_with_yes_plans_and_applies(fleet, hosts, playbook):
    folder, _, _ = hosts
    done = run("push", fleet, playbook(), "--yes", "-l", "S0001")
    assert (done.code, done.out.count("changed  S0001")) == (0, 2), done.err
    assert len(list(folder.glob("*/x"))) == 2


def test_push_prints_one_document_and_says_beside_it_what_it_leaves_out(fleet, hosts, playbook):
    done = run("push", fleet, playbook(), "--yes", "-l", "S0001", "--format", "json")
    assert (done.code, [host["ended"] for host in done.document["hosts"]]) == (0, ["changed"] * 2), done.err
    again = run("push", fleet, playbook(), "--yes", "-l", "S0001", "--format", "json")
    assert (again.code, again.document["hosts"]) == (0, [])
    fails = playbook("    - fail: {msg: not today}\n", "fails.yaml")
    refused = run("push", fleet, fails, "--yes", "-l", "S0001", "--format", "json")
    assert (refused.code, refused.document["hosts"]) == (3, [])
    assert refused.err.count("not today") == 2


def test_more_stores_than_one_can_oversee_are_to_be_counted(fleet, hosts, playbook, monkeypatch, tmp_path):
    monkeypatch.setattr("storefleet.workflows.apply.ASK_ABOVE", 2)
    run("plan", fleet, playbook(), "-o", tmp_path / "plan.json")
    done = run("apply", fleet, tmp_path / "plan.json")
    assert (done.code, "--confirm-stores 3" in done.err) == (2, True)
    assert run("apply", fleet, tmp_path / "plan.json", "--confirm-stores", "3").code == 0


def test_a_file_outside_of_the_playbooks_is_never_sent(fleet, hosts, playbook, tmp_path):
    folder, _, _ = hosts
    (fleet / "playbooks").mkdir(exist_ok=True)
    (fleet / "playbooks" / "link").symlink_to("/etc/passwd")
    for name in ("../inventory/credentials.yaml", "/etc/passwd", "link"):
        planned = run("plan", fleet, playbook(f"    - copy: {{src: {name}, dest: {folder}/x}}\n"), "-l", "S0001-pos1")
        assert (planned.code, "there is no" in planned.out) == (3, True), planned.out


def test_check_reads_the_playbooks_too(fleet, playbook):
    playbook("    - shel: x\n", "bad.yaml")
    done = storefleet("check", "--fleet", fleet)
    assert (done.code, "playbooks/bad.yaml:4" in done.err) == (2, True)


@pytest.mark.parametrize("path", sorted((ROOT / "playbooks").glob("*.yaml")), ids=lambda path: path.name)
def test_a_shipped_playbook_is_one(path, fleet, playbook):
    playbook()
    (fleet / "playbooks" / path.name).write_text(path.read_text())
    assert storefleet("check", "--fleet", fleet).code == 0


def test_history_tells_who_changed_what_from_which_plan_and_the_last_report_stays_that_of_an_audit(
    fleet, hosts, playbook, tmp_path
):
    planned = run("plan", fleet, playbook(), "-l", "S0001", "-o", tmp_path / "p.json", "--format", "json")
    run("apply", fleet, tmp_path / "p.json", "--ticket", "CHG-7", "--reason", "it is due")
    (found,) = run("runs", fleet, "list", "--format", "json").document["runs"]
    assert (found["info"]["verb"], found["exit"], found["state"]) == ("apply", 0, "finished")
    plan_id = planned.document["run"]["id"]
    assert found["words"] == f"playbooks/p.yaml, plan {plan_id}: 2 changed"
    shown = run("runs", fleet, "show", "last")
    assert all(word in shown.out for word in ("CHG-7", "it is due", plan_id)), shown.out
    assert storefleet("runs", "--fleet", fleet, "show", "last").out == shown.out
    report = run("report", fleet, found["info"]["id"])
    assert (report.code, "changed devices and has no report" in report.err) == (2, True)
    assert run("report", fleet, "last").code == 2
    journal = (fleet / "var" / "plans" / f"{plan_id}.journal").read_text().splitlines()
    ends = {end["host"]: end["ended"] for end in map(json.loads, journal)}
    assert ends == {"S0001-pos1": "changed", "S0001-pos2": "changed"}


def test_a_disk_that_is_full_between_two_stores_tells_what_was_done_and_begins_no_third(
    fleet, hosts, playbook, tmp_path, monkeypatch
):
    run("plan", fleet, playbook(), "-o", tmp_path / "p.json")
    real, calls = apply_workflow.Applying.batch, []

    def batch(*arguments):
        calls.append(arguments)
        if len(calls) == 2:
            raise StorageError("no space left on the disk")
        return real(*arguments)

    monkeypatch.setattr(apply_workflow.Applying, "batch", batch)
    done = run("apply", fleet, tmp_path / "p.json", "--format", "json")
    assert done.code == 3
    assert [host["ended"] for host in done.document["hosts"]] == ["changed", "changed", *["left"] * 4]
    assert "no space left" in done.document["hosts"][-1]["why"]


def test_an_interrupt_between_two_stores_tells_what_was_done(fleet, hosts, playbook, tmp_path, monkeypatch):
    run("plan", fleet, playbook(), "-o", tmp_path / "p.json")
    real, calls = apply_workflow.Applying.batch, []

    def batch(*arguments):
        calls.append(arguments)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(*arguments)

    monkeypatch.setattr(apply_workflow.Applying, "batch", batch)
    done = run("apply", fleet, tmp_path / "p.json", "--format", "json")
    assert done.code == 130
    assert [host["ended"] for host in done.document["hosts"]] == ["changed", "changed", *["left"] * 4]


def test_what_debug_says_is_told_once_for_all_that_say_it_and_not_where_silence_is_wanted(fleet, hosts, playbook):
    tasks = """\
    - debug: {msg: "hello \\e[31m from {{ store.id }}"}
    - debug: {var: inventory_hostname}
      when: inventory_hostname == 'S0001-pos1'
    - debug: {msg: "secret"}
      no_log: true
    - copy: {content: "x", dest: "FOLDER/{{ host.name }}/said", owner: ME, group: MINE}
    - debug: {msg: "as it is now"}
"""
    tasks = tasks.replace("FOLDER", str(hosts[0])).replace("ME,", f"{ME},").replace("MINE", MINE)
    done = run("push", fleet, playbook(tasks, "says.yaml"), "--yes", "-l", "S0001")
    told, applied = done.out.split("changed  S0001-pos1")[0], done.out.split("changed  S0001-pos1")[1]
    for text in (told, applied):
        assert "S0001-pos1, S0001-pos2 says: hello " in text, done.out + done.err
        assert "S0001-pos1 says: inventory_hostname: S0001-pos1" in text
        assert "says: as it is now" in text
        assert "secret" not in text
        assert "\x1b[31m" not in text
