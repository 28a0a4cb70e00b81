"""Asking again: one answer for each host, its last one; never at once, and never for what a person must mend first."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storefleet.errors import HostKeyUnknown, TimedOut
from storefleet.model.outcome import Answer, Failure
from storefleet.model.store import Host
from storefleet.workflows.again import LONGEST_PAUSE_S, Again


def host(number):
    return Host(name=f"S{number:04}-pos1", store=f"S{number:04}", device="pos1", role="till", platform="linux")


HOSTS = [host(number) for number in range(6)]


class Fleet:
    """Answers as a script says: for each host the outcomes of its rounds."""

    def __init__(self, outcomes, stop_in_round=None):
        self.outcomes = outcomes
        self.rounds = []
        self.stop_in_round = stop_in_round

    def read(self, hosts, on_answer, words):
        self.rounds.append([one.name for one in hosts])
        for one in hosts:
            if self.stop_in_round == len(self.rounds) and one is hosts[-1]:
                raise KeyboardInterrupt
            error = self.outcomes[one.name][min(len(self.rounds), len(self.outcomes[one.name])) - 1]
            result = None if error else f"document {len(self.rounds)}"
            on_answer(Answer(one.name, result, Failure("run", error(one.name)) if error else None, 1.0))


def again(times, slept):
    return Again(times, 60.0, sleep=slept.append, chance=lambda low, high: high)


def test_only_what_may_pass_is_asked_again_and_the_pause_doubles():
    outcomes = {one.name: [None] for one in HOSTS}
    outcomes[HOSTS[0].name] = [TimedOut, TimedOut, None]
    outcomes[HOSTS[1].name] = [HostKeyUnknown]
    outcomes[HOSTS[2].name] = [TimedOut]
    fleet, slept, answers = Fleet(outcomes), [], []
    again(3, slept).read(HOSTS, fleet.read, answers.append)
    assert [len(names) for names in fleet.rounds] == [6, 2, 2, 1]
    assert slept == [75.0, 150.0, 300.0]
    by_name = {answer.host: answer for answer in answers}
    assert len(answers) == len(by_name) == 6
    assert by_name[HOSTS[0].name].result == "document 3"
    assert by_name[HOSTS[1].name].failure.code == "host-key-unknown"
    assert by_name[HOSTS[2].name].failure.code == "timeout"


def test_without_rounds_nothing_waits():
    outcomes = {one.name: [TimedOut] for one in HOSTS}
    fleet, slept, answers = Fleet(outcomes), [], []
    again(0, slept).read(HOSTS, fleet.read, answers.append)
    assert (len(fleet.rounds), slept, len(answers)) == (1, [], 6)


def test_an_interrupt_in_a_round_or_a_pause_hands_on_what_is_known():
    outcomes = {one.name: [TimedOut] for one in HOSTS}
    fleet, answers = Fleet(outcomes, stop_in_round=2), []
    with pytest.raises(KeyboardInterrupt):
        again(3, []).read(HOSTS, fleet.read, answers.append)
    assert sorted(answer.host for answer in answers) == [one.name for one in HOSTS]

    def interrupted(_seconds):
        raise KeyboardInterrupt

    answers.clear()
    with pytest.raises(KeyboardInterrupt):
        Again(2, 60.0, sleep=interrupted).read(HOSTS, Fleet(outcomes).read, answers.append)
    assert len(answers) == 6


@given(
    times=st.integers(0, 20), script=st.lists(st.lists(st.booleans(), min_size=1, max_size=5), min_size=1, max_size=6)
)
def test_every_host_has_one_answer_whatever_happens(times, script):
    hosts = HOSTS[: len(script)]
    outcomes = {
        one.name: [None if good else TimedOut for good in goods] for one, goods in zip(hosts, script, strict=True)
    }
    slept, answers = [], []
    again(times, slept).read(hosts, Fleet(outcomes).read, answers.append)
    assert sorted(answer.host for answer in answers) == [one.name for one in hosts]
    assert all(pause <= 1.25 * LONGEST_PAUSE_S for pause in slept)
