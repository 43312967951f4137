"""Corruptions of program lines, by name: what a denoiser learns to undo.

A noise takes a program line and a generator and returns a corrupted line. It draws from the generator only, so the same
generator gives the same corruption; it never raises, whatever the line holds; and it never empties a line.
"""

import dataclasses
import re
from collections.abc import Callable, Iterator
from typing import Any, Protocol, TypeVar

import numpy as np

from ..user_files import RegistrationError, Registry, require_parameters


class Noise(Protocol):
    """Corrupts one program line."""

    def __call__(self, program_line: str, rng: np.random.Generator) -> str:
        """The corrupted line."""
        ...


_NOISES: Registry[type] = Registry("noise")
N = TypeVar("N", bound=Callable[..., Any])


def register_noise(name: str) -> Callable[[N], N]:
    """Register a noise.

    Either a frozen dataclass whose fields are its options, each with a default, callable as `Noise`; or a function that
    takes a line and a generator and makes one mistake, which gets the options `clean_share` and `errors`.
    """
    _NOISES.check_name(name)

    def register(noise: N) -> N:
        _NOISES.refuse_taken(name, noise)
        if not isinstance(noise, type):
            require_parameters(noise, 2, f"noise {name!r}", "(line, rng)")
            _NOISES.add(name, user_noise.noise_of_function(noise))
        elif dataclasses.is_dataclass(noise) and any("__call__" in vars(base) for base in noise.__mro__):
            _NOISES.add(name, noise)
        else:
            raise RegistrationError(
                f"noise {name!r} is a class; it must be a dataclass with a method __call__(self, line, rng)"
            )
        return noise

    return register


def noise_names() -> list[str]:
    """The names of all noises."""
    return _NOISES.names()


def noise_options(name: str) -> list[str]:
    """The names of a noise's options. An unknown name is a `ValueError`."""
    return [field.name for field in dataclasses.fields(_NOISES.find(name))]


def make_noise(
    name: str, *, clean_share: float | None = None, errors: tuple[int, int] | None = None, **options: Any
) -> Noise:
    """Build a noise; an option that is None or absent takes the noise's own default.

    `clean_share` is the share of lines that stay as they are, `errors` the least and the greatest number of faults that
    a corrupted line gets. An unknown name, or an option that the noise does not have, is a `ValueError`.
    """
    kind = _NOISES.find(name)
    given = {"clean_share": clean_share, "errors": errors, **options}
    given = {option: value for option, value in given.items() if value is not None}
    known = noise_options(name)
    for option in given:
        if option not in known:
            raise ValueError(f"noise {name!r} has no option {option!r}; it has {', '.join(known)}")
    file = _NOISES.file_of(name)
    return kind(**given) if file is None else user_noise.checked(name, kind, file, given)


def check_share(name: str, share: float) -> None:
    """Refuse what is no share."""
    if not 0 <= share <= 1:
        raise ValueError(f"{name} is a share between 0 and 1, not {share}")


def error_range(text: str) -> tuple[int, int]:
    """``1-6`` or ``3`` as a range of a number of faults; a `ValueError` for anything else."""
    found = re.fullmatch(r"([0-9]{1,9})(?:-([0-9]{1,9}))?", text)
    if found is None:
        raise ValueError(f"{text} is neither a number nor a range such as 1-6")
    return int(found[1]), int(found[2] or found[1])


def check_errors(errors: tuple[int, int]) -> None:
    """Refuse what is no range of a number of faults."""
    low, high = errors
    if not 1 <= low <= high:
        raise ValueError(f"errors is a range from 1 up, such as 1-3, not {low}-{high}")


@dataclasses.dataclass(frozen=True)
class MistakesNoise:
    """The options of a noise that leaves a share of lines clean and makes a number of mistakes in the others."""

    clean_share: float = 0.1
    errors: tuple[int, int] = (1, 3)

    def __post_init__(self) -> None:
        """Refuse options out of range."""
        check_share("clean_share", self.clean_share)
        check_errors(self.errors)


def item_rng(seed: int, epoch: int, index: int) -> np.random.Generator:
    """The generator of one item in one epoch: the same whichever worker draws it, and in whatever order."""
    return np.random.default_rng((seed, epoch, index))


def uniform_numbers(rng: np.random.Generator, at_once: int) -> Iterator[float]:
    """Numbers of [0, 1) without end; one call of numpy for many."""
    while True:
        yield from rng.random(at_once).tolist()


# The noises register themselves; they need what stands above.
from . import cpp, mask, random_delete, synthetic, user_noise
