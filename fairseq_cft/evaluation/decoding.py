"""From one line of a file or a log to the source text of a program: the only place that knows the line formats."""

from __future__ import annotations

import re
from collections.abc import Callable

from fairseq_cft.evaluation.errors import UsageError

LITERAL = re.compile(r'("(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\')')
WORD_OPERATORS = "and|or|xor|bitand|bitor|and_eq|or_eq|xor_eq|not_eq"
# What the published tokenizer tears apart, and no valid program has side by side: the pieces belong together.
REPAIRS = (
    (re.compile(r"(?<![\w.])(\d+) \. (\d+\b)"), r"\1.\2"),  # 2 . 5
    (re.compile(r"(?<![\w.])(\d+) \.(?!\S)"), r"\1."),  # 2 .
    (re.compile(rf"(?<![\w.])(\d[\w.]*) (?!(?:{WORD_OPERATORS})\b)([A-Za-z_]\w*)"), r"\1\2"),  # 0 LL, 0 x3f, 1 e9
    (re.compile(r"(?<![\w.])(\d[\d.]*[eE]) ([+-]) (\d+)"), r"\1\2\3"),  # 1e - 9
    (re.compile(r"(?<!:): :(?!:)"), "::"),
    (re.compile(r"(> ?>|< ?<) ="), lambda match: match[1].replace(" ", "") + "="),
)


def published(line: str) -> str:
    """The published way: a token `$` is the end of a line, a token `~` one indent, all other tokens stay apart."""
    words = {"$": "\n", "~": "\t"}
    return " ".join(words.get(word, word) for word in line.split(" ")).strip() + "\n"


def repaired(line: str) -> str:
    """The published way, with tokens put together again that the published tokenizer has split (`0 LL`, `> > =`)."""
    parts = LITERAL.split(published(line))
    for index in range(0, len(parts), 2):  # every other part is a string or a character literal: left alone
        for pattern, replacement in REPAIRS:
            parts[index] = pattern.sub(replacement, parts[index])
    return "".join(parts)


def ours(line: str) -> str:
    """The format of `fairseq_cft.cpp.line_format`, which gives back every program exactly."""
    from fairseq_cft.cpp.line_format import decode_line

    return decode_line(line)


def plain(line: str) -> str:
    """The text is a program already."""
    return line


DECODERS: dict[str, Callable[[str], str]] = {
    "ours": ours,
    "published": published,
    "published-repaired": repaired,
    "plain": plain,
}


def find_decoder(name: str) -> Callable[[str], str]:
    """Raises UsageError for a name that is not in `DECODERS`."""
    if name not in DECODERS:
        raise UsageError(f"no such decoder: {name}; choose from {', '.join(DECODERS)}")
    return DECODERS[name]
