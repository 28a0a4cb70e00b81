"""The plan of a practice fleet agrees with the blueprint that it is audited by."""

import datetime

import pytest
from lab_fixtures import REPOSITORY, lab_folder

from storefleet.errors import LabError
from storefleet.inventory.load import load_fleet
from storefleet.lab.fleet import write_fleet
from storefleet.lab.plan import build_plan


@pytest.mark.parametrize("shape", [(3, 2, 1), (1, 1, 0), (4, 3, 2), (2, 5, 1)])
def test_the_devices_that_are_built_are_the_hosts_of_the_inventory(tmp_path, shape):
    place, record = lab_folder(tmp_path, *shape)
    write_fleet(REPOSITORY, place, record)
    hosts = load_fleet(place.fleet, datetime.date(2026, 11, 23)).hosts.values()
    found = {host.name: (host.address, host.serial, host.mac) for host in hosts}
    assert found == {d.name: (d.address, record.serials[d.name], d.mac) for d in record.plan.devices}


def test_the_repositorys_own_inventory_is_the_default_fleet():
    hosts = load_fleet(REPOSITORY, datetime.date(2026, 11, 23)).hosts.values()
    assert [(host.name, host.address) for host in hosts] == [(d.name, d.address) for d in build_plan().devices]


def test_the_third_store_borrows_the_first_ones_prefix_and_lies_behind_its_router(tmp_path):
    place, record = lab_folder(tmp_path)
    write_fleet(REPOSITORY, place, record)
    hosts = {host.name: host for host in load_fleet(place.fleet, datetime.date(2026, 11, 23)).hosts.values()}
    assert hosts["S0003-pos1"].address == hosts["S0001-pos1"].address
    assert hosts["S0003-pos1"].connect.via == "S0003-router"
    assert hosts["S0003-router"].connect.host == "10.0.1.3"


@pytest.mark.parametrize(("tills", "cell"), [(1, "2"), (2, "1,3"), (3, "1-2,4"), (5, "1-4,6")])
def test_the_second_store_has_a_hole_in_its_lanes(tills, cell):
    assert build_plan(2, tills).stores[1].lane_cell == cell


@pytest.mark.parametrize("shape", [(0, 2, 1), (51, 2, 1), (3, 0, 1), (3, 29, 1), (3, 2, 10)])
def test_numbers_that_the_addresses_cannot_carry_are_refused(shape):
    with pytest.raises(LabError, match="a lab has"):
        build_plan(*shape)


def test_hardware_addresses_and_ports_are_unique_and_fit_the_kernels_names():
    plan = build_plan(50, 28, 9)
    assert len({device.mac for device in plan.devices}) == len(plan.devices)
    assert all(len(device.port) <= 15 for device in plan.devices)


def test_an_unknown_device_is_answered_with_those_there_are():
    with pytest.raises(LabError, match="S0001-kiosk1"):
        build_plan(1).device("S0001-pos9")
