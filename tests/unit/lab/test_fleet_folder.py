"""The fleet folder of a lab: nothing secret in it, and nothing an operator did is undone by writing it again."""

from lab_fixtures import REPOSITORY, lab_folder

from storefleet.lab.fleet import write_fleet
from storefleet.lab.place import LabState


def test_keys_are_pinned_by_the_name_of_the_host(tmp_path):
    place, record = lab_folder(tmp_path)
    write_fleet(REPOSITORY, place, record)
    lines = (place.fleet / "inventory" / "known_hosts").read_text().splitlines()
    assert "S0001-pos1 ssh-ed25519 AAAAS0001-pos1" in lines
    assert len(lines) == len(record.plan.devices)


def test_the_repository_itself_pins_no_key():
    assert (REPOSITORY / "inventory" / "known_hosts").read_text() == ""


def test_a_key_that_an_operator_enrolled_outlives_the_next_up(tmp_path):
    place, record = lab_folder(tmp_path)
    write_fleet(REPOSITORY, place, record)
    pinned = place.fleet / "inventory" / "known_hosts"
    pinned.write_text("S0001-router ssh-ed25519 AAAAnew\n")
    write_fleet(REPOSITORY, place, record)
    assert pinned.read_text() == "S0001-router ssh-ed25519 AAAAnew\n"


def test_what_runs_left_in_the_fleets_var_stays(tmp_path):
    place, record = lab_folder(tmp_path)
    write_fleet(REPOSITORY, place, record)
    (place.fleet / "var").mkdir()
    (place.fleet / "var" / "storefleet.db").touch()
    write_fleet(REPOSITORY, place, record)
    assert (place.fleet / "var" / "storefleet.db").exists()


def test_an_override_of_a_store_that_the_lab_lacks_is_left_out(tmp_path):
    place, record = lab_folder(tmp_path, stores=2)
    write_fleet(REPOSITORY, place, record)
    assert not list((place.fleet / "inventory" / "stores").glob("*"))


def test_the_state_survives_writing_and_reading(tmp_path):
    place, record = lab_folder(tmp_path)
    place.save(record)
    place.change(lambda state: LabState(faults={"S0001-pos1": ["pos-stopped"]}, unplugged=["S0002-pos1"]))
    assert place.record() == record
    assert place.state().faults == {"S0001-pos1": ["pos-stopped"]}


def test_two_folders_have_two_cgroups(tmp_path):
    first, _ = lab_folder(tmp_path / "one")
    second, _ = lab_folder(tmp_path / "two")
    assert first.cgroup != second.cgroup
