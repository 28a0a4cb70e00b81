"""Nights: two of one name exclude each other, whoever looks meanwhile is not held up, and a death frees the name."""

import signal
import subprocess
import sys

from command_line import RECORDINGS, storefleet

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
