"""Many corrupted variants of many programs, in a fixed order: the same, however many processes make them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ..noise import Noise, item_rng
from .parallel import in_order

PROGRAMS_A_TASK = 64  # enough that handing a task to a process costs nothing beside it
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

    def of_all(self, programs: Sequence[str], jobs: int = 1) -> Iterator[Variant]:
        """The variants of all programs, in their order. A `WorkerDiedError` tells of a process that was killed."""

        def task(number: int) -> list[Variant]:
            first = number * PROGRAMS_A_TASK
            some = enumerate(programs[first : first + PROGRAMS_A_TASK], first)
            return [variant for index, program in some for variant in self.of_program(index, program)]

        for made in in_order(task, -(-len(programs) // PROGRAMS_A_TASK), jobs):
            yield from made
