"""Noises of user files: a function that makes one mistake becomes a noise, and what a noise returns is checked."""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import UserError
from ..user_files import called, failure, read_user_files
from . import MistakesNoise, Noise, make_noise

OneMistake = Callable[[str, np.random.Generator], str]


def noise_of_function(function: OneMistake) -> type:
    """A noise that leaves a share of lines clean and makes a number of mistakes in each of the others."""

    @dataclass(frozen=True)
    class FunctionNoise(MistakesNoise):
        def __call__(self, program_line: str, rng: np.random.Generator) -> str:
            if rng.random() < self.clean_share:
                return program_line
            low, high = self.errors
            for _ in range(int(rng.integers(low, high + 1))):
                program_line = function(program_line, rng)
                if not isinstance(program_line, str):  # let CheckedNoise say so; the next call would only fail on it
                    break
            return program_line

    return FunctionNoise


class CheckedNoise:
    """A user's noise; what breaks the promises of `Noise` is a UserError, before a denoiser learns from it."""

    def __init__(self, name: str, file: Path, options: dict[str, Any], noise: Noise) -> None:
        self._name = name
        self._file = file
        self._options = options
        self._noise = noise
        self._called = called("noise", name, file)
        self._seen = False

    def __call__(self, program_line: str, rng: np.random.Generator) -> str:
        """The corrupted line."""
        again = None if self._seen else copy.deepcopy(rng)
        corrupted = self._corrupt(program_line, rng)
        if again is not None:
            if self._corrupt(program_line, again) != corrupted:
                raise UserError(
                    f"{self._called} made two different lines of the same line and the same generator; it must "
                    "draw from the generator that it is given and from nothing else"
                )
            self._seen = True
        return corrupted

    def _corrupt(self, program_line: str, rng: np.random.Generator) -> str:
        try:
            corrupted = self._noise(program_line, rng)
        except (Exception, SystemExit) as error:
            raise UserError(failure(f"noise {self._name!r}", error, program_line)) from error
        if not isinstance(corrupted, str):
            raise UserError(
                f"{self._called} returned {corrupted!r:.80}, which is no string; return the corrupted line, or "
                "the line itself where there is nothing to corrupt"
            )
        if "\n" in corrupted or (not corrupted.strip() and program_line.strip()):
            raise UserError(
                f"{self._called} returned {corrupted!r:.80}; a corrupted program is one line and never empty: "
                "return the line itself where nothing else is left"
            )
        return corrupted

    def __reduce__(self) -> tuple[Any, ...]:
        """A process that is started anew reads the user file itself."""
        return _remade, (self._name, self._file, self._options)


def checked(name: str, kind: type, file: Path, options: dict[str, Any]) -> CheckedNoise:
    """The noise of a user file; a ValueError of its own is about the options and passes."""
    try:
        return CheckedNoise(name, file, options, kind(**options))
    except ValueError:
        raise
    except (Exception, SystemExit) as error:
        raise UserError(failure(f"noise {name!r}", error, str(options))) from error


def _remade(name: str, file: Path, options: dict[str, Any]) -> Noise:
    read_user_files(file)
    return make_noise(name, **options)
