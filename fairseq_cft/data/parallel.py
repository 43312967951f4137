"""Work spread over processes, its results in order: the same, however many processes there are."""

import contextlib
import multiprocessing
import signal
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import NamedTuple, TypeVar

from ..errors import UserError

R = TypeVar("R")
Work = Callable[[int], R]


class WorkerDiedError(UserError):
    """A process was killed, as the system does for want of memory."""

    def __init__(self) -> None:
        super().__init__("a process was killed, perhaps for want of memory; run it again with fewer --jobs")


def in_order(work: Work[R], tasks: int, jobs: int = 1) -> Iterator[R]:
    """``work(0)``, ``work(1)``, ..., each made by one of ``jobs`` forked processes, or by this one where that is 1.

    A UserError in a process is raised here; a `WorkerDiedError` tells of a process that was killed.
    """
    jobs = min(jobs, tasks)
    if jobs <= 1:
        yield from map(work, range(tasks))
        return
    workers: list[_Worker] = []
    try:
        with _interrupts_held_back():
            for number in range(jobs):
                workers.append(_start(work, range(number, tasks, jobs), workers))
        for task in range(tasks):
            try:
                made: R | UserError = workers[task % jobs].results.recv()
            except EOFError as error:
                raise WorkerDiedError from error
            if isinstance(made, UserError):
                raise made
            yield made
    finally:
        for worker in workers:
            worker.process.kill()
            worker.process.join()
            worker.results.close()


class _Worker(NamedTuple):
    """A process that does every so-many-th task, and where it sends the results.

    It waits while its pipe is full. Nothing here has a thread or a lock, so no interrupt can leave one taken.
    """

    process: BaseProcess
    results: Connection


def _start(work: Work[R], tasks: range, others: Sequence[_Worker]) -> _Worker:
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)
    # A reading end left open in a worker would keep the others waiting for ever, were this process killed.
    inherited = [ours, *(other.results for other in others)]
    process = context.Process(target=_work, args=(work, tasks, theirs, inherited), daemon=True)
    process.start()
    theirs.close()
    return _Worker(process, ours)


def _work(work: Work[R], tasks: range, results: Connection, inherited: Sequence[Connection]) -> None:
    """What a worker does."""
    # Ctrl-C reaches every process of the group; the parent alone cleans up.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    for end in inherited:
        end.close()
    with contextlib.suppress(BrokenPipeError):  # nobody waits for the rest
        for task in tasks:
            try:
                results.send(work(task))
            except UserError as error:  # a noise of a user file, say
                results.send(error)
                return


@contextlib.contextmanager
def _interrupts_held_back() -> Iterator[None]:
    """Hold Ctrl-C back until the block ends, so that it meets no half-started worker.

    By handlers, not by a mask: another thread would take the signal, and the exception would be raised here all the
    same, perhaps in a callback of a fork, where Python drops it.
    """
    came: list[int] = []

    def note(number: int, _: object) -> None:
        came.append(number)

    try:
        before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    except ValueError:  # not in the main thread, which alone is interrupted
        yield
        return
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler or signal.SIG_DFL)
    for each in dict.fromkeys(came):
        signal.raise_signal(each)
