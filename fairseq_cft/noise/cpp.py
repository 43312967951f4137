"""The noise of real C++ programs: mistakes as people and translators make them, after DrRepair (arXiv 2005.10636).

One mistake changes one line: its punctuation, a type, a declared name, a name, or a keyword. Lines with `main (`, a
lone `}`, `return 0 ;` and blank lines are never touched, and what is not touched stays byte for byte.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..formats.line_format import INDENT_WORD, NEWLINE_WORD
from . import MistakesNoise, register_noise, uniform_numbers
from .cpp_declarations import break_declarator, break_type
from .cpp_names import break_keyword, break_name
from .cpp_syntax import break_syntax
from .cpp_words import Draw, Pool

_NEWLINE = re.compile(rf"(?<!\S)\{NEWLINE_WORD}(?!\S)")
NUMBERS_DRAWN = 24  # uniform numbers drawn at once: enough for most programs
METHODS_TRIED = 12  # draws of a method before a program counts as one that nothing can be done to
LINES_TRIED = 30  # draws of a line for one method

Method = Callable[[list[str], Pool, Draw], "list[str] | None"]

METHODS: dict[str, Method] = {
    "syntax": lambda words, pool, draw: break_syntax(words, draw),
    "type": lambda words, pool, draw: break_type(words, draw),
    "declarator": break_declarator,
    "name": break_name,
    "keyword": lambda words, pool, draw: break_keyword(words, draw),
}
ONE_ERROR = (0.30, 0.15, 0.20, 0.30, 0.05)  # how often each method is drawn
MANY_ERRORS = (0.34, 0.15, 0.20, 0.30, 0.01)


class Corruption(NamedTuple):
    """A corrupted program and the methods that were used on it; none where it stayed clean."""

    line: str
    methods: tuple[str, ...]


def breakable_lines(program_line: str) -> list[str]:
    """The single lines of a program, with their indents, that mistakes are made in: each is a short program line."""
    return [line.strip() for line in _NEWLINE.split(program_line) if _may_break(line)]


@register_noise("cpp")
@dataclass(frozen=True)
class CppNoise(MistakesNoise):
    """Puts ``errors`` mistakes, from the least to the greatest number, into each program that does not stay clean."""

    errors: tuple[int, int] = (1, 1)

    def __call__(self, program_line: str, rng: np.random.Generator) -> str:
        """The program with mistakes, or as it was."""
        return self.corrupt(program_line, rng).line

    def corrupt(self, program_line: str, rng: np.random.Generator) -> Corruption:
        """The same, with the kinds of mistakes made."""
        draw = uniform_numbers(rng, NUMBERS_DRAWN).__next__
        if draw() < self.clean_share:
            return Corruption(program_line, ())
        pool = Pool(program_line.split)
        least, most = self.errors
        wanted = least + int(draw() * (most - least + 1))
        shares = ONE_ERROR if most == 1 else MANY_ERRORS
        clean = _NEWLINE.split(program_line)  # each line with the blanks around it
        lines: list[str | None] = [*clean]
        breakable = [number for number, line in enumerate(clean) if _may_break(line)]
        methods: list[str] = []
        for _ in range(METHODS_TRIED + wanted if breakable else 0):
            method = _draw_method(shares, draw)
            if _break_some_line(lines, breakable, METHODS[method], pool, draw):
                methods.append(method)
                if len(methods) >= wanted and lines != clean:  # several mistakes may undo one another
                    break
        text = NEWLINE_WORD.join(line for line in lines if line is not None).strip()
        if not methods or not text or lines == clean:
            return Corruption(program_line, ())
        return Corruption(text, tuple(methods))


def _draw_method(shares: tuple[float, ...], draw: Draw) -> str:
    number = draw()
    for method, share in zip(METHODS, shares, strict=True):
        number -= share
        if number < 0:
            return method
    return "syntax"  # the shares' sum may be a little below 1


def _may_break(line: str) -> bool:
    """Whether mistakes are made in such a line."""
    code = line.lstrip(" ~").rstrip()
    return code not in ("", "}", "return 0 ;") and " main (" not in f" {code}"


def _break_some_line(lines: list[str | None], breakable: list[int], method: Method, pool: Pool, draw: Draw) -> bool:
    """Make one mistake, in place, in a line drawn at random among those that the method finds something to do in; the
    line becomes None if nothing is left of it."""
    for _ in range(LINES_TRIED):
        number = breakable[int(draw() * len(breakable))]
        line = lines[number]
        if line is None:
            continue
        words = line.split()
        indent = 0
        while indent < len(words) and words[indent] == INDENT_WORD:
            indent += 1
        code = words[indent:]
        broken = method(code, pool, draw)
        if broken is not None and broken != code:
            text = " ".join(words[:indent] + broken)
            lines[number] = line.replace(line.strip(), text) if broken else None  # with the blanks around it
            return True
    return False
