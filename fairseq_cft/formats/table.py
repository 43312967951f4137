"""The table of formats: how a program, or pseudocode, is one line of a file, by the names that users give.

Commands and configurations name a format; what a model was trained on is told from its lines by ``detected``.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from ..errors import UsageError, UserError
from .layout import indented
from .line_format import NEWLINE_WORD, decode_line, encode_program
from .pseudocode import has_tokens_of_code, pseudocode_text, spoc_line_of_text, synthetic_line_of_text, tokenize_as_code
from .published import decode_published

LOSSLESS, PLAIN = "lossless", "plain"
FORMER_NAMES = {"ours": LOSSLESS}  # as command lines and configurations of before say it


@dataclass(frozen=True)
class Format:
    """One way to write a text of several lines as one.

    ``decode`` takes any line, a model's too. ``write`` gets text without newlines at its ends; a format that has none
    is only read. ``holds`` says whether a line is surely of this format.
    """

    decode: Callable[[str], str]
    write: Callable[[str], str] | None = None
    holds: Callable[[str], bool] = lambda line: False

    def encode(self, text: str) -> str:
        """The text as a line of this format; blank text is an empty line. UserError where it takes one line only."""
        text = re.sub(r"\r+(?=\n|\Z)", "", text).strip("\n")
        if self.write is None:
            raise UserError("the published format is only read; write programs in the lossless one")
        return self.write(text) if text.strip() else ""


def _only_line(what: str, text: str) -> str:
    if "\n" in text:
        raise UserError(f"this model takes {what} as one line, and was given {text.count(chr(10)) + 1}; join them")
    return text


def _as_it_is(line: str) -> str:
    return line


def _write_lossless(program: str) -> str:
    return encode_program(program) if "\n" in program else program  # one line is a program of the format already


def _write_synthetic(program: str) -> str:
    return f" {NEWLINE_WORD} ".join(line.strip() for line in program.split("\n") if line.strip())


def _matches(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern)
    return lambda line: compiled.fullmatch(line) is not None


_holds_spoc = _matches(r"TAB\d+ .* ;( \$ TAB\d+ .* ;)*")

# In the order in which they are looked for; `plain` is what none of the others is.
PROGRAMS: Mapping[str, Format] = {
    LOSSLESS: Format(decode_line, _write_lossless, lambda line: encode_program(decode_line(line)) == line),
    "synthetic": Format(
        lambda line: indented(decode_line(line)), _write_synthetic, lambda line: f" {NEWLINE_WORD} " in line
    ),
    "published": Format(decode_published),
    "published-repaired": Format(partial(decode_published, repair=True)),
    PLAIN: Format(_as_it_is, partial(_only_line, "a program")),
}
PSEUDOCODE: Mapping[str, Format] = {
    "synthetic": Format(pseudocode_text, synthetic_line_of_text, _matches(r" \$ .*;  \$ ")),
    "spoc-tokens": Format(
        pseudocode_text,
        partial(spoc_line_of_text, tokenize_text=tokenize_as_code),
        lambda line: _holds_spoc(line) and has_tokens_of_code(line),
    ),
    "spoc": Format(pseudocode_text, spoc_line_of_text, _holds_spoc),
    PLAIN: Format(_as_it_is, partial(_only_line, "pseudocode")),
}


def current_name(name: str) -> str:
    """The name that a format has today."""
    return FORMER_NAMES.get(name, name)


def written(formats: Mapping[str, Format]) -> list[str]:
    """The names of those that text can be encoded in: what a model can be trained on."""
    return [name for name, format in formats.items() if format.write is not None]


def program_format(name: str) -> Format:
    """Raises UsageError for a name that is not in `PROGRAMS`."""
    name = current_name(name)
    if name not in PROGRAMS:
        raise UsageError(f"no such line format: {name}; choose from {', '.join(PROGRAMS)}")
    return PROGRAMS[name]


def detected(lines: Sequence[str], formats: Mapping[str, Format]) -> str:
    """The format that most of these lines are in."""
    for name, format in formats.items():
        if 2 * sum(map(format.holds, lines)) > len(lines):
            return name
    return PLAIN
