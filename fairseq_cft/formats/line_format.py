r"""A C++ program as one line of words, and back again, exactly.

    int main() {                      int main ( ) { $ ~ cout << "a␣~␣b" << \~ x ; $ }
      cout << "a ~ b" << ~x;   <->
    }

- One word is one C++ token; words are set apart by one space (the parenthesis of ``#define f(x)`` stays at the name).
- ``$`` ends a source line, each ``~`` that leads a line is one indent level. A real ``~`` or ``$`` that stands alone is
  the word ``\~`` or ``\$``, which no C++ program holds otherwise.
- White space *inside* a token (literals, comments, raw strings) is spelled out: ``␣`` blank, ``␉`` tab, ``␊`` newline,
  and ``␛hex;`` for every other space or control character, and for these four signs where a program really holds them.

The blanks of literals are spelled out, although subwords would keep them, because every other station of the pipeline
splits at white space and would lose or misread them: fairseq's ``tokenize_line`` folds runs of blanks, token-wise noise
would tear ``"a ~ b"`` apart and leave a bare ``~``, and SentencePiece never merges across a blank, so that a frequent
literal could not become one piece. It also makes reading a line trivial: split at white space, translate each word.

``decode_line`` takes anything, also broken output of a model; ``~`` in mid-line (as in the published synthetic files)
and repeated or missing blanks at the ends are white space.
"""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from .tokenizer import Kind, tokenize

NEWLINE_WORD = "$"
INDENT_WORD = "~"
INDENT = "  "  # one level in decoded source, and what encode_program takes for one level (a tab is one, too)

_BLANKS = " \t\v\f\r\n"
_ESCAPE = "␛"
_SIGNS = {" ": "␣", "\t": "␉", "\n": "␊"}
_CHARACTERS = {sign: character for character, sign in _SIGNS.items()}
_BARE = {NEWLINE_WORD: "\\$", INDENT_WORD: "\\~"}
# "#define $(x)": the parenthesis stays at the escaped name
_UNBARE = {escaped: word for word, escaped in _BARE.items()} | {f"{_BARE[NEWLINE_WORD]}(": f"{NEWLINE_WORD}("}
# U+2581 is what SentencePiece writes for a blank, so a real one would come back as a blank; U+FEFF is lost at a file's
# start.
_TO_ESCAPE = re.compile(r"[\s\x00-\x1f\x7f\u2581\ufeff␣␉␊␛]")
_ESCAPED = re.compile(r"[␣␉␊]|␛([0-9a-f]{1,6});")


class CodeLine(NamedTuple):
    """One source line in line format: its indent level and its words."""

    indent: int
    words: list[str]


def encode_token(text: str) -> str:
    r"""One C++ token -> one word without white space.

    >>> encode_token('"a  b"')
    '"a␣␣b"'
    """
    if text in _BARE:
        return _BARE[text]
    if _TO_ESCAPE.search(text) is None:
        return text
    return _TO_ESCAPE.sub(lambda match: _SIGNS.get(match[0]) or f"{_ESCAPE}{ord(match[0]):x};", text)


def _escaped_character(match: re.Match[str]) -> str:
    if match[1] is None:
        return _CHARACTERS[match[0]]
    code = int(match[1], 16)
    if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:  # no character, or one that no UTF-8 file can hold: a model's slip
        return match[0]
    return chr(code)


def decode_word(word: str) -> str:
    """One word -> the spelling of its C++ token. Never fails."""
    return _ESCAPED.sub(_escaped_character, _UNBARE.get(word, word))


def _as_source(program: str | Iterable[tuple[int, str]]) -> str:
    """The program's text, ended by a newline (as a compiler would end it) unless it is empty."""
    if isinstance(program, str):
        source = re.sub(r"\r+\n", "\n", program.removeprefix("\ufeff"))
        return source if source.endswith("\n") or not source else source + "\n"
    lines = []
    for number, (indent, code) in enumerate(program, start=1):
        if indent < 0:
            raise ValueError(f"line {number} of the program has indent {indent}: an indent is 0 or more")
        lines.append(f"{INDENT * indent}{code.strip(_BLANKS)}\n")
    return "".join(lines)


def indent_level(blanks: str) -> int:
    """The level that blanks at the start of a line stand for."""
    tabs = blanks.count("\t")
    return tabs + (len(blanks) - tabs) // len(INDENT)


def parse_source(program: str | Iterable[tuple[int, str]]) -> list[CodeLine]:
    """C++ source text, or its (indent, code) lines, as lines of words; a token that spans lines is in the first."""
    source = _as_source(program)
    lines: list[CodeLine] = []
    line_start = 0
    current: CodeLine | None = None
    for token in tokenize(source, layout=True):
        if current is None:
            current = CodeLine(indent_level(source[line_start : token.start]), [])
            lines.append(current)
        if token.kind is Kind.NEWLINE:
            line_start, current = token.start + 1, None
        elif token.kind is Kind.MACRO_PAREN:
            current.words[-1] += encode_token(token.text)
        else:
            current.words.append(encode_token("\\" if token.kind is Kind.SPLICE else token.text))
    return lines


def parse_line(line: str) -> list[CodeLine]:
    """A program in line format as lines of words, escapes untouched. Takes anything."""
    lines: list[CodeLine] = []
    if not line.strip():
        return lines
    current = CodeLine(0, [])
    indent, leading = 0, True
    for word in line.split():
        if word == NEWLINE_WORD:
            lines.append(CodeLine(indent, current.words))
            current, indent, leading = CodeLine(0, []), 0, True
        elif word == INDENT_WORD:
            indent += leading
        else:
            current.words.append(word)
            leading = False
    lines.append(CodeLine(indent, current.words))
    return lines


def format_lines(lines: Iterable[tuple[int, Sequence[str]]]) -> str:
    """Lines of words as one line: the inverse of ``parse_line``."""
    all_words: list[str] = []
    for indent, words in lines:
        all_words += [INDENT_WORD] * indent
        all_words += words
        all_words.append(NEWLINE_WORD)
    return " ".join(all_words[:-1])


def encode_program(program: str | Iterable[tuple[int, str]]) -> str:
    r"""A C++ program -> one line.

    ``program`` is source text (two spaces or one tab an indent level) or its lines as (indent, code) pairs. Any text is
    taken, also one that is no C++. Layout within a line is not kept; tokens, lines, blank lines and indents are.

    >>> encode_program("int main() {\n  return 0;\n}\n")
    'int main ( ) { $ ~ return 0 ; $ }'
    """
    return format_lines(parse_source(program))


def decode_line(line: str) -> str:
    """One line -> C++ source text: every source line ends with a newline, every indent level is two spaces.

    Never fails, whatever a model wrote. ``encode_program(decode_line(line)) == line`` for every encoded program.
    """
    return "".join(f"{INDENT * indent}{' '.join(map(decode_word, words))}\n" for indent, words in parse_line(line))
