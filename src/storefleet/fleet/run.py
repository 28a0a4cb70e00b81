"""Run one step on each of many hosts through Nornir, and hand back what each gave, host by host."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from typing import Protocol, TypeVar

from nornir.core import Nornir
from nornir.core.configuration import Config
from nornir.core.inventory import Inventory
from nornir.core.task import MultiResult, Result, Task

from storefleet.errors import DeadlineExceeded, Dropped, HostError
from storefleet.fleet.drive import Session, drive
from storefleet.fleet.runner import StoreRunner, model_of
from storefleet.model.effects import Step
from storefleet.model.limits import Limits
from storefleet.model.outcome import Answer, Failure
from storefleet.model.store import Host

R = TypeVar("R")
MakeStep = Callable[[Host], Step[R]]

RETRIES = 3
"""How often a host that dropped the connection at once is tried again: a busy sshd (MaxStartups) drops at random."""


class Sessions(Protocol):
    """Where sessions come from: a connector over SSH, or a folder of recordings."""

    def session(self, host: Host, expires_at: float) -> Session:
        """Return a session for the host that ends by itself at ``expires_at`` (monotonic seconds)."""
        ...


class UnexpectedFault(HostError):
    """A bug of ours or of a plugin met on one host; the others go on, and the run says so."""

    code = "bug"


def run(
    inventory: Inventory,
    make_step: MakeStep[R],
    sessions: Sessions,
    limits: Limits,
    on_answer: Callable[[Answer[R]], None],
    stop: threading.Event | None = None,
    *,
    retries: int = RETRIES,
    may_retry: Callable[[str], bool] = lambda _name: True,
    linger_s: float = 5.0,
) -> None:
    """Run a step on every host of the inventory.

    A host that drops the connection is asked anew up to ``retries`` times while ``may_retry`` says so of its name: a
    step that has begun to change its host must not be.
    ``linger_s`` is what running hosts have to come to an end after an interrupt.

    ``on_answer`` is called in the caller's thread, once for every host that answered or was given up. When ``stop`` is
    set or the keyboard interrupts, no new host is started; the interrupt is raised at the end, when those that ran have
    been handed on, and the caller knows from the missing answers which were left out.
    """
    runner = StoreRunner(
        limits, lambda name, result: on_answer(_answer(name, result, limits)), stop or threading.Event(), linger_s
    )
    config = Config()
    config.logging.enabled = False
    Nornir(inventory=inventory, config=config, runner=runner).run(
        task=_work,
        name="storefleet",
        make_step=make_step,
        sessions=sessions,
        limits=limits,
        retries=retries,
        may_retry=may_retry,
        raise_on_error=False,
    )
    if runner.interrupt is not None:
        raise runner.interrupt


def _work(
    task: Task,
    make_step: MakeStep[R],
    sessions: Sessions,
    limits: Limits,
    retries: int,
    may_retry: Callable[[str], bool],
) -> Result:
    """Do one host's step; every failure becomes a value here, since Nornir would turn it into text."""
    started = time.monotonic()
    host = model_of(task.host)
    result: R | None = None
    failure: Failure | None = None
    try:
        result = _attempts(host, make_step, sessions, started + limits.host_s, retries, may_retry)
    except HostError as fault:
        failure = Failure("run", fault)
    except Exception as fault:  # noqa: BLE001 - one host's bug must not end the run; it is reported as one, with exit 70
        unexpected = UnexpectedFault(f"storefleet failed on {host.name}: {type(fault).__name__}")
        unexpected.__cause__ = fault
        failure = Failure("bug", unexpected)
    return Result(host=task.host, result=Answer(host.name, result, failure, time.monotonic() - started))


def _attempts(
    host: Host,
    make_step: MakeStep[R],
    sessions: Sessions,
    expires_at: float,
    retries: int,
    may_retry: Callable[[str], bool],
) -> R:
    for attempt in range(retries + 1):
        session = sessions.session(host, expires_at)
        try:
            return drive(make_step(host), session)
        except Dropped:
            pause = random.uniform(0.5, 1.5) * 2**attempt  # noqa: S311 - jitter, not a secret
            if attempt == retries or not may_retry(host.name) or time.monotonic() + pause >= expires_at:
                raise
            time.sleep(pause)
        finally:
            session.close()
    raise AssertionError


def _answer(name: str, result: MultiResult | None, limits: Limits) -> Answer[R]:
    if result is None:
        late = DeadlineExceeded(f"{name} gave no answer in {limits.host_s:g} s and was given up")
        return Answer(name, None, Failure("deadline", late), limits.host_s)
    answer = result[0].result
    if not isinstance(answer, Answer):
        return Answer(name, None, Failure("bug", UnexpectedFault(f"storefleet failed on {name}")), 0.0)
    return answer
