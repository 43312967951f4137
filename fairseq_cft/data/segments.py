"""Runs of lines of a labeled program: SPoC says which line of code each line of pseudocode stands for."""

from collections.abc import Callable

import numpy as np

from ..formats.line_format import encode_program
from ..formats.pseudocode import SEGMENT, spoc_line
from .spoc import Program, Row

LONGEST = 8  # lines


def draw_segments(
    program: Program,
    count: int,
    rng: np.random.Generator,
    tokenize_text: Callable[[str], str] | None = None,
    empty: bool = False,
) -> list[tuple[str, str]]:
    """At most ``count`` distinct runs of lines of a program, as (pseudocode, code): half of them single lines.

    A run has at most `LONGEST` lines, the first and last of them described: the pseudocode of a run that began or ended
    with a line that nobody described could not say so. The pseudocode starts with the word `SEGMENT`, for a whole
    program is no run; indents stay as they are in the program.
    """
    rows = program.rows
    described = [number for number, row in enumerate(rows) if row.text.split()]
    runs = [(first, last) for first in described for last in described if first <= last < first + LONGEST]
    runs = [run for run in runs if run != (0, len(rows) - 1)]
    drawn = [runs[number] for number in rng.permutation(len(runs))]
    single, several = ([run for run in drawn if (run[0] == run[1]) is alone] for alone in (True, False))
    half = min(len(single), max(-(-count // 2), count - len(several)))
    chosen = sorted([*single[:half], *several[: count - half]])
    return [_pair(program.rows[first : last + 1], tokenize_text, empty) for first, last in chosen]


def _pair(rows: list[Row], tokenize_text: Callable[[str], str] | None, empty: bool) -> tuple[str, str]:
    source = spoc_line(((row.indent, row.text) for row in rows), tokenize_text, empty)
    return f"{SEGMENT} {source}", encode_program((row.indent, row.code) for row in rows)
