"""The noise of the synthetic language: mistakes that a translator makes which cannot see the types.

It works on single lines by pattern, so it also serves programs that are broken already; a line it does not know stays.
A broken line keeps the spelling of the right one (``v ; v = 5 ;`` stands for ``int v ; v = 5 ;``): the right one can be
told from it and the rest of the program.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from . import MistakesNoise, register_noise, uniform_numbers

TYPES = ("int", "bool", "string")
LINE_SEPARATOR = " $ "
NUMBERS_DRAWN = 16  # uniform numbers drawn at once; a program uses up to 2 + 3 for each of its faults

_LINE = re.compile(
    r"""
    (?P<declare> (?: int | bool | string ) [ ] \w+ [ ] [;=] .* )
    | (?P<read> cin [ ] >> [ ] \w+ [ ] ; )
    | (?P<print> cout [ ] << [ ] \w+ [ ] ; )
    | (?P<swap> if [ ] \( .* [ ] temp [ ] = [ ] .* )
    | (?P<assign> \w+ [ ] [-+]?= [ ] .* )
    """,
    re.VERBOSE,
)
_TYPE = re.compile(r"\b(?:int|bool|string) (?=\w)")
_THROUGH_TEMP = re.compile(r"\w+ temp = (\w+) ; \1 = (\w+) ; \2 = temp ;")

Draw = Callable[[], float]


def _break_type(line: str, draw: Draw) -> str:
    """Put another type, or none, in the place of one that declares something."""
    places = list(_TYPE.finditer(line))
    place = places[int(draw() * len(places))]
    others = ["", *(f"{name} " for name in TYPES if name != place[0].rstrip())]
    return line[: place.start()] + others[int(draw() * len(others))] + line[place.end() :]


def _break_read(line: str, draw: Draw) -> str:
    """Let the arrow point the wrong way, or put a comma or nothing in its place."""
    return ("cin << ", "cin , ", "cin ")[int(draw() * 3)] + line.removeprefix("cin >> ")


def _declare_again(line: str, draw: Draw) -> str:
    """Declare the variable that is assigned to."""
    return f"{TYPES[int(draw() * len(TYPES))]} {line}"


def _break_swap(line: str, draw: Draw) -> str:
    """Swap without the temporary variable, or break one of the types in the block: that variable's or another's."""
    ways = 1 + len(_TYPE.findall(line))
    if draw() * ways < 1:
        return _THROUGH_TEMP.sub(r"\1 = \2 ; \2 = \1 ;", line)
    return _break_type(line, draw)


def _drop(line: str, draw: Draw) -> str:
    """Leave the line out."""
    return ""


_BREAK: dict[str, Callable[[str, Draw], str]] = {
    "declare": _break_type,
    "read": _break_read,
    "print": _drop,
    "swap": _break_swap,
    "assign": _declare_again,
}


@register_noise("synthetic")
@dataclass(frozen=True)
class SyntheticNoise(MistakesNoise):
    """Breaks some lines of a program, each line that it knows being as likely as another."""

    def __call__(self, program_line: str, rng: np.random.Generator) -> str:
        """The program with some lines broken, or as it was."""
        draw = uniform_numbers(rng, NUMBERS_DRAWN).__next__
        if draw() < self.clean_share:
            return program_line
        low, high = self.errors
        left = low + int(draw() * (high - low + 1))
        lines = program_line.split(LINE_SEPARATOR)
        untried = list(range(len(lines)))
        while left and untried:
            number = untried.pop(int(draw() * len(untried)))
            found = _LINE.fullmatch(lines[number])
            if found and found.lastgroup:
                lines[number] = _BREAK[found.lastgroup](lines[number], draw)
                left -= 1
        kept = [line for line in lines if line]
        return LINE_SEPARATOR.join(kept) or program_line
