"""Read the line format of the published SPoC and synthetic files, as they are or with split tokens mended.

The published tokenizer splits some tokens (`0LL` -> `0 LL`, `::` -> `: :`, `>>=` -> `>> =`, `1.e-9` -> `1 . e - 9`) and
writes a real `~` like an indent, so a share of its own reference programs does not compile after decoding.
``repair=True`` joins again what cannot stand apart in any C++ program; it never joins two tokens that could. Our own
files need none of this: `line_format` is exact.
"""

import re

from .line_format import INDENT, INDENT_WORD, NEWLINE_WORD
from .tokenizer import Kind, Token, tokenize

_LITERAL_PREFIXES = frozenset({"L", "u", "U", "u8", "R", "LR", "uR", "UR", "u8R"})
_STRING_SUFFIXES = frozenset({"s", "sv"})
# words that are operators and may well follow a number
_WORD_OPERATORS = frozenset({"and", "or", "xor", "bitand", "bitor", "and_eq", "or_eq", "xor_eq", "not_eq"})
# pairs that no C++ program holds side by side, so that only a split can have made them
_SPLIT_OPERATORS = frozenset({(">>", "="), ("<<", "="), ("^", "="), ("->", "*"), (".", "*")})
_NUMBER = re.compile(r"\.?[0-9][\w.]*")
_OPEN_NUMBER = re.compile(r"[0-9]+\.|[0-9.]+[eE][-+]")  # 2. and 1e-: digits that follow belong to it
_OPEN_EXPONENT = re.compile(r"[0-9.]+[eE]")
_PUBLISHED_WORDS = {NEWLINE_WORD: "\n", INDENT_WORD: "\t"}


def decode_published(line: str, *, repair: bool = False) -> str:
    """One line of the published format -> C++ source text. Never fails.

    Without ``repair`` it is the published decoding: a word `$` ends a line, a word `~` is a tab wherever it stands, all
    other words stay apart by one blank.
    """
    if not repair:
        return " ".join(_PUBLISHED_WORDS.get(word, word) for word in line.split(" ")).strip() + "\n"
    pieces = f" {line.strip()} ".split(f" {NEWLINE_WORD} ")
    return "".join(f"{_repaired_line(piece)}\n" for piece in _rejoin_literals(pieces))


def _ends_in_open_literal(text: str) -> bool:
    tokens = tokenize(text)
    if not tokens or tokens[-1].kind not in (Kind.STRING, Kind.CHAR):
        return False
    last = tokens[-1].text.lstrip("LuU8")
    return len(last) == 1 or not last.endswith(last[0]) or last.endswith("\\" + last[0])


def _rejoin_literals(pieces: list[str]) -> list[str]:
    """`" $ "` in a program was cut at its `$`: join while a literal is open and the next piece can close it."""
    joined: list[str] = []
    for piece in pieces:
        if joined and ('"' in piece or "'" in piece) and _ends_in_open_literal(joined[-1]):
            joined[-1] += f" {NEWLINE_WORD} {piece}"
        else:
            joined.append(piece)
    return joined


def _repaired_line(piece: str) -> str:
    bare = piece.lstrip(" \t~")
    indent, rest = piece[: len(piece) - len(bare)].count(INDENT_WORD), bare.rstrip()
    if re.match(r"#\s*include\b", rest):
        return INDENT * indent + re.sub(r"<.*>", lambda match: match[0].replace(" ", ""), rest)
    text, end, run = "", 0, ""  # run: the token that the last ones have been joined to
    tokens = [*tokenize(rest)]
    for position, token in enumerate(tokens):
        joined = position > 0 and _belongs_to_previous(tokens, position, run)
        run = run + token.text if joined else token.text
        if position and not joined:
            text += rest[end : token.start]
        if token.text == INDENT_WORD and position and tokens[position - 1].text in ("{", "}", ";"):
            text += " "  # an indent in mid-line, as in the published synthetic files
        else:
            text += token.text
        end = token.start + len(token.text)
    return INDENT * indent + text


def _belongs_to_previous(tokens: list[Token], position: int, run: str) -> bool:
    """Whether the token was one with the token before it, of which ``run`` is known, until a tokenizer split them."""
    before, token = tokens[position - 1], tokens[position]
    if (before.text, token.text) in _SPLIT_OPERATORS:
        return True
    if token.text == ":" and before.text == ":":
        return _is_second_of_pair(tokens, position)
    if token.text == "." and _dots(tokens, position) == 3:  # "case 1 . . . 5"
        return before.text == "."
    if _NUMBER.match(run):
        return _belongs_to_number(token, run)
    if token.kind is Kind.STRING and before.text in _LITERAL_PREFIXES:
        return True
    return before.kind is Kind.STRING and token.text in _STRING_SUFFIXES


def _belongs_to_number(token: Token, run: str) -> bool:
    """0 LL, 0 x3f, 2 . f, 1 . e - 9: no program has these side by side."""
    if token.kind is Kind.IDENTIFIER:
        return token.text not in _WORD_OPERATORS
    if token.kind is Kind.NUMBER:
        return _OPEN_NUMBER.fullmatch(run) is not None
    return (token.text == "." and run.isdigit()) or (
        token.text in ("+", "-") and _OPEN_EXPONENT.fullmatch(run) is not None
    )


def _is_second_of_pair(tokens: list[Token], position: int) -> bool:
    """In a run of colons pairs are counted from its end: `x ? a : : : b` was `x ? a : ::b`."""
    after = 0
    while position + after + 1 < len(tokens) and tokens[position + after + 1].text == ":":
        after += 1
    return after % 2 == 0


def _dots(tokens: list[Token], position: int) -> int:
    """How many single dots stand in a row around this one."""
    first = last = position
    while first and tokens[first - 1].text == ".":
        first -= 1
    while last + 1 < len(tokens) and tokens[last + 1].text == ".":
        last += 1
    return last - first + 1
