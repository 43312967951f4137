"""From one line of a file or a log to the source text of a program: the line formats by their names."""

from __future__ import annotations

from collections.abc import Callable

from ..errors import UsageError
from .line_format import decode_line
from .published import decode_published


def published(line: str) -> str:
    """The published way: tokens that the published tokenizer has split stay apart."""
    return decode_published(line)


def repaired(line: str) -> str:
    """The published way, with split tokens put together again (`0 LL`, `>> =`)."""
    return decode_published(line, repair=True)


def plain(line: str) -> str:
    """The text is a program already."""
    return line


DECODERS: dict[str, Callable[[str], str]] = {
    "ours": decode_line,
    "published": published,
    "published-repaired": repaired,
    "plain": plain,
}


def find_decoder(name: str) -> Callable[[str], str]:
    """Raises UsageError for a name that is not in `DECODERS`."""
    if name not in DECODERS:
        raise UsageError(f"no such decoder: {name}; choose from {', '.join(DECODERS)}")
    return DECODERS[name]
