"""Programs and compiler messages as people read them."""

from __future__ import annotations

import functools
import re
from pathlib import Path

from ...evaluation.languages.toolchain import PROLOGUE
from ...formats.layout import indented
from ...formats.table import program_format

_PLACE = re.compile(r"^(?P<file>[^\s:]+):(?P<line>\d+):(?:\d+:)? (?P<kind>[a-z ]*error|warning|note): (?P<text>.*)$")
_QUOTED_LINE = re.compile(r"^ *(\d+)?( \| .*)$")
_CONTEXT = ("In file included from ", "                 from ", "compilation terminated")
_PROGRAM = "main.cpp"


@functools.lru_cache(maxsize=1 << 16)  # many systems write the same
def program_text(line: str, decode: str = "lossless", language: str = "cpp") -> str:
    """A program as the evaluator read it (`decode` names its line format), indented where it is C++ without indents."""
    source = program_format(decode).decode(line).rstrip("\n")
    return indented(source) if language == "cpp" else source


def compiler_message(detail: str) -> str:
    """The errors of g++ without its notes, with lines counted as in the program; anything else as it is.

    g++ sees two lines more than the program has, and may list a hundred candidates for one wrong operator.
    """
    kept: list[str] = []
    keeping, shift = False, 0
    for line in detail.split("\n"):
        place, quoted = _PLACE.match(line), _QUOTED_LINE.match(line)
        if place:
            keeping = place["kind"] != "note"
            own = place["file"].endswith(_PROGRAM)
            shift = PROLOGUE.count("\n") if own else 0
            if keeping:
                number = int(place["line"]) - shift
                where = f"line {number}" if own else f"{Path(place['file']).name}:{number}"
                kept.append(f"{where}: {place['kind']}: {place['text']}")
        elif not quoted and (line.startswith(_CONTEXT) or line.endswith(":")):
            keeping = False
        elif keeping:
            number_shown = str(int(quoted[1]) - shift) if quoted and quoted[1] else ""
            kept.append(f"{number_shown:>5}{quoted[2]}" if quoted else line)
    return "\n".join(kept).rstrip() or detail
