"""The texts a lab writes for devices, lines and its own wire."""

import pytest
from typer.testing import CliRunner

from storefleet.errors import LabError
from storefleet.lab.commands import app, quantity
from storefleet.lab.control import Request, ask_supervisor
from storefleet.lab.delay import remove
from storefleet.lab.lab import Lab, find_root
from storefleet.lab.network import WanSettings, store_commands, wan_rules
from storefleet.lab.plan import build_plan
from storefleet.lab.provision import common_files, frr_conf, nftables_conf, till_files

STORE = build_plan().stores[0]
FLAT = build_plan().stores[2]


def test_the_saved_configuration_is_in_frrs_own_order():
    text = frr_conf(STORE.router, STORE)
    names = [line.split()[1] for line in text.splitlines() if line.startswith("interface ")]
    assert names == ["lan0", "port-kiosk1", "port-pos1", "port-pos2", "wan0"]
    assert text.endswith("exit\n!\n")


def test_only_the_store_with_the_borrowed_prefix_masquerades():
    assert "masquerade" in nftables_conf(FLAT)
    assert "masquerade" not in nftables_conf(STORE)


def test_head_office_has_no_route_into_the_borrowed_prefix():
    assert any(line.startswith("route add 10.100.1.0/24") for line in store_commands(STORE))
    assert not any(line.startswith("route add") for line in store_commands(FLAT))


def test_a_device_knows_its_own_name_and_serial_number():
    files = common_files(STORE.devices[1], "LAB0")
    assert "10.100.1.11 S0001-pos1" in files["etc/hosts"]
    assert "HARDWARE_SERIAL=LAB0" in files["etc/machine-info"]


def test_a_till_resolves_by_the_plan():
    assert till_files(STORE.devices[1], STORE)["etc/resolv.conf"] == "nameserver 10.100.1.1\nnameserver 10.0.0.53\n"


def test_a_whole_line_has_no_rules():
    assert "chain" not in wan_rules(STORE, WanSettings())


def test_loss_is_both_ways_and_the_policer_only_towards_head_office():
    text = wan_rules(STORE, WanSettings(loss_percent=5, rate_kbit=512))
    assert text.count("numgen random mod 100 < 5") == 2
    assert text.count("limit rate over 64 kbytes/second") == 1


def test_a_line_without_delay_goes_back_to_the_hub():
    assert remove("wan-S0001") == ["link set wan-S0001 master wan0", "link delete dlb-S0001"]


@pytest.mark.parametrize(("text", "number"), [("80ms", 80), ("2s", 2000), ("0", 0), ("15 ms", 15)])
def test_a_quantity_is_read_with_its_unit(text, number):
    assert quantity(text, {"ms": 1, "s": 1000, "": 1}) == number


@pytest.mark.parametrize("text", ["fast", "-1ms", "1.5ms", "3furlongs", ""])
def test_another_unit_is_refused(text):
    with pytest.raises(LabError, match="ms"):
        quantity(text, {"ms": 1, "": 1})


def test_the_faults_are_listed_without_a_lab():
    listed = CliRunner().invoke(app, ["faults"])
    assert listed.exit_code == 0
    assert "lane-port-shut" in listed.stdout


@pytest.mark.parametrize("name", ["../x", "Dev", "", "a b", "x" * 40])
def test_a_name_that_would_be_another_folder_is_refused(tmp_path, name):
    with pytest.raises(LabError, match="no name for a lab"):
        Lab(name, tmp_path)


def test_a_lab_that_is_not_there_says_how_to_make_one(tmp_path):
    with pytest.raises(LabError, match="storefleet lab up"):
        Lab("absent", tmp_path).status()


def test_taking_away_what_is_not_there_is_no_error(tmp_path):
    Lab("absent", tmp_path).down()


def test_a_silent_supervisor_is_a_lab_error(tmp_path):
    with pytest.raises(LabError, match="supervisor does not answer"):
        ask_supervisor(tmp_path / "control", Request("status"))


def test_a_fleet_that_a_lab_wrote_is_not_where_the_next_lab_is_made(tmp_path, monkeypatch):
    for folder in (tmp_path, tmp_path / "var" / "lab" / "dev" / "fleet"):
        (folder / "inventory").mkdir(parents=True)
        (folder / "inventory" / "blueprints.yaml").touch()
    monkeypatch.chdir(tmp_path / "var" / "lab" / "dev" / "fleet")
    assert find_root() == tmp_path
