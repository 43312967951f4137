"""Work spread over processes: its order, and what an interrupt and a mistake find."""

import os
import signal
import threading
import time

import pytest

from fairseq_cft.data import parallel
from fairseq_cft.errors import UserError


@pytest.mark.parametrize("jobs", [1, 2, 3, 20])
def test_results_come_in_order_whatever_the_jobs(jobs: int) -> None:
    assert list(parallel.in_order(str, 7, jobs)) == [*"0123456"]
    assert list(parallel.in_order(str, 0, jobs)) == []


def test_a_users_mistake_in_a_process_is_raised_here() -> None:
    def work(number: int) -> int:
        if number == 3:
            raise UserError("the fourth")
        return number

    made = parallel.in_order(work, 5, jobs=2)
    assert [next(made) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(UserError, match="the fourth"):
        next(made)


def test_an_interrupt_waits_until_all_workers_have_started(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where another thread, tqdm's say, takes the signal: a fork's own callbacks would swallow the exception."""
    started = []
    start = parallel._start

    def interrupted(*arguments):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.05)
        started.append(start(*arguments))
        return started[-1]

    monkeypatch.setattr(parallel, "_start", interrupted)
    end = threading.Event()
    other = threading.Thread(target=end.wait)
    other.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            list(parallel.in_order(str, 9, jobs=3))
    finally:
        end.set()
        other.join()
    assert len(started) == 3 and not any(worker.process.is_alive() for worker in started)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
