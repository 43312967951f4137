"""A program as pseudocode, which never names a type: the phrasings of the labeled data and those never seen there.

Each statement has several phrasings, all equally likely. The published conventions are kept, also where English
disagrees: "set v to 78 minus v" stands for ``v = v - 78``.
"""

from collections.abc import Callable, Iterable
from itertools import product
from typing import Literal

from ...formats.pseudocode import END, START
from .code import literal
from .statements import Add, And, Assign, Extremum, Init, Prepend, Print, Program, Read, Statement, Subtract, Swap

Style = Literal["seen", "unseen"]
Pick = Callable[[tuple[str, ...]], str]

SEEN = {
    "declare": ("instantiate {v}",),
    "read": ("read {v} from stdin",),
    "set": ("set {v} to {x}",),
    "add": ("set {v} to {x} plus {v}",),
    "subtract": ("set {v} to {x} minus {v}",),
    "append": ("add {x} to the end of {v}",),
    "prepend": ("add {x} to the beginning of {v}",),
    "and": ("set {v} to the and with {x}",),
    "extremum": ("set {v} to {f} applied to {v} and {x}",),
    "guard": ("if {v} is true,",),
    "swap": ("set {v} to the value of {x} and {x} to the value of {v}", "swap the values of {v} and {x}"),
    "print": ("print {v}", "output {v} to stdout"),
}
UNSEEN = {
    **SEEN,
    "read": ("read {v}", "{v} from stdin"),
    "add": ("set {v} to {v} plus {x}", "{v} to {x} plus {v}", "set {v} to {x} plus the value of {v}"),
    "subtract": ("{v} to {x} minus {v}", "set {v} to {x} minus the value of {v}"),
    "append": ("add {x} to end of {v}", "add {x} to {v} end"),
    "prepend": ("add {x} to beginning of {v}", "add {x} to {v} beginning"),
    "guard": ("if {v},", "if {v} true,"),
    "swap": ("set {v} to {x} and set {x} to {v}", "set {v} to the value of {x} and {x} to {v}", "swap {v} and {x}"),
    "print": ("print {v} to stdout", "output {v}", "stdout {v}"),
}
PHRASINGS: dict[Style, dict[str, tuple[str, ...]]] = {"seen": SEEN, "unseen": UNSEEN}


def _clauses(statement: Statement) -> list[tuple[str, dict[str, str]]]:
    """The kinds of phrase that a statement needs, each with what goes into it."""
    match statement:
        case Init(name, value) | Assign(name, value):
            return [("set", {"v": name, "x": literal(value)})]
        case Read(name):
            return [("declare", {"v": name}), ("read", {"v": name})]
        case Add(name, value):
            return [("append" if isinstance(value, str) else "add", {"v": name, "x": literal(value)})]
        case Subtract(name, value):
            return [("subtract", {"v": name, "x": literal(value)})]
        case Prepend(name, value):
            return [("prepend", {"v": name, "x": literal(value)})]
        case And(name, value):
            return [("and", {"v": name, "x": literal(value)})]
        case Extremum(name, function, other):
            return [("extremum", {"v": name, "f": function, "x": other})]
        case Swap(guard, _, first, second, fresh):
            inner = [clause for init in fresh or () for clause in _clauses(init)]
            return [("guard", {"v": guard}), *inner, ("swap", {"v": first, "x": second})]
        case Print(name):
            return [("print", {"v": name})]


def _text(statement: Statement, templates: Iterable[str]) -> str:
    """A statement's pseudocode in the chosen phrasings, one template a clause."""
    phrases = [template.format_map(parts) for template, (_, parts) in zip(templates, _clauses(statement), strict=True)]
    if isinstance(statement, Swap):
        guard, *inner, swap = phrases
        phrases = [" ".join((guard, *(f"TAB {phrase};" for phrase in inner), swap))]
    return "".join(phrase + END for phrase in phrases)


def to_pseudocode(program: Program, pick: Pick, style: Style = "seen") -> str:
    """The program's pseudocode line, with the leading, trailing and double spaces of the published files.

    `pick` chooses among equal phrasings.
    """
    table = PHRASINGS[style]
    return START + "".join(
        _text(statement, [pick(table[kind]) for kind, _ in _clauses(statement)]) for statement in program.statements
    )


def is_pseudocode_of(line: str, program: Program, style: Style = "seen") -> bool:
    """Whether the line says the program in phrasings of this style, whichever were picked."""
    table = PHRASINGS[style]
    rests = {line.removeprefix(START)} if line.startswith(START) else set()
    for statement in program.statements:
        ways = [_text(statement, way) for way in product(*(table[kind] for kind, _ in _clauses(statement)))]
        rests = {rest[len(way) :] for rest in rests for way in ways if rest.startswith(way)}
    return "" in rests
