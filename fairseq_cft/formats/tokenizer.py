r"""C++ source text -> tokens, by the standard's maximal munch (C++20 operators and literals).

The tokenizer never fails and takes linear time, whatever it is given: a character that starts no C++ token becomes a
token of its own; an unterminated string or character literal reaches to the end of its line, an unterminated raw
string or block comment to the end of the text (clang's own lexer does the same). Nothing but blanks is left out.

Two things are easy to get wrong and matter for "the program still compiles when its tokens are set apart by spaces":
`#include <a/b.h>` holds ONE token for the header's name, and the parenthesis that follows a macro's name in
`#define f(x)` must touch it (`Kind.MACRO_PAREN`, with the line continuations before it, if any).
"""

import re
from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple


class Kind(Enum):
    """What a token is, as far as spelling alone can tell."""

    IDENTIFIER = "identifier"  # keywords too: which identifiers are reserved is the caller's business
    NUMBER = "number"
    STRING = "string"
    CHAR = "char"
    OPERATOR = "operator"
    COMMENT = "comment"
    HEADER = "header"  # <vector> after #include
    MACRO_PAREN = "macro_paren"  # the "(" of "#define f(x)": no blank may stand before it
    UNKNOWN = "unknown"  # one character that starts no token
    NEWLINE = "newline"  # layout: the end of a source line
    SPLICE = "splice"  # layout: a backslash that continues the line on the next one


class Token(NamedTuple):
    """One token: its kind, its exact spelling, and where it starts in the text."""

    kind: Kind
    text: str
    start: int


LAYOUT = frozenset({Kind.NEWLINE, Kind.SPLICE})

# Longest first: a regular expression takes the first alternative that matches.
OPERATORS = [
    *("%:%:", "<=>", "->*", "...", "<<=", ">>="),
    *("::", ".*", "->", "++", "--", "<<", ">>", "<=", ">=", "==", "!=", "&&", "||", "##", "<:", ":>", "<%", "%>", "%:"),
    *("+=", "-=", "*=", "/=", "%=", "^=", "&=", "|="),
    *"{}[]();:?.~!+-*/%^&|=<>,#",
]

_SPLICE = r"\\[ \t\v\f\r]*\n"  # compilers allow blanks after the backslash


def _pattern(splice: str) -> re.Pattern[str]:
    r"""The tokenizer's one expression. ``splice`` is what may stand between any two characters of a token: nothing, or
    line continuations (for the rare text that has any)."""
    s = splice
    letter = r"(?:[A-Za-z_$]|[^\x00-\x7f\s]|\\u[0-9a-fA-F]{4}|\\U[0-9a-fA-F]{8})"
    more = rf"(?:[\w$]|[^\x00-\x7f\s]|\\u[0-9a-fA-F]{{4}}|\\U[0-9a-fA-F]{{8}}){'+' if not s else ''}"
    name = rf"{letter}(?:{s}{more})*"
    encoding = rf"(?:u{s}8{s}|[uUL]{s})?"
    in_line = rf"{_SPLICE}|[^\n]" if s else r"[^\n]"
    blank = rf"(?:[ \t\v\f\r]|{_SPLICE}|/\*(?:[^*\n]|\*(?!/))*\*/)*"

    def quoted(quote: str) -> str:
        escape = rf"{_SPLICE}|\\[^\n]?" if s else r"\\[^\n]?"
        return rf"{encoding}{quote}(?:[^{quote}\\\n]|{escape})*(?:{quote}(?:{s}{name})?)?"

    def spelled(word: str) -> str:
        return s.join(re.escape(character) for character in word)

    raw_start = rf"{encoding}R{s}\"(?P<delimiter>[^ ()\\\t\v\f\n\"]{{0,16}})\("
    in_header = rf"(?:{_SPLICE}|[^<>\n])" if s else r"[^<>\n]"
    header = rf"<{in_header}{{1,255}}>"
    directive = rf"(?:\#|%:){blank}"
    compound = "|".join(  # texts whose last part is only a token there; taken apart by _parts
        [
            rf"{directive}(?:{spelled('include_next')}|{spelled('include')}|{spelled('import')})\b{blank}{header}",
            rf"{directive}{spelled('define')}\b{blank}{name}(?:{s}\(|{blank}<[^<>\s]{{1,255}}>(?=[ \t\r]*(?:\n|\Z)))",
            rf"__has_include(?:_next)?{blank}\({blank}{header}",
            rf"import\b{blank}{header}(?={blank};)",
        ]
    )
    number = rf"(?:\.{s})?[0-9](?:{s}(?:[eEpP]{s}[+-]|'{s}[0-9A-Za-z_]|[\w.$]))*"
    alternatives = {
        "newline": r"\n",
        "splice": r"\\[ \t\v\f\r]*(?=\n)",
        "compound": compound,
        "raw": rf"{raw_start}[\s\S]*?(?:\)(?P=delimiter)\"(?:{s}{name})?|(?=\n?\Z))",
        "string": quoted('"'),
        "char": quoted("'"),
        "identifier": name,
        "number": number,
        "comment": rf"/{s}/(?:{in_line})*|/{s}\*[\s\S]*?(?:\*{s}/|(?=\n?\Z))",
        # "<::" is "<" and "::", so that vector<::name> works, unless ":" or ">" follows
        "operator": rf"<(?={s}:{s}:(?!{s}[:>]))|" + "|".join(spelled(operator) for operator in OPERATORS),
        "unknown": r"[^ \t\v\f\r\n]",
    }
    return re.compile("|".join(f"(?P<{kind}>{expression})" for kind, expression in alternatives.items()))


_PLAIN = _pattern("")
_SPLICED = _pattern(f"(?:{_SPLICE})*")
_COMPOUND_TAIL = re.compile(rf"(?:<(?:{_SPLICE}|[^<>\n])*>|(?:{_SPLICE})*\()\Z")
_KINDS = {kind.value: kind for kind in Kind} | {"raw": Kind.STRING}


def _parts(text: str, start: int, pattern: re.Pattern[str]) -> Iterator[Token]:
    """Take a compound text apart: ordinary tokens, then the part that is a token only here."""
    tail = _COMPOUND_TAIL.search(text)
    assert tail is not None, text
    for match in pattern.finditer(text, 0, tail.start()):
        yield Token(_KINDS[match.lastgroup or ""], match.group(), start + match.start())
    kind = Kind.HEADER if tail.group().startswith("<") else Kind.MACRO_PAREN
    yield Token(kind, tail.group(), start + tail.start())


def tokenize(source: str, *, layout: bool = False) -> list[Token]:
    r"""All tokens of a C++ text, comments included, in order.

    With ``layout``, the ends of lines (``Kind.NEWLINE``) and the backslashes that continue a line between two tokens
    (``Kind.SPLICE``) are in the list too. A continuation inside a token stays part of its spelling.

    >>> [token.text for token in tokenize("x>>=0x1'FFll;")]
    ['x', '>>=', "0x1'FFll", ';']
    """
    pattern = _SPLICED if "\\" in source and re.search(_SPLICE, source) else _PLAIN
    tokens: list[Token] = []
    for match in pattern.finditer(source):
        group = match.lastgroup or ""
        if group == "compound":
            tokens.extend(_parts(match.group(), match.start(), pattern))
        else:
            tokens.append(Token(_KINDS[group], match.group(), match.start()))
    if layout:
        return tokens
    return [token for token in tokens if token.kind not in LAYOUT]
