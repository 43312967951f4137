"""Many corrupted variants of many programs, in a fixed order: the same, however many processes make them."""

from __future__ import annotations

import multiprocessing
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from . import Noise, item_rng

PROGRAMS_A_TASK = 64  # enough that handing a task to a process costs nothing beside it
TASKS_WAITING = 4  # a process; bounds the memory
TRIES = 5  # draws of a variant that `accept` refuses before it is left out


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
        """The variants of all programs, in their order."""
        if jobs == 1:
            yield from self.of_programs(0, programs)
            return
        starts = range(0, len(programs), PROGRAMS_A_TASK)
        tasks = ((start, programs[start : start + PROGRAMS_A_TASK]) for start in starts)
        pool = ProcessPoolExecutor(jobs, multiprocessing.get_context("fork"), _leave_signals_to_parent)
        try:
            for variants in _in_order(pool, self.of_programs, tasks, jobs * TASKS_WAITING):
                yield from variants
        finally:
            pool.shutdown(cancel_futures=True)


def _in_order(
    pool: ProcessPoolExecutor,
    work: Callable[[int, Sequence[str]], list[Variant]],
    tasks: Iterable[tuple[int, Sequence[str]]],
    waiting: int,
) -> Iterator[list[Variant]]:
    """The results in the order of the tasks, with a bounded number of tasks handed out at a time."""
    left = iter(tasks)
    handed: deque[Future[list[Variant]]] = deque(pool.submit(work, *task) for task in islice(left, waiting))
    while handed:
        yield handed.popleft().result()
        handed.extend(pool.submit(work, *task) for task in islice(left, 1))


def _leave_signals_to_parent() -> None:
    """Ctrl-C reaches every process of the group; the parent alone cleans up."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
