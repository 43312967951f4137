"""A line of C++ back to the program it says: the inverse of `to_code`."""

import re
from collections.abc import Callable
from typing import cast

from fairseq_cft.data.synthetic.code import FIRST_LINE, LAST_LINE, to_code
from fairseq_cft.data.synthetic.statements import (
    Add,
    And,
    Assign,
    Extremum,
    Init,
    Prepend,
    Print,
    Program,
    Read,
    Statement,
    Subtract,
    Swap,
    TypeName,
    Value,
)

_INIT = r"(?:int|bool|string) \w+ (?:= \S+ ;|; \w+ = \S+ ;)"
_INIT_PARTS = re.compile(r"\w+ (?P<v>\w+) (?P<split>; (?P=v) )?= (?P<x>\S+) ;")


class NotInLanguageError(ValueError):
    """The line is no program of the synthetic language; the message says from where on."""


def _value(text: str) -> Value:
    if text.startswith('"'):
        return text[1:-1]
    return text == "true" if text in ("true", "false") else int(text)


def _init(text: str) -> Init:
    found = _INIT_PARTS.fullmatch(text)
    if found is None:
        raise ValueError(text)
    return Init(found["v"], _value(found["x"]), found["split"] is not None)


def _add(found: re.Match[str]) -> Statement:
    return Add(found["v"], _value(found["x"]), found["short"] is not None)


def _subtract(found: re.Match[str]) -> Statement:
    return Subtract(found["v"], int(found["x"]), found["short"] is not None)


def _extremum(found: re.Match[str]) -> Statement:
    return Extremum(found["v"], "min" if found["f"] == "min" else "max", found["x"])


def _swap(found: re.Match[str]) -> Statement:
    fresh = (_init(found["one"]), _init(found["two"])) if found["one"] else None
    return Swap(found["g"], cast("TypeName", found["t"]), found["a"], found["b"], fresh)


# Each pattern matches from where the parser stands. A statement that is read loosely here is caught when the whole
# program is written back.
_PATTERNS: list[tuple[re.Pattern[str], Callable[[re.Match[str]], Statement]]] = [
    (
        re.compile(r"(?P<t>int|bool|string) (?P<v>\w+) ; \$ cin >> (?P=v) ;"),
        lambda found: Read(found["v"], cast("TypeName", found["t"])),
    ),
    (re.compile(_INIT), lambda found: _init(found[0])),
    (re.compile(r"cout << (?P<v>\w+) ;"), lambda found: Print(found["v"])),
    (re.compile(r'(?P<v>\w+) = (?P<x>"\w*"|true|false|\d+) ;'), lambda found: Assign(found["v"], _value(found["x"]))),
    (re.compile(r'(?P<v>\w+) (?:(?P<short>\+= )|= (?P=v) \+ )(?P<x>"\w*"|\d+) ;'), _add),
    (re.compile(r"(?P<v>\w+) (?:(?P<short>-= )|= (?P=v) - )(?P<x>\d+) ;"), _subtract),
    (re.compile(r'(?P<v>\w+) = "(?P<x>\w*)" \+ (?P=v) ;'), lambda found: Prepend(found["v"], found["x"])),
    (re.compile(r"(?P<v>\w+) = (?P=v) && (?P<x>true|false) ;"), lambda found: And(found["v"], found["x"] == "true")),
    (re.compile(r"(?P<v>\w+) = (?P<f>min|max) \( (?P=v) , (?P<x>\w+) \) ;"), _extremum),
    (
        re.compile(
            rf"if \( (?P<g>\w+) \) \{{ (?:~ (?P<one>{_INIT}) ~ (?P<two>{_INIT}) )?"
            r"(?P<t>int|bool|string) temp = (?P<a>\w+) ; (?P=a) = (?P<b>\w+) ; (?P=b) = temp ; \}"
        ),
        _swap,
    ),
]


def parse(line: str) -> Program:
    """The program that the line says; `to_code` gives back the same line."""
    start, end = f"{FIRST_LINE} $ ", f" $ {LAST_LINE}"
    if not (line.startswith(start) and line.endswith(end) and len(line) > len(start) + len(end)):
        raise NotInLanguageError(f"no program of the synthetic language: {line[:60]!r}")
    body = line.removesuffix(end)
    position = len(start)
    statements: list[Statement] = []
    while True:
        statement, position = _statement(body, position)
        statements.append(statement)
        if position == len(body):
            break
        if not body.startswith(" $ ", position):
            raise NotInLanguageError(f"no statement ends before {body[position : position + 60]!r}")
        position += len(" $ ")
    program = Program(tuple(statements))
    if to_code(program) != line:
        raise NotInLanguageError("a literal or type in the line is not written as the language writes it")
    return program


def _statement(body: str, position: int) -> tuple[Statement, int]:
    """The statement that stands here, and where it ends."""
    for pattern, build in _PATTERNS:
        found = pattern.match(body, position)
        if found:
            try:
                return build(found), found.end()
            except ValueError:
                continue
    raise NotInLanguageError(f"no statement of the synthetic language: {body[position : position + 60]!r}")
