"""Nights: two of one name exclude each other, whoever looks meanwhile is not held up, and a death frees the name."""

import signal
import subprocess
import sys

from command_line import RECORDINGS, recordings_without, storefleet

HOLD = """
import sys, time
from pathlib import Path
from storefleet.workflows.exclusive import exclusively
from storefleet.workflows.workspace import open_workspace, run_info
workspace = open_workspace(Path(sys.argv[1]))
with exclusively(workspace, "nightly", run_info(workspace, "audit", limit=None, reason=None, ticket=None)):
    print("held", flush=True)
    time.sleep(60)
"""


def hold(fleet):
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(fleet)], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    return process


def test_two_nights_of_one_name_exclude_each_other_and_the_second_says_who_holds_it(fleet):
    holder = hold(fleet)
    try:
        words = ("audit", "--fleet", fleet, "--replay", RECORDINGS / "mended")
        refused = storefleet(*words, "--name", "nightly")
        assert refused.code == 5
        assert refused.out == ""
        for said in (f"process {holder.pid}", "another nightly runs", "since 20", "nothing was touched"):
            assert said in refused.err
        assert storefleet(*words, "--name", "tills").code == 0, "another name is another night"
        assert storefleet(*words).code == 0, "reading as such takes no lock"
    finally:
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    assert storefleet(*words, "--name", "nightly").code == 0, "the name of a dead run is free"


def test_a_name_that_is_a_path_is_refused(fleet):
    refused = storefleet("audit", "--fleet", fleet, "--offline", "--name", "../x")
    assert refused.code == 2
    assert "letters, digits" in refused.err


def on_backup(fleet, wish):
    blueprint = fleet / "inventory" / "blueprints.yaml"
    text = blueprint.read_text()
    assert "wan_gateway:" in text
    blueprint.write_text(text.replace("  wan_gateway:", "  backup_interfaces: [wan0]\n  wan_gateway:", 1))
    (fleet / "storefleet.yaml").write_text(f"fleet: practice\naudit: {{on_backup_link: {wish}}}\n")
    return storefleet("audit", "--fleet", fleet, "--replay", RECORDINGS / "mended", "--format", "json")


def test_a_store_on_its_backup_link_is_named_and_skipped_where_that_is_wished(fleet):
    ended = on_backup(fleet, "skip")
    assert ended.code == 3, "what was not asked is not judged"
    assert {store["link"] for store in ended.document["stores"]} == {"backup"}
    by_role = {host["role"]: host for host in ended.document["hosts"]}
    assert by_role["router"]["judged"]
    assert not by_role["till"]["judged"]
    assert "on the backup link" in by_role["till"]["reason"]


def test_with_full_the_link_is_told_and_everything_is_read(fleet):
    ended = on_backup(fleet, "full")
    assert ended.code == 0
    assert {store["link"] for store in ended.document["stores"]} == {"backup"}


def test_with_light_the_payment_is_judged_and_what_was_not_asked_is_unknown(fleet):
    ended = on_backup(fleet, "light")
    assert ended.code == 0, "unknown controls of a judged host never make an exit code"
    (till,) = [host for host in ended.document["hosts"] if host["host"] == "S0001-pos1"]
    states = {result["control"]: (result["state"], result["reason"]) for result in till["results"]}
    assert states["T-PKG-01"] == ("unknown", "left out of a light collection")
    assert "T-PAY-01" not in states, "it passed"
    (router,) = [host for host in ended.document["hosts"] if host["host"] == "S0001-router"]
    assert "left out of a light collection" not in str(router["results"])


def silent_store(fleet, tmp_path, name, change):
    """Audit twice: everybody answers, then, after a change of the stores' list, nobody of one store does."""
    assert storefleet("audit", "--fleet", fleet, "--replay", RECORDINGS / "mended").code == 0
    stores = fleet / "inventory" / "stores.csv"
    lines = [change(line) if line.startswith(name) else line for line in stores.read_text().splitlines()]
    stores.write_text("\n".join(lines) + "\n")
    silent = [path.stem for path in (RECORDINGS / "mended").glob(f"{name}-*.txt")]
    replay = recordings_without(tmp_path / "night", *silent)
    ended = storefleet("audit", "--fleet", fleet, "--replay", replay, "--format", "json")
    return next(store for store in ended.document["stores"] if store["store"] == name)


def test_a_device_that_left_a_store_does_not_keep_it_from_being_dark(fleet, tmp_path):
    register = fleet / "inventory" / "devices.csv"
    rows = register.read_text().splitlines(keepends=True)
    register.write_text("".join(row for row in rows if not row.startswith("S0001-kiosk1")))
    store = silent_store(fleet, tmp_path, "S0001", lambda line: line.replace(",2,1,", ",2,0,"))
    assert (store["state"], store["judged"], store["dark_since"] is not None) == ("dark", 0, True)


def test_a_store_that_is_not_open_yet_is_not_dark(fleet, tmp_path):
    store = silent_store(fleet, tmp_path, "S0001", lambda line: line.replace(",open,", ",planned,"))
    assert (store["judged"], store["dark_since"]) == (0, None)
