"""From one line of a file or a log to the source text of a program: the only place that knows the line formats."""

from __future__ import annotations

from collections.abc import Callable

from fairseq_cft.evaluation.errors import UsageError


def published(line: str) -> str:
    """The published way: a token `$` is the end of a line, a token `~` one indent, all other tokens stay apart."""
    words = {"$": "\n", "~": "\t"}
    return " ".join(words.get(word, word) for word in line.split(" ")).strip() + "\n"


def ours(line: str) -> str:
    """The format of `fairseq_cft.cpp.line_format`, which gives back every program exactly."""
    try:
        from fairseq_cft.cpp.line_format import decode_line
    except ImportError:
        return published(line)
    return str(decode_line(line))


def plain(line: str) -> str:
    """The text is a program already."""
    return line


DECODERS: dict[str, Callable[[str], str]] = {"ours": ours, "published": published, "plain": plain}


def find_decoder(name: str) -> Callable[[str], str]:
    """Raises UsageError for a name that is not in `DECODERS`."""
    if name not in DECODERS:
        raise UsageError(f"no such decoder: {name}; choose from {', '.join(DECODERS)}")
    return DECODERS[name]
