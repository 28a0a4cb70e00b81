"""Windows, freezes, the stop of all changes, leases and signatures as a person meets them, with the real ssh-keygen."""

import datetime
import io
import subprocess
import sys
from types import SimpleNamespace

import audit_factory as factory
import jsonschema
import pytest
from command_line import practice_fleet, storefleet
from playbook_world import ME, MINE, Shell

from storefleet.documents.published import problems, schema
from storefleet.modules import remote
from storefleet.storage import Database
from storefleet.storage.schemas import SCHEMAS
from storefleet.workflows import apply as apply_workflow
from storefleet.workflows import clock

TILLS = ("S0001-pos1", "S0001-pos2", "S0002-pos1", "S0002-pos3", "S0003-pos1", "S0003-pos2")
NOON = datetime.datetime(2026, 11, 24, 11, 0, tzinfo=datetime.UTC)  # Tuesday 12:00 in Berlin
NIGHT = "windows:\n  night: {days: mon-thu, from: '00:30', to: '04:30', classes: [config, path]}\n"
YEAR_END = "freezes:\n  - {name: year-end, from: 2026-11-20, to: 2026-11-24, forbids: [config, path]}\n"
EMERGENCY = ("--emergency", "--reason", "registers are down", "--ticket", "INC-7")


@pytest.fixture
def world(fleet, tmp_path, monkeypatch):
    """Give a fleet whose tills are folders, a playbook for them, and a clock that stands at Tuesday noon."""
    for name in TILLS:
        (tmp_path / "hosts" / name).mkdir(parents=True)
    monkeypatch.setattr(remote, "KEPT", str(tmp_path / "kept"))
    purposes = []

    def session(_self, host, _expires_at, purpose=None):
        purposes.append((host.name, purpose))
        return Shell("sh")

    def audited(*_arguments):
        return SimpleNamespace(document=SimpleNamespace(verdict=SimpleNamespace(exit=0)))

    monkeypatch.setattr("storefleet.connections.connector.Connector.session", session)
    monkeypatch.setattr("storefleet.cli.change.audit_fleet", audited)
    monkeypatch.setattr("storefleet.cli.change.audit_text", lambda _document, **_style: "audited\n")
    folder = fleet / "playbooks"
    folder.mkdir(exist_ok=True)
    task = f"copy: {{content: 'x', dest: '{tmp_path}/hosts/{{{{ host.name }}}}/x', owner: {ME}, group: {MINE}}}"
    (folder / "p.yaml").write_text(f"- hosts: role=till\n  gather_facts: false\n  tasks:\n    - {task}\n")
    at = SimpleNamespace(now=NOON)
    monkeypatch.setattr(clock, "now", lambda: at.now)
    return SimpleNamespace(fleet=fleet, at=at, purposes=purposes, hosts=tmp_path / "hosts", plan=tmp_path / "p.json")


def run(world, verb, *words):
    return storefleet(*verb.split(), *words, "--fleet", world.fleet)


def calendars(world, text):
    (world.fleet / "inventory" / "calendars.yaml").write_text(text)


def planned(world, *words):
    done = run(world, "plan", "p.yaml", "-o", world.plan, *words)
    assert done.code == 0, done.err
    world.purposes.clear()
    return done


def touched(world):
    return sorted(path.parent.name for path in world.hosts.glob("*/x"))


def stores_zone(world, store, zone):
    path = world.fleet / "inventory" / "stores.csv"
    lines = path.read_text().splitlines()
    changed = [line.replace("Europe/Berlin", zone) if line.startswith(store) else line for line in lines]
    path.write_text("\n".join(changed) + "\n")


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_published_schema_is_current_and_valid(name):
    assert schema(name) == SCHEMAS[name](), "run: make schemas"
    jsonschema.Draft202012Validator.check_schema(schema(name))


def test_without_calendars_nothing_is_restricted(world):
    assert "not now" not in planned(world).out
    assert run(world, "apply", world.plan).code == 0


def test_outside_its_window_nothing_is_touched_and_the_plan_can_be_applied_when_it_opens(world):
    calendars(world, NIGHT)
    shown = planned(world)
    assert "not now: config may start only in the window 'night' (mon-thu 00:30-04:30)" in " ".join(shown.out.split())
    assert "6 hosts may not start now" in " ".join(shown.out.split())
    refused = run(world, "apply", world.plan)
    assert refused.code == 2
    assert "it may next at 2026-11-25 00:30 Europe/Berlin; nothing was touched" in refused.err
    assert "--emergency, with --reason, --ticket" in refused.err
    assert (touched(world), world.purposes) == ([], [])
    world.at.now = datetime.datetime(2026, 11, 25, 0, 0, tzinfo=datetime.UTC)
    run(world, "plan", "p.yaml", "-o", world.plan)
    assert run(world, "apply", world.plan).code == 0
    assert len(touched(world)) == 6


def test_a_plan_is_made_at_any_time_and_tells_programs_what_forbids_its_start(world):
    calendars(world, NIGHT)
    document = run(world, "plan", "p.yaml", "--format", "json").document
    assert problems(document, "plan-1") == []
    assert all("window 'night'" in host["not_now"] for host in document["hosts"])


def test_a_store_whose_night_it_is_goes_on_and_the_others_are_refused(world):
    calendars(world, NIGHT)
    stores_zone(world, "S0002", "America/Los_Angeles")  # 03:00 there
    planned(world)
    done = run(world, "apply", world.plan, "--format", "json")
    assert done.code == 3, done.err
    ends = {host["host"]: host["ended"] for host in done.document["hosts"]}
    assert [ends[name] for name in TILLS] == ["refused", "refused", "changed", "changed", "refused", "refused"]
    assert {name for name, _ in world.purposes} == {"S0002-pos1", "S0002-pos3"}, "a refused host is not even asked"


def test_a_window_that_closes_between_two_stores_lets_the_next_one_not_begin(world, monkeypatch):
    calendars(world, NIGHT)
    world.at.now = datetime.datetime(2026, 11, 25, 3, 29, tzinfo=datetime.UTC)
    planned(world)
    real = apply_workflow.Applying.batch

    def batch(*arguments):
        world.at.now += datetime.timedelta(minutes=1)
        return real(*arguments)

    monkeypatch.setattr(apply_workflow.Applying, "batch", batch)
    done = run(world, "apply", world.plan, "--format", "json")
    assert [host["ended"] for host in done.document["hosts"]] == ["changed", "changed", *["refused"] * 4]
    assert done.code == 3


def test_a_freeze_forbids_by_its_name_until_its_last_day_is_over(world):
    calendars(world, YEAR_END)
    planned(world)
    done = run(world, "apply", world.plan)
    assert done.code == 2
    assert (
        "the freeze 'year-end' (2026-11-20 to 2026-11-24) forbids config; it may next at 2026-11-25 00:00" in done.err
    )


def test_push_asks_the_calendars_too(world):
    calendars(world, NIGHT)
    done = run(world, "push", "p.yaml", "--yes")
    assert (done.code, "window 'night'" in done.err, touched(world)) == (2, True, [])


def test_a_mistake_in_the_calendars_is_said_at_its_line_by_every_verb(world):
    calendars(world, "windows:\n  night: {days: mon-thu, from: '0:30', to: '04:30', classes: [config]}\n")
    done = run(world, "check")
    assert (done.code, "inventory/calendars.yaml:2: windows: night: '0:30-04:30' is no times" in done.err) == (2, True)


def freeze_on(world):
    return run(world, "freeze on", "--reason", "the acquirer is down", "--ticket", "INC-7")


def test_a_stop_stops_every_new_change_and_says_who_when_and_why_until_it_is_lifted(world):
    planned(world)
    assert "the acquirer is down, ticket INC-7" in freeze_on(world).out
    for words in (("apply", world.plan), ("push", "p.yaml", "--yes")):
        done = run(world, *words)
        assert done.code == 5, done.err
        assert "all changes are stopped since 2026-11-24T11:00:00Z by" in done.err
        assert "the acquirer is down, ticket INC-7" in done.err
        assert "storefleet freeze off" in done.err
    assert (touched(world), world.purposes) == ([], [])
    assert run(world, "plan", "p.yaml").code == 0
    assert "lifted: all changes are stopped" in run(world, "freeze off").out
    assert run(world, "apply", world.plan).code == 0, "the plan was not used up"


def test_the_words_of_freeze_fit_each_state(world):
    assert run(world, "freeze status").out == "changes may begin\n"
    assert run(world, "freeze status", "--format", "json").document == {"format": "storefleet.freeze/1", "stop": None}
    assert run(world, "freeze off").out == "changes were not stopped; nothing was changed\n"
    freeze_on(world)
    assert "that stop holds, nothing was changed" in run(world, "freeze on", "--reason", "again").out
    assert "the acquirer is down" in run(world, "freeze status").out
    assert problems(run(world, "freeze status", "--format", "json").document, "freeze-1") == []
    assert run(world, "freeze on").code == 2
    assert run(world, "freeze on", "--reason", " ").code == 2


def test_a_change_under_way_begins_no_further_store_after_a_stop(world, monkeypatch):
    planned(world)
    real = apply_workflow.Applying.batch

    def batch(*arguments):
        freeze_on(world)
        return real(*arguments)

    monkeypatch.setattr(apply_workflow.Applying, "batch", batch)
    done = run(world, "apply", world.plan, "--format", "json")
    assert done.code == 3
    assert [host["ended"] for host in done.document["hosts"]] == ["changed", "changed", *["left"] * 4]
    assert "not begun: all changes are stopped" in done.document["hosts"][-1]["why"]


def test_leases_are_listed_while_a_change_is_made_and_given_back_at_its_end(world, monkeypatch):
    planned(world)
    seen = []
    real = apply_workflow.Applying.batch

    def batch(*arguments):
        seen.append(run(world, "leases", "--format", "json").document)
        seen.append(run(world, "leases").out)
        return real(*arguments)

    monkeypatch.setattr(apply_workflow.Applying, "batch", batch)
    assert run(world, "apply", world.plan).code == 0
    assert problems(seen[0], "leases-1") == []
    assert [(one["store"], one["state"]) for one in seen[0]["leases"]] == [
        (f"S000{number}", "held") for number in (1, 2, 3)
    ]
    assert "S0001  run " in seen[1]
    assert "at work" in seen[1]
    assert run(world, "leases").out == "no store is being changed\n"


def lease(world, process="999999999:1:1", machine="other"):
    """Let another machine hold S0002 in the database of the fleet."""
    with Database.open(f"sqlite:///{world.fleet}/var/storefleet.db") as database, database._write("test") as connection:
        later = NOON + datetime.timedelta(minutes=5)
        row = ("S0002", "r-other", "ada", machine, "b", process, *[f"{at:%Y-%m-%dT%H:%M:%SZ}" for at in (NOON, NOON)])
        marks = ", ".join("?" * 9)
        connection.exec_driver_sql(f"INSERT INTO leases VALUES ({marks})", (*row, f"{later:%Y-%m-%dT%H:%M:%SZ}"))


def test_a_store_that_another_machine_changes_is_busy_until_its_lease_ends_and_then_taken_with_a_word(world):
    planned(world)
    lease(world)
    done = run(world, "apply", world.plan)
    assert (done.code, touched(world)) == (5, [])
    assert "store S0002 is being changed: run r-other by ada on other" in done.err
    world.at.now += datetime.timedelta(minutes=6)
    again = run(world, "apply", world.plan)
    assert again.code == 0, again.err
    assert "store S0002: taken over from run r-other by ada on other, silent since 2026-11-24T11:00:00Z" in again.err


def test_a_lease_that_is_lost_in_the_middle_lets_that_store_not_begin(world, monkeypatch):
    planned(world)
    real = apply_workflow.Applying.batch

    def batch(*arguments):
        url = f"sqlite:///{world.fleet}/var/storefleet.db"
        with Database.open(url) as database, database._write("test") as connection:
            connection.exec_driver_sql("DELETE FROM leases WHERE store = 'S0002'")
        return real(*arguments)

    monkeypatch.setattr(apply_workflow.Applying, "batch", batch)
    done = run(world, "apply", world.plan, "--format", "json")
    assert [host["ended"] for host in done.document["hosts"]] == ["changed", "changed", *["left"] * 4]
    assert "the lease of S0002 was lost" in done.document["hosts"][2]["why"]


def test_what_one_machine_stops_or_holds_in_a_shared_database_binds_the_other(world, postgresql, tmp_path, monkeypatch):
    url = postgresql.new()
    monkeypatch.setenv("STOREFLEET_DATABASE", url)
    other = SimpleNamespace(**{**vars(world), "fleet": practice_fleet(tmp_path / "other")})
    planned(world)
    freeze_on(other)
    done = run(world, "apply", world.plan)
    assert (done.code, "the acquirer is down" in done.err) == (5, True)
    run(other, "freeze off")
    info = factory.run_info("r-other")
    with Database.open(url) as database, monkeypatch.context() as elsewhere:
        elsewhere.setattr("storefleet.storage.leases.this_process", lambda: ("other", "b", "7:1:1"))
        database.guards.take(["S0002"], info, clock.now())
    held = run(world, "apply", world.plan)
    assert (held.code, "store S0002 is being changed: run r-other by op-a on other" in held.err) == (5, True)
    assert "S0002  run r-other by op-a on other" in run(world, "leases").out
    with Database.open(url) as database:
        database.guards.give_back("r-other")
    assert run(world, "apply", world.plan).code == 0
    assert len(touched(world)) == 6


@pytest.fixture
def keys(world, tmp_path):
    """Give Ada and Bob a key each, allowed to sign, and Eve one that is not."""
    lines = []
    for name in ("ada", "bob", "eve"):
        words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(tmp_path / name)]
        subprocess.run(words, check=True)
        public = (tmp_path / f"{name}.pub").read_text()
        lines += [f"{name}@example.com {public}"] if name != "eve" else []
    (world.fleet / "inventory" / "allowed_signers").write_text("".join(lines))
    return tmp_path


def approval(world, value):
    path = world.fleet / "storefleet.yaml"
    text = path.read_text() if path.exists() else ""
    path.write_text(f"{text}change: {{approval: {value}}}\n")


def sign(world, keys, who, *words):
    return run(world, "sign", world.plan, "--key", keys / who, *words)


def test_a_plan_that_wants_approval_is_applied_when_two_people_have_signed_it_and_history_names_them(world, keys):
    approval(world, "always")
    planned(world)
    bare = run(world, "apply", world.plan)
    assert (bare.code, "change.approval is always" in bare.err, "none that is valid" in bare.err) == (2, True, True)
    done = sign(world, keys, "ada")
    assert (done.code, "p.json.sig: ada@example.com signs playbooks/p.yaml" in done.out) == (0, True), done.err
    alone = run(world, "apply", world.plan)
    assert (alone.code, "that of ada@example.com alone" in alone.err) == (2, True)
    twice = sign(world, keys, "bob")
    assert (twice.code, "--name NAME" in twice.err) == (2, True)
    assert sign(world, keys, "bob", "--name", "bob").code == 0
    assert world.purposes == []
    applied = run(world, "apply", world.plan)
    assert applied.code == 0, applied.err
    (found,) = run(world, "runs list", "--format", "json").document["runs"]
    assert found["info"]["actor"]["signed_by"] == "ada@example.com, bob@example.com"
    assert found["words"].endswith("6 changed; signed by ada@example.com and bob@example.com")


def test_one_person_with_two_keys_is_one_person(world, keys):
    approval(world, "always")
    allowed = world.fleet / "inventory" / "allowed_signers"
    allowed.write_text(allowed.read_text().replace("bob@", "ada@"))
    planned(world)
    sign(world, keys, "ada")
    sign(world, keys, "bob", "--name", "second")
    done = run(world, "apply", world.plan)
    assert (done.code, "author and approver must differ" in done.err, touched(world)) == (2, True, [])


def test_one_key_under_two_names_is_one_person(world, keys):
    approval(world, "always")
    key = (keys / "ada.pub").read_text()
    (world.fleet / "inventory" / "allowed_signers").write_text(f"ada@example.com {key}zoe@example.com {key}")
    planned(world)
    sign(world, keys, "ada")
    sign(world, keys, "ada", "--name", "zoe")
    done = run(world, "apply", world.plan)
    assert (done.code, "author and approver must differ" in done.err) == (2, True)


def test_a_line_of_allowed_signers_may_name_one_person_several_ways(world, keys):
    approval(world, "always")
    allowed = world.fleet / "inventory" / "allowed_signers"
    allowed.write_text(allowed.read_text().replace("ada@example.com", "ada,ada@example.com"))
    planned(world)
    for who in ("ada", "bob"):
        assert sign(world, keys, who, "--name", who).code == 0
    assert run(world, "apply", world.plan).code == 0


def test_no_environment_variable_says_that_nobody_need_agree(world, monkeypatch):
    approval(world, "always")
    monkeypatch.setenv("STOREFLEET_CHANGE_APPROVAL", "none")
    done = run(world, "plan", "p.yaml")
    assert (done.code, "STOREFLEET_CHANGE_APPROVAL: there is no such setting" in done.err) == (2, True)


def test_a_signature_of_a_key_that_was_allowed_until_yesterday_does_not_count(world, keys):
    approval(world, "always")
    planned(world)
    for who in ("ada", "bob"):
        assert sign(world, keys, who, "--name", who).code == 0
    allowed = world.fleet / "inventory" / "allowed_signers"
    allowed.write_text(allowed.read_text().replace("bob@example.com", 'bob@example.com valid-before="20200101"'))
    done = run(world, "apply", world.plan)
    assert (done.code, touched(world)) == (2, []), done.err
    assert "p.json.sig.bob" in done.err


def test_a_key_that_nobody_allowed_signs_nothing_and_a_signature_of_it_does_not_count(world, keys):
    approval(world, "always")
    planned(world)
    done = sign(world, keys, "eve")
    assert done.code == 2
    assert "no signature by a key of inventory/allowed_signers; nothing was written" in done.err
    assert not list(keys.glob("p.json.sig*"))
    sign(world, keys, "ada")
    words = ["ssh-keygen", "-q", "-Y", "sign", "-n", "storefleet-plan", "-f", str(keys / "eve")]
    signature = subprocess.run(words, input=world.plan.read_bytes(), capture_output=True, check=True).stdout
    (keys / "p.json.sig.eve").write_bytes(signature)
    refused = run(world, "apply", world.plan)
    assert (refused.code, "p.json.sig.eve is no signature by a key of" in refused.err) == (2, True)


def test_a_signature_of_another_plan_or_for_another_purpose_does_not_count(world, keys):
    approval(world, "always")
    planned(world)
    for who in ("ada", "bob"):
        assert sign(world, keys, who, "--name", who).code == 0
    planned(world)
    done = run(world, "apply", world.plan)
    assert (done.code, "p.json.sig.ada by ada@example.com is not of this plan" in done.err) == (2, True)
    for who in ("ada", "bob"):
        words = ["ssh-keygen", "-q", "-Y", "sign", "-n", "file", "-f", str(keys / who)]
        signature = subprocess.run(words, input=world.plan.read_bytes(), capture_output=True, check=True).stdout
        (keys / f"p.json.sig.{who}").write_bytes(signature)
    done = run(world, "apply", world.plan)
    assert (done.code, "is not of this plan" in done.err, touched(world)) == (2, True, [])


def test_approval_of_path_alone_asks_nobody_for_a_plain_file(world, keys):
    approval(world, "path")
    planned(world)
    assert run(world, "apply", world.plan).code == 0


def test_push_sends_a_plan_that_wants_signatures_to_be_signed(world, keys, monkeypatch):
    approval(world, "always")
    done = run(world, "push", "p.yaml", "--yes")
    assert (done.code, "storefleet sign PLAN --key FILE" in done.err, touched(world)) == (2, True, [])
    asked = []

    def confirm(text, **_more):
        asked.append(text)
        for who in ("ada", "bob"):
            sign(world, keys, who, "--name", who)
        return True

    monkeypatch.setattr("storefleet.cli.change.typer.confirm", confirm)
    terminal = io.StringIO()
    terminal.isatty = lambda: True
    monkeypatch.setattr(sys, "stdin", terminal)
    done = run(world, "push", "p.yaml", "-o", world.plan)
    assert done.code == 0, done.err
    assert "Have author and approver sign" in asked[0]
    assert len(touched(world)) == 6


def test_an_emergency_sets_window_and_freeze_aside_with_reason_ticket_and_two_signatures(world, keys):
    calendars(world, NIGHT + YEAR_END)
    planned(world)
    bare = run(world, "apply", world.plan, "--emergency")
    assert (bare.code, "--emergency wants --reason and --ticket" in bare.err) == (2, True)
    unsigned = run(world, "apply", world.plan, *EMERGENCY)
    assert (unsigned.code, "--emergency wants the signatures of two people" in unsigned.err) == (2, True)
    sign(world, keys, "ada")
    alone = run(world, "apply", world.plan, *EMERGENCY)
    assert (alone.code, touched(world)) == (2, [])
    sign(world, keys, "bob", "--name", "bob")
    done = run(world, "apply", world.plan, *EMERGENCY)
    assert done.code == 0, done.err
    (found,) = run(world, "runs list", "--format", "json").document["runs"]
    assert "emergency; signed by ada@example.com and bob@example.com" in found["words"]
    assert (found["info"]["ticket"], found["info"]["reason"]) == ("INC-7", "registers are down")


def test_an_emergency_neither_lifts_a_stop_nor_a_freeze_that_nobody_may_override(world, keys):
    calendars(world, YEAR_END.replace("forbids", "override: never, forbids"))
    planned(world)
    for who in ("ada", "bob"):
        sign(world, keys, who, "--name", who)
    done = run(world, "apply", world.plan, *EMERGENCY)
    assert (done.code, "the freeze 'year-end'" in done.err) == (2, True)
    calendars(world, "")
    freeze_on(world)
    assert run(world, "apply", world.plan, *EMERGENCY).code == 5
    assert touched(world) == []


def test_a_plan_that_is_too_old_to_be_applied_is_not_signed(world, keys):
    planned(world)
    world.at.now += datetime.timedelta(hours=5)
    done = sign(world, keys, "ada")
    assert (done.code, "plan again, and sign that one" in done.err, list(keys.glob("*.sig"))) == (2, True, [])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nothing.json", "--key", "KEYS/ada"), "nothing.json cannot be read"),
        (("KEYS/ada.pub", "--key", "KEYS/ada"), "is no plan of this version"),
        (("PLAN", "--key", "KEYS/nobody"), "there is no such file"),
        (("PLAN", "--key", "KEYS/p.json"), "could not be signed"),
        (("PLAN", "--key", "KEYS/ada", "--name", "../x"), "--name '../x'"),
    ],
)
def test_what_cannot_be_signed_is_said_and_nothing_is_written(world, keys, words, said):
    planned(world)
    filled = [word.replace("KEYS", str(keys)).replace("PLAN", str(world.plan)) for word in words]
    done = run(world, "sign", *filled)
    assert (done.code, said in done.err) == (2, True), done.err
    assert not list(keys.rglob("*.sig*"))


def test_without_ssh_keygen_or_allowed_signers_it_says_what_to_install_or_write(world, keys, monkeypatch):
    planned(world)
    (world.fleet / "inventory" / "allowed_signers").unlink()
    done = sign(world, keys, "ada")
    assert (done.code, "inventory/allowed_signers is missing" in done.err) == (2, True)
    approval(world, "always")
    assert "inventory/allowed_signers is missing" in run(world, "apply", world.plan).err
    warned = run(world, "check")
    assert (warned.code, "nobody can sign" in warned.out + warned.err) == (0, True)
    monkeypatch.setenv("PATH", str(keys / "nowhere"))
    done = sign(world, keys, "ada")
    assert (done.code, "install openssh-client" in done.err) == (2, True)
