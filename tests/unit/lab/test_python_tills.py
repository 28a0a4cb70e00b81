"""Tills with Python, which exist for the comparison with Ansible: a layer over the ordinary till, and only there."""

from pathlib import Path

import msgspec
import pytest
from lab_fixtures import lab_folder

from storefleet.errors import LabError
from storefleet.lab import rootfs
from storefleet.lab.lab import Lab
from storefleet.lab.place import LabRecord
from storefleet.lab.supervisor import Supervisor


def test_the_layer_lies_over_tills_and_over_nothing_else(tmp_path):
    place, record = lab_folder(tmp_path, stores=1)
    place.save(msgspec.structs.replace(record, layer="/layer"))
    lowers = {name: device.lower for name, device in Supervisor(place).devices.items()}
    assert lowers["S0001-pos1"] == "/layer:/nowhere/till"
    assert lowers["S0001-router"] == "/nowhere/router"
    assert lowers["S0001-kiosk1"] == "/nowhere/kiosk"


def test_a_lab_of_before_has_no_layer(tmp_path):
    place, record = lab_folder(tmp_path, stores=1)
    before = {key: value for key, value in msgspec.to_builtins(record).items() if key != "layer"}
    assert msgspec.convert(before, LabRecord) == record
    place.save(record)
    assert Supervisor(place).devices["S0001-pos1"].lower == "/nowhere/till"


@pytest.mark.parametrize(("layer", "python", "word"), [("", True, "no Python"), ("/layer", False, "have Python")])
def test_a_lab_is_not_taken_for_the_other_kind(tmp_path, layer, python, word):
    _, record = lab_folder(tmp_path)
    lab = Lab("practice", tmp_path)
    lab.place.folder.mkdir(parents=True)
    lab.place.save(msgspec.structs.replace(record, layer=layer))
    with pytest.raises(LabError, match=word):
        lab._recorded(record.shape, python=python)


def test_the_ordinary_till_s_name_does_not_depend_on_it():
    source = Path(rootfs.__file__).read_text()
    assert "python_layer" not in source
