"""Fast random choices: one call of numpy serves hundreds of small decisions."""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

T = TypeVar("T")
BUFFER = 1024  # uniform numbers drawn at a time; more gains nothing


class Choices:
    """Small decisions drawn from a numpy generator. The same generator gives the same decisions."""

    def __init__(self, rng: np.random.Generator, buffer: int = BUFFER) -> None:
        self._rng = rng
        self._size = buffer
        self._numbers: list[float] = []

    def uniform(self) -> float:
        """A number of [0, 1)."""
        if not self._numbers:
            self._numbers = self._rng.random(self._size).tolist()
        return self._numbers.pop()

    def chance(self, share: float) -> bool:
        """True with this probability."""
        return self.uniform() < share

    def between(self, low: int, high: int) -> int:
        """A whole number, both ends included."""
        return low + int(self.uniform() * (high - low + 1))

    def one_of(self, items: Sequence[T]) -> T:
        """One item, each as likely as another."""
        return items[int(self.uniform() * len(items))]

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """The items in a random order."""
        result = list(items)
        for last in range(len(result) - 1, 0, -1):
            other = int(self.uniform() * (last + 1))
            result[last], result[other] = result[other], result[last]
        return result
