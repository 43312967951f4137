"""How a model's data write pseudocode and programs as one line each, and how text becomes such a line.

Both are told by their names in an exported model's config.json:

| pseudocode | the line | | program | the line |
|---|---|---|---|---|
| `synthetic` | `` $ print a;  $ print b;  $ `` | | `synthetic` | source lines joined by ` $ `, no indents |
| `spoc` | `TAB0 read n ; $ TAB1 print n ;` | | `ours` | `fairseq_cft.formats.line_format` |
| `plain` | one line of text as it stands | | `plain` | one line of text as it stands |
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial

from ..data.spoc import Program, Row
from ..data.synthetic.pseudocode import END, START
from ..files import InputError
from .line_format import INDENT, NEWLINE_WORD, decode_line, encode_program, indent_level
from .tokenizer import tokenize

PLAIN = "plain"
PSEUDOCODE_FORMATS = ("synthetic", "spoc", PLAIN)
PROGRAM_FORMATS = ("synthetic", "ours", PLAIN)
_TAKEN_FOR_A_LINE = {"synthetic": re.compile(r" ?\$"), "spoc": re.compile(r"TAB\d+ ")}


def pseudocode_line(text: str, name: str) -> str:
    """Pseudocode -> the line that a model of format ``name`` was trained on.

    A single line that is in this format already stays as it is. Everything else is text with one step a line, its depth
    shown by two spaces or a tab a level; empty lines are passed over, and blank text gives an empty line. InputError
    where the format holds one line only.
    """
    text = _unix(text)
    if not text.strip():
        return ""
    if name == PLAIN:
        return _only_line(text, "pseudocode")
    if "\n" not in text and _TAKEN_FOR_A_LINE[name].match(text):
        return text
    lines = [line for line in text.split("\n") if line.strip()]
    if name == "synthetic":
        return START + "".join(f"{line.strip().rstrip('; ')}{END}" for line in lines)
    return Program([Row(line, "", "", "", "", 0, indent_level(_blanks(line))) for line in lines]).source()


def program_line(text: str, name: str) -> str:
    """A program -> the line that a model of format ``name`` was trained on; a single line stays as it is."""
    text = _unix(text)
    if not text.strip():
        return ""
    if name == PLAIN or "\n" not in text:
        return _only_line(text, "a program")
    if name == "synthetic":
        return f" {NEWLINE_WORD} ".join(line.strip() for line in text.split("\n") if line.strip())
    return encode_program(text)


def program_text(line: str, name: str) -> str:
    """A program's line -> indented source text; the inverse of ``program_line`` but for the layout within lines."""
    if name == PLAIN:
        return f"{line}\n"
    text = decode_line(line)
    return _indent_by_braces(text) if name == "synthetic" else text


def detect_pseudocode(lines: Sequence[str]) -> str:
    """The format that most of these lines of pseudocode are in."""
    return _majority(lines, {name: partial(_matches, pattern) for name, pattern in _MARKS.items()})


def detect_program(lines: Sequence[str]) -> str:
    """The format that most of these programs are in."""
    return _majority(
        lines,
        {
            "ours": lambda line: encode_program(decode_line(line)) == line,
            "synthetic": lambda line: f" {NEWLINE_WORD} " in line,
        },
    )


_MARKS = {"synthetic": re.compile(r" \$ .*;  \$ \Z"), "spoc": re.compile(r"TAB\d+ .* ;( \$ TAB\d+ .* ;)*\Z")}


def _matches(pattern: re.Pattern[str], line: str) -> bool:
    return pattern.match(line) is not None


def _majority(lines: Sequence[str], tests: dict[str, Callable[[str], bool]]) -> str:
    for name, test in tests.items():
        if 2 * sum(map(test, lines)) > len(lines):
            return name
    return PLAIN


def _unix(text: str) -> str:
    """The text with newline bytes alone as line ends, and none of them at its ends."""
    return re.sub(r"\r+(?=\n|\Z)", "", text).strip("\n")


def _blanks(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _only_line(text: str, what: str) -> str:
    if "\n" in text:
        raise InputError(f"this model takes {what} as one line, and was given {text.count(chr(10)) + 1}; join them")
    return text


def _indent_by_braces(source: str) -> str:
    """Lines indented by the braces that are open where they start."""
    lines, depth = [], 0
    for line in source.split("\n"):
        braces = [token.text for token in tokenize(line) if token.text in ("{", "}")]
        closed_first = line.startswith("}")
        lines.append(INDENT * max(depth - closed_first, 0) + line if line else line)
        depth += 2 * braces.count("{") - len(braces)
    return "\n".join(lines)
