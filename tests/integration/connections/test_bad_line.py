"""A good server behind a bad line: whatever byte the line fails at, the answer is whole or a named error."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest
from faulty_line import Fault, faulty_line
from sshd_servers import LIMITS

from storefleet import errors
from storefleet.model.effects import RunScript
from storefleet.model.store import Connect

LINES = 400
SCRIPT = f'i=0; while [ $i -lt {LINES} ]; do echo "fact $i $RANDOM$$"; i=$((i + 1)); done'
QUICK = msgspec.structs.replace(LIMITS, banner_s=2, login_s=2)
NAMED = (
    errors.Dropped,
    errors.TimedOut,
    errors.NotSsh,
    errors.DeadlineExceeded,
    errors.OutputIncomplete,
    errors.CommandRefused,
)


@pytest.fixture
def server(fleet):
    return fleet.sshd()


def ask(fleet, server, fault, seconds=15.0):
    """Return the answer over such a line, or the error that it ended in."""
    host = server.host()
    with faulty_line((server.address, server.port), fault) as port:
        host = msgspec.structs.replace(host, connect=Connect(host="127.0.0.1", port=port))
        session = fleet.connector((host, server), limits=QUICK).session(host, time.monotonic() + seconds)
        try:
            return session.answer(RunScript(SCRIPT, deadline_s=seconds))
        except errors.HostError as fault_met:
            return fault_met
        finally:
            session.close()


def whole(output):
    lines = output.stdout.splitlines()
    return output.exit_status == 0 and [line.split()[1] for line in lines] == [
        b"%d" % number for number in range(LINES)
    ]


@pytest.mark.parametrize("how", ["reset", "close"])
def test_a_line_that_breaks_at_any_byte_gives_a_named_error_or_the_whole_answer(how, fleet, server):
    cuts = [1, 5, 21, 40, *range(60, 9000, 190)]
    with ThreadPoolExecutor(8) as pool:
        answers = dict(zip(cuts, pool.map(lambda cut: ask(fleet, server, Fault(cut, how)), cuts), strict=True))
    failed = {cut: answer for cut, answer in answers.items() if isinstance(answer, errors.HostError)}
    assert failed.keys() >= set(range(60, 2000, 190)), "the cuts must reach into the session"
    for cut, answer in answers.items():
        if cut in failed:
            assert isinstance(answer, NAMED), (cut, type(answer), answer)
            assert "S0001-pos1 (127.0.0.1" in str(answer)
        else:
            assert whole(answer), cut


def test_a_line_that_falls_silent_at_any_byte_ends_at_a_deadline_in_its_phase(fleet, server):
    cuts = [1, 40, 600, 1200, 1800, 2300, 2600]
    with ThreadPoolExecutor(len(cuts)) as pool:
        answers = list(pool.map(lambda cut: ask(fleet, server, Fault(cut, "silence"), seconds=4), cuts))
    kinds = {type(answer) for answer in answers if isinstance(answer, errors.HostError)}
    assert kinds <= {errors.TimedOut, errors.DeadlineExceeded}
    assert errors.TimedOut in kinds
    assert all(whole(answer) for answer in answers if not isinstance(answer, errors.HostError))


def test_a_line_that_carries_seven_bytes_at_a_time_carries_all_of_them(fleet, server):
    assert whole(ask(fleet, server, Fault(slice=7, delay_s=0.001), seconds=60))


def test_two_hundred_milliseconds_of_delay_lose_nothing(fleet, server):
    assert whole(ask(fleet, server, Fault(delay_s=0.2), seconds=60))


def test_a_line_that_failed_leaves_no_thread_behind(fleet, server):
    ask(fleet, server, Fault(900))
    for _ in range(200):
        ours = [thread.name for thread in threading.enumerate() if "Transport" in type(thread).__name__]
        if not ours:
            break
        time.sleep(0.02)
    assert ours == []
