r"""Pseudocode as one line, as the data write it, and as people read it.

| format | the line |
|---|---|
| `spoc` | `TAB0 read n ; $ TAB1 print n ;`: each step with its indent level; a word `$` of the text is `\$` |
| `spoc-tokens` | the same, tokens set apart as those of code are: `TAB0 set a [ i ] to b + 1 ;` |
| `synthetic` | `` $ read n;  $ print n;  $ ``: blanks and all, as published |
"""

import re
from collections.abc import Callable, Iterable

from .line_format import INDENT, NEWLINE_WORD, decode_word, encode_token, indent_level
from .tokenizer import OPERATORS

SEGMENT = "…"  # in front of SPoC's pseudocode of some lines of a program; one character, so that it is one piece
START = " $ "  # of a line of the synthetic pseudocode
END = ";  $ "  # of each statement in it

_END_OF_LINE = re.compile(rf"(?:^|\s+)\{NEWLINE_WORD}(?=\s|$)")
_LEVEL = re.compile(r"TAB(\d{1,3})\s+")
_STRING, _CHARACTER, _NUMBER = r'"(?:[^"\\]|\\.)*"', r"'(?:\\.|[^'\\])[^'\s]*'", r"\d+(?:\.\d+)?\w*"
_CODE_WORD = re.compile("|".join((_STRING, _CHARACTER, _NUMBER, r"\w+", *map(re.escape, OPERATORS), r"\S")))


def spoc_line(
    steps: Iterable[tuple[int, str]], tokenize_text: Callable[[str], str] | None = None, empty: bool = False
) -> str:
    r"""The (indent, text) steps that say something, as SPoC's line; ``tokenize_text`` sets each text's tokens apart.

    With ``empty`` also those that say nothing, where one does: a step is then a line of the program.

    >>> spoc_line([(0, "read n"), (0, ""), (1, "print $ n")])
    'TAB0 read n ; $ TAB1 print \\$ n ;'
    """
    parts, described = [], False
    for indent, text in steps:
        words = (tokenize_text(text) if tokenize_text else text).split()  # a tokenizer may set a $ apart, too
        if words or empty:
            said = [encode_token(word) if word == NEWLINE_WORD else word for word in words]
            parts.append(" ".join((f"TAB{indent}", *said, ";")))
            described |= bool(words)
    if not described:
        return ""
    return f" {NEWLINE_WORD} ".join(parts)


def tokenize_as_code(text: str) -> str:
    r"""Pseudocode with names, numbers, operators and literals set apart, and spelled, as those of a program are.

    Unlike C++, English has apostrophes: a quote that nothing closes is a word of its own.

    >>> tokenize_as_code("set a[i] to min(b+c,'x'), don't print \"a b\"")
    'set a [ i ] to min ( b + c , \'x\' ) , don \' t print "a␣b"'
    """
    return " ".join(map(encode_token, _CODE_WORD.findall(text)))


def spoc_line_of_text(text: str, tokenize_text: Callable[[str], str] | None = None) -> str:
    """Text with one step a line, its depth shown by two spaces or a tab a level; a line of the format stays."""
    if "\n" not in text and _LEVEL.match(text):
        return text
    steps = ((indent_level(line[: len(line) - len(line.lstrip())]), line) for line in text.split("\n"))
    return spoc_line(steps, tokenize_text)


def has_tokens_of_code(line: str) -> bool:
    """Whether a line of SPoC's is as `tokenize_as_code` sets its tokens apart."""
    texts = (step.split(" ")[1:-1] for step in line.split(f" {NEWLINE_WORD} "))
    return all(tokenize_as_code(" ".join(map(decode_word, words))) == " ".join(words) for words in texts)


def synthetic_line_of_text(text: str) -> str:
    """Text with one step a line -> the synthetic line; a line of the format stays."""
    if "\n" not in text and re.match(r" ?\$", text):
        return text
    return START + "".join(f"{line.strip().rstrip('; ')}{END}" for line in text.split("\n") if line.strip())


def pseudocode_text(line: str) -> str:
    r"""One line of pseudocode, of either format, as its lines, indented where it says so.

    >>> pseudocode_text("TAB0 read n ; $ TAB1 print \\$ n ;")
    'read n ;\n  print $ n ;'
    """
    lines = []
    for piece in _END_OF_LINE.split(line):
        text = piece.strip()
        level = _LEVEL.match(text)
        if level:
            text = INDENT * int(level[1]) + " ".join(map(decode_word, text.split(" ")[1:])).lstrip()
        if text:
            lines.append(text)
    return "\n".join(lines)
