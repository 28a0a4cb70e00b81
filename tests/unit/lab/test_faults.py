"""The table of faults is whole, and its scripts are sh."""

import re
import subprocess

import pytest

from storefleet.errors import LabError
from storefleet.lab.fault import fault_script
from storefleet.lab.faults import FAULTS, find_fault
from storefleet.lab.faults_network import NETWORK_FAULTS
from storefleet.lab.faults_system import SYSTEM_FAULTS
from storefleet.lab.plan import build_plan

PLAN = build_plan()


def test_no_two_faults_share_a_name():
    assert len(FAULTS) == len(NETWORK_FAULTS) + len(SYSTEM_FAULTS) >= 18


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_fault_has_a_kind_a_line_of_summary_and_a_cause(fault):
    assert fault.kinds
    assert "\n" not in fault.summary
    assert re.fullmatch(r"(network|power|hardware|software|human|conflict|attack|external)/[a-z0-9-]+", fault.cause)


@pytest.mark.parametrize("part", ["inject", "undo", "evident"])
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_every_script_parses_as_sh(fault, part):
    script = fault_script(fault, part, PLAN.stores[0].devices[1], PLAN.stores[0])
    assert subprocess.run(["sh", "-n"], check=False, input=script, text=True, capture_output=True).stderr == ""


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_what_is_injected_can_be_undone_and_seen(fault):
    assert fault.from_outside or (fault.undo and fault.evident)


def test_an_unknown_fault_is_answered_with_those_there_are():
    with pytest.raises(LabError, match="wrong-address"):
        find_fault("bad-luck")
