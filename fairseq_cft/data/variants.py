"""Many corrupted variants of many programs, in a fixed order: the same, however many processes make them."""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import NamedTuple

from ..errors import UserError
from ..noise import Noise, item_rng

PROGRAMS_A_TASK = 64  # enough that handing a task to a process costs nothing beside it
TRIES = 5  # draws of a variant that `accept` refuses before it is left out


class WorkerDiedError(RuntimeError):
    """A process was killed, as the system does for want of memory."""


class Variant(NamedTuple):
    """A corrupted program beside the clean one."""

    corrupted: str
    clean: str


@dataclass(frozen=True)
class Variants:
    """Makes `copies` variants of each program.

    `accept` says which corrupted lines count; a refused one is drawn again, at most `TRIES` times in all, and then left
    out. Lines that the noise leaves clean are not asked about.
    """

    noise: Noise
    copies: int
    seed: int
    accept: Callable[[str], bool] | None = None

    def of_program(self, index: int, program: str) -> list[Variant]:
        """The variants of one program, which is the `index`-th of its file, from 0."""
        drawn = (self._draw(index, copy, program) for copy in range(self.copies))
        return [Variant(corrupted, program) for corrupted in drawn if corrupted is not None]

    def _draw(self, index: int, copy: int, program: str) -> str | None:
        rng = item_rng(self.seed, copy, index)
        corrupted = self.noise(program, rng)
        if self.accept is None or corrupted == program or self.accept(corrupted):
            return corrupted
        for _ in range(TRIES - 1):
            corrupted = self.noise(program, rng)
            # A clean line here would raise the clean share: the first draw has settled that this one is corrupted.
            if corrupted != program and self.accept(corrupted):
                return corrupted
        return None

    def of_programs(self, first: int, programs: Sequence[str]) -> list[Variant]:
        """The variants of programs that follow one another."""
        return [variant for index, program in enumerate(programs, first) for variant in self.of_program(index, program)]

    def of_all(self, programs: Sequence[str], jobs: int = 1) -> Iterator[Variant]:
        """The variants of all programs, in their order. A `WorkerDiedError` tells of a process that was killed."""
        if jobs == 1:
            yield from self.of_programs(0, programs)
            return
        workers: list[_Worker] = []
        try:
            with _interrupts_held_back():
                for number in range(jobs):
                    workers.append(_start(self, programs, number, jobs, workers))
            for task in range(-(-len(programs) // PROGRAMS_A_TASK)):
                try:
                    made: list[Variant] | UserError = workers[task % jobs].results.recv()
                except EOFError as error:
                    raise WorkerDiedError("a process died before its work was done") from error
                if isinstance(made, UserError):
                    raise made
                yield from made
        finally:
            for worker in workers:
                worker.process.kill()
                worker.process.join()
                worker.results.close()


class _Worker(NamedTuple):
    """A process that makes every so-many-th part of the variants, and where it sends them.

    It waits while its pipe is full. Nothing here has a thread or a lock, so no interrupt can leave one taken.
    """

    process: BaseProcess
    results: Connection


def _start(variants: Variants, programs: Sequence[str], number: int, jobs: int, others: Sequence[_Worker]) -> _Worker:
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)
    # A reading end left open in a worker would keep the others waiting for ever, were this process killed.
    inherited = [ours, *(other.results for other in others)]
    arguments = (variants, programs, range(number, -(-len(programs) // PROGRAMS_A_TASK), jobs), theirs, inherited)
    process = context.Process(target=_work, args=arguments, daemon=True)
    process.start()
    theirs.close()
    return _Worker(process, ours)


def _work(
    variants: Variants, programs: Sequence[str], tasks: range, results: Connection, inherited: Sequence[Connection]
) -> None:
    """What a worker does."""
    # Ctrl-C reaches every process of the group; the parent alone cleans up.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    for end in inherited:
        end.close()
    with contextlib.suppress(BrokenPipeError):  # nobody waits for the rest
        for task in tasks:
            first = task * PROGRAMS_A_TASK
            try:
                results.send(variants.of_programs(first, programs[first : first + PROGRAMS_A_TASK]))
            except UserError as error:  # a noise of a user file
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
