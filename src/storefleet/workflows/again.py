"""Asking again: hosts that did not answer for a reason that may pass are read once more, later and not all at once."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from storefleet.model.outcome import Answer
from storefleet.model.state import StateDocument
from storefleet.model.store import Host

OnAnswer: TypeAlias = Callable[[Answer[StateDocument]], None]
Read: TypeAlias = Callable[[Sequence[Host], OnAnswer, str], None]
"""Reads hosts, hands each answer on, and names what it does on the progress line."""

LONGEST_PAUSE_S = 1800.0


@dataclass
class Again:
    """Up to ``times`` more rounds over the hosts that may still answer.

    The pause before a round doubles each time, with a quarter of jitter either way, so that many storefleets behind one
    line, or a line that has just come back, do not meet all at once. ``sleep`` and ``chance`` are for tests.
    """

    times: int
    after_s: float
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[float, float], float] = random.uniform

    def read(self, hosts: Sequence[Host], read: Read, on_answer: OnAnswer) -> None:
        """Read the hosts; ``on_answer`` gets one answer of each, its last one.

        An interrupt, also in a pause, hands on what is known of every host that was asked before it is raised again.
        """
        waiting, last = list(hosts), dict[str, Answer[StateDocument]]()
        try:
            for left in range(self.times, -1, -1):
                words = "reading" if left == self.times else "reading again"
                read(waiting, _sorted_out(last, on_answer, keep=left > 0), words)
                waiting = [host for host in waiting if host.name in last]
                if not waiting:
                    return
                self.sleep(self.pause(self.times - left))
        finally:
            for answer in last.values():
                on_answer(answer)

    def pause(self, round_: int) -> float:
        """Seconds before the round after this one; the first is round 0."""
        return self.chance(0.75, 1.25) * min(LONGEST_PAUSE_S, self.after_s * 2.0**round_)


def _sorted_out(last: dict[str, Answer[StateDocument]], on_answer: OnAnswer, *, keep: bool) -> OnAnswer:
    """Return what puts an answer by in ``last`` while its host is to be asked again, and hands every other on."""

    def sort(answer: Answer[StateDocument]) -> None:
        if keep and answer.failure is not None and answer.failure.error.retry:
            last[answer.host] = answer
        else:
            last.pop(answer.host, None)
            on_answer(answer)

    return sort
