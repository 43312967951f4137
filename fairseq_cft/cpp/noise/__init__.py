"""Corruptions of program lines, by name: what a denoiser learns to undo.

A noise takes a program line and a generator and returns a corrupted line. It draws from the generator only, so the same
generator gives the same corruption; it never raises, whatever the line holds; and it never empties a line.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

import numpy as np


class Noise(Protocol):
    """Corrupts one program line."""

    def __call__(self, program_line: str, rng: np.random.Generator) -> str:
        """The corrupted line."""
        ...


_NOISES: dict[str, type] = {}
N = TypeVar("N", bound=type)


def register_noise(name: str) -> Callable[[N], N]:
    """Register a noise: a frozen dataclass whose fields are its options, each with a default, callable as `Noise`."""

    def register(noise: N) -> N:
        if name in _NOISES and _NOISES[name] is not noise:
            raise ValueError(f"two noises are called {name!r}")
        _NOISES[name] = noise
        return noise

    return register


def noise_names() -> list[str]:
    """The names of all noises."""
    return sorted(_NOISES)


def make_noise(
    name: str, *, clean_share: float | None = None, errors: tuple[int, int] | None = None, **options: Any
) -> Noise:
    """Build a noise; an option that is None or absent takes the noise's own default.

    `clean_share` is the share of lines that stay as they are, `errors` the least and the greatest number of faults that
    a corrupted line gets. An unknown name, or an option that the noise does not have, is a `ValueError`.
    """
    if name not in _NOISES:
        raise ValueError(f"there is no noise {name!r}; choose from {', '.join(noise_names())}")
    given = {"clean_share": clean_share, "errors": errors, **options}
    given = {option: value for option, value in given.items() if value is not None}
    known = [field.name for field in dataclasses.fields(_NOISES[name])]
    for option in given:
        if option not in known:
            raise ValueError(f"noise {name!r} has no option {option!r}; it has {', '.join(known)}")
    noise: Noise = _NOISES[name](**given)
    return noise


def check_share(name: str, share: float) -> None:
    """Refuse what is no share."""
    if not 0 <= share <= 1:
        raise ValueError(f"{name} is a share between 0 and 1, not {share}")


def check_errors(errors: tuple[int, int]) -> None:
    """Refuse what is no range of a number of faults."""
    low, high = errors
    if not 1 <= low <= high:
        raise ValueError(f"errors is a range from 1 up, such as 1-3, not {low}-{high}")


def item_rng(seed: int, epoch: int, index: int) -> np.random.Generator:
    """The generator of one item in one epoch: the same whichever worker draws it, and in whatever order."""
    return np.random.default_rng((seed, epoch, index))


# The noises register themselves; they need what stands above.
from . import cpp, mask, random_delete, synthetic  # noqa: E402

__all__ = [
    "Noise",
    "check_errors",
    "check_share",
    "cpp",
    "item_rng",
    "make_noise",
    "mask",
    "noise_names",
    "random_delete",
    "register_noise",
    "synthetic",
]
