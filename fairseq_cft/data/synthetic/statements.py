"""The statements of the synthetic language: what a program says, apart from how it is written.

A program is a straight line of statements over variables of three types. A field named ``short`` or ``split`` records
which of two equal spellings the C++ line uses, so that a parsed program is written back to the same bytes.
"""

from dataclasses import dataclass
from typing import Literal

TypeName = Literal["int", "bool", "string"]
Value = int | bool | str
TYPES: tuple[TypeName, ...] = ("int", "bool", "string")


def type_of(value: Value) -> TypeName:
    """The C++ type of a literal."""
    if isinstance(value, bool):
        return "bool"
    return "int" if isinstance(value, int) else "string"


def as_text(value: Value) -> str:
    """A value as it is typed, and printed."""
    return str(int(value)) if isinstance(value, bool) else str(value)


@dataclass(frozen=True, slots=True)
class Init:
    """``int v = 5 ;``, or ``int v ; v = 5 ;`` when `split`."""

    name: str
    value: Value
    split: bool = False


@dataclass(frozen=True, slots=True)
class Read:
    """``int v ;`` and, on the next line, ``cin >> v ;``."""

    name: str
    type: TypeName


@dataclass(frozen=True, slots=True)
class Assign:
    """``v = 5 ;``"""

    name: str
    value: Value


@dataclass(frozen=True, slots=True)
class Add:
    """``v = v + 5 ;``, or ``v += 5 ;`` when `short`; appends when the value is a string."""

    name: str
    value: int | str
    short: bool = False


@dataclass(frozen=True, slots=True)
class Subtract:
    """``v = v - 5 ;``, or ``v -= 5 ;`` when `short`."""

    name: str
    value: int
    short: bool = False


@dataclass(frozen=True, slots=True)
class Prepend:
    """``v = "s" + v ;``"""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class And:
    """``v = v && true ;``"""

    name: str
    value: bool


@dataclass(frozen=True, slots=True)
class Extremum:
    """``v = min ( v , other ) ;``, or the same with ``max``."""

    name: str
    function: Literal["min", "max"]
    other: str


@dataclass(frozen=True, slots=True)
class Swap:
    """``if ( guard ) { T temp = a ; a = b ; b = temp ; }``; `fresh` holds two variables declared for it."""

    guard: str
    type: TypeName
    first: str
    second: str
    fresh: tuple[Init, Init] | None = None


@dataclass(frozen=True, slots=True)
class Print:
    """``cout << v ;``"""

    name: str


Statement = Init | Read | Assign | Add | Subtract | Prepend | And | Extremum | Swap | Print


@dataclass(frozen=True, slots=True)
class Program:
    """A whole program, in order."""

    statements: tuple[Statement, ...]

    def read_types(self) -> list[TypeName]:
        """The types of the values that the program reads, in order."""
        return [statement.type for statement in self.statements if isinstance(statement, Read)]
