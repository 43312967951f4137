"""A source file as its author wrote it -> the tokens of the program alone, as SPoC's programs have them.

Comments, includes, pragmas and `using namespace std ;` are gone and `std ::` is taken off: evaluation puts
`#include <bits/stdc++.h>` and `using namespace std;` in front of every program.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import zip_longest

from ...files import without_mark
from ...formats.tokenizer import LAYOUT, Kind, Token, tokenize


class UnfitError(ValueError):
    """The file holds no program that can be used; the message is the reason, in a few words."""


UNREADABLE = "unreadable"
# With a suffix .h, these alone are the standard library's; headers without a suffix all are.
_C_HEADERS = """
    assert complex ctype errno fenv float inttypes iso646 limits locale malloc math memory setjmp signal stdarg stdbool
    stddef stdint stdio stdlib string tgmath time uchar wchar wctype
"""
_STANDARD_HEADER = re.compile(rf"(?:[a-z_0-9]+|bits/[\w+./]+|(?:{'|'.join(_C_HEADERS.split())})\.h)")
_CLOSED = re.compile(
    r"""(?: u8 | [uUL] )? (?: " (?: [^"\\] | \\[\s\S] )* " | ' (?: [^'\\] | \\[\s\S] )+ ' ) \w*
    | (?: u8 | [uUL] )? R" (?P<delimiter>[^(]*) \( [\s\S]* \) (?P=delimiter) " \w*""",
    re.VERBOSE,
)
_PAIRS = {")": "(", "]": "[", "}": "{"}
# after these a name is used, not declared
_NO_TYPES = frozenset({"return", "else", "case", "goto", "new", "delete", "throw", "do", "and", "or", "not", "sizeof"})


def decoded(data: bytes) -> str:
    """The text of a source file. Bytes that are no UTF-8 are kept as lone surrogates: they may stand in comments."""
    if b"\0" in data:
        raise UnfitError("binary")
    text = without_mark(data).decode("utf-8", "surrogateescape")
    return re.sub(r"\r+\n|\r", "\n", text)


def cleaned(source: str) -> str:
    """The program's tokens, set apart by blanks; only preprocessor lines are lines of their own.

    Raises UnfitError for what is no whole program.
    """
    pieces = _pieces(tokenize(source, layout=True))
    if any("\ud800" <= character <= "\udfff" for piece in pieces for token in piece for character in token.text):
        raise UnfitError("not UTF-8")
    _check([token for piece in pieces if not _is_directive(piece) for token in piece])
    names = _Names(pieces)
    lines = (_joined(_without_std(piece, names)) for piece in pieces)
    return "".join(f"{line}\n" for line in lines if line)


def _pieces(tokens: Sequence[Token]) -> list[list[Token]]:
    """The program without comments, includes and pragmas: each preprocessor line, and the code between two."""
    pieces: list[list[Token]] = []
    for line in _lines(tokens):
        if _is_directive(line):
            _refuse_files(line)
            if [token.text for token in line[1:2]] not in ([], ["include"], ["pragma"], ["import"]):
                pieces.append(line)
        else:
            code = [token for token in line if token.kind not in LAYOUT]
            if pieces and not _is_directive(pieces[-1]):
                pieces[-1] += code
            else:
                pieces.append(code)
    return pieces


def _lines(tokens: Sequence[Token]) -> Iterator[list[Token]]:
    """Lines as the preprocessor sees them, comments and blank lines left out."""
    line: list[Token] = []
    for token in tokens:
        if token.kind is Kind.COMMENT:
            if token.text.startswith("/*") and not re.fullmatch(r"/\*[\s\S]*\*/", token.text):
                raise UnfitError(UNREADABLE)
        elif token.kind is not Kind.NEWLINE or (line and line[-1].kind is Kind.SPLICE):
            line.append(token)
        elif line:
            yield line
            line = []
    if line:
        yield line


def _is_directive(line: Sequence[Token]) -> bool:
    return line[0].text in ("#", "%:")


def _refuse_files(line: Sequence[Token]) -> None:
    """A program that includes another file than the standard library's is not whole."""
    words = [token.text for token in line]
    if words[1:2] == ["include"]:
        name = re.fullmatch(r'[<"](.*)[>"]', "".join(words[2:]))
        if name is None or _STANDARD_HEADER.fullmatch(name[1].strip()) is None:
            raise UnfitError("with a header that is not the standard library's")


def _check(code: Sequence[Token]) -> None:
    """Refuses what cannot be C++, or has no `main`."""
    opened: list[str] = []
    has_main = False
    for token, after in zip_longest(code, code[1:]):
        text = token.text
        if token.kind is Kind.UNKNOWN or (token.kind in (Kind.STRING, Kind.CHAR) and not _CLOSED.fullmatch(text)):
            raise UnfitError(UNREADABLE)
        following = after.text if after else ""
        has_main |= text == "main" and following == "(" and not opened
        if text in _PAIRS.values():
            opened.append(text)
        elif (
            text in _PAIRS and (not opened or opened.pop() != _PAIRS[text])
        ) or text == following == "?":  # a trigraph
            raise UnfitError(UNREADABLE)
    if opened:
        raise UnfitError(UNREADABLE)
    if not has_main:
        raise UnfitError("without main")


class _Names:
    """Which names of `std ::` would mean something else without it."""

    def __init__(self, pieces: Sequence[Sequence[Token]]) -> None:
        used: set[str] = set()
        declared: set[str] = set()
        self.imported = False  # by using namespace std
        for piece in pieces:
            texts = ["", "", *(token.text for token in piece)]
            self.imported |= any(texts[i : i + 3] == ["using", "namespace", "std"] for i in range(len(texts)))
            for position, token in enumerate(piece, start=2):
                before = texts[position - 1]
                if token.kind is Kind.IDENTIFIER and before not in (".", "->", "::"):
                    used.add(token.text)
                    if before and (before[0].isalpha() or before[0] == "_") and before not in _NO_TYPES:
                        declared.add(token.text)
        self.taken = declared if self.imported else used


def _without_std(piece: Sequence[Token], names: _Names) -> list[Token]:
    """The piece without `using namespace std ;`, `using std :: name ;` and, where nothing changes, `std ::`."""
    kept: list[Token] = []
    texts = [token.text for token in piece]
    position = 0
    while position < len(piece):
        here = texts[position : position + 5]
        if here[:4] == ["using", "namespace", "std", ";"]:
            position += 4
        elif here[:3] == ["using", "std", "::"] and here[4:] == [";"] and piece[position + 3].kind is Kind.IDENTIFIER:
            position += 5
        elif here[:2] == ["std", "::"] and _may_drop(texts, position, names):
            if texts[position - 1 : position] == ["::"]:
                kept.pop()
            position += 2
        elif here[:2] == [",", "}"]:  # it would break a list of values into lines
            position += 1
        else:
            token = piece[position]
            if token.kind is Kind.NUMBER:  # 1'000'000 came with C++14
                token = token._replace(text=token.text.replace("'", ""))
            kept.append(token)
            position += 1
    return kept


def _may_drop(texts: Sequence[str], position: int, names: _Names) -> bool:
    before = texts[position - 1] if position else ""
    if before == "::" and position > 1 and (texts[position - 2][-1:].isalnum() or texts[position - 2] in ("_", ">")):
        return False  # a namespace of the program's own that is called std
    name = texts[position + 2 : position + 3]
    return before not in ("using", "struct", "class", "namespace") and bool(name) and name[0] not in names.taken


def _joined(tokens: Sequence[Token]) -> str:
    text = ""
    for token in tokens:
        text += token.text if token.kind is Kind.MACRO_PAREN else f" {token.text}"
    return text.lstrip()
