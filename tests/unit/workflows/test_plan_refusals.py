"""What a plan refuses although each change of it could be made."""

from storefleet.model.changes import ActOnUnit, Alter
from storefleet.workflows import plan


def test_a_reboot_beside_a_change_that_is_armed_is_refused():
    reboot = Alter(subject="host:boot", action="reboot", script="", cost="reboot")
    ssh = ActOnUnit(unit="ssh", action="restart")
    assert plan._why_not([reboot]) is None
    assert plan._why_not([ssh]) is None
    assert "plan the reboot by itself" in plan._why_not([ssh, reboot])
