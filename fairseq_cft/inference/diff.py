"""Two versions of a program as one text with - and + lines, coloured where that is wanted."""

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import IO, Any

_TOKEN = re.compile(r"\w+|\s+|[^\w\s]")
_END = "\x1b[0m"
_STYLES = {"-": ("\x1b[31m", "\x1b[1;7;31m"), "+": ("\x1b[32m", "\x1b[1;7;32m")}  # of a line, of what changed in it
_FAINT = "\x1b[2m"
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def wants_colour(choice: str, stream: IO[Any], environment: Mapping[str, str]) -> bool:
    """``always``, ``never``, or ``auto``: on a terminal that has colours, unless NO_COLOR is set (no-color.org)."""
    if choice != "auto":
        return choice == "always"
    return stream.isatty() and not environment.get("NO_COLOR") and environment.get("TERM") != "dumb"


def visible(text: str) -> str:
    """The text with control characters spelled out, so that a terminal does not obey them."""
    return _CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", text)


def faint(text: str, colour: bool) -> str:
    return f"{_FAINT}{text}{_END}" if colour else text


def diff(before: str, after: str, colour: bool) -> str:
    """Every line of both texts, led by `-` (only before), `+` (only after) or a blank; with colour, changed words stand
    out in their lines."""
    old, new = before.splitlines(), after.splitlines()
    lines: list[str] = []
    for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            lines += [f"  {line}" for line in old[a:b]]
        else:
            removed, added = _tokens(old[a:b]), _tokens(new[c:d])
            same = SequenceMatcher(None, removed, added, autojunk=False).get_matching_blocks()
            kept_old = {block.a + offset for block in same for offset in range(block.size)}
            kept_new = {block.b + offset for block in same for offset in range(block.size)}
            lines += _marked("-", removed, kept_old, colour)
            lines += _marked("+", added, kept_new, colour)
    return "".join(f"{line}\n" for line in lines)


def _tokens(lines: Sequence[str]) -> list[str]:
    return [token for line in lines for token in [*_TOKEN.findall(line), "\n"]]


def _marked(sign: str, tokens: Sequence[str], kept: set[int], colour: bool) -> Iterator[str]:
    """The lines that the tokens spell, led by the sign; tokens that are not ``kept`` stand out."""
    plain, strong = _STYLES[sign] if colour else ("", "")
    end = _END if colour else ""
    line = ""
    for place, token in enumerate(tokens):
        if token == "\n":
            yield f"{plain}{sign} {line}{end}"
            line = ""
        elif place in kept or not token.strip():
            line += token
        else:
            line += f"{strong}{token}{end}{plain}"
