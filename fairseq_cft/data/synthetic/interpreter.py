"""Runs a program of the synthetic language as a C++ compiler's machine code would."""

from collections.abc import Iterator, Sequence

from .statements import (
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
    as_text,
    type_of,
)

INT_MIN, INT_MAX = -(2**31), 2**31 - 1


class UndefinedBehaviourError(ValueError):
    """The program does what C++ leaves open, or what does not compile; the message says what."""


def run(program: Program, inputs: Sequence[str]) -> str:
    """What the program prints when these values are typed on its standard input."""
    variables: dict[str, Value] = {}
    printed: list[str] = []
    typed = iter(inputs)
    for statement in program.statements:
        _execute(statement, variables, typed, printed)
    return "".join(printed)


def _execute(statement: Statement, variables: dict[str, Value], typed: Iterator[str], printed: list[str]) -> None:
    match statement:
        case Init(name, value):
            _declare(variables, name, value)
        case Read(name, type_name):
            _declare(variables, name, _read(type_name, typed))
        case Print(name):
            printed.append(as_text(_get(variables, name)))
        case Swap():
            _swap(statement, variables)
        case _:
            variables[statement.name] = _changed(statement, variables)


def _changed(statement: Assign | Add | Subtract | Prepend | And | Extremum, variables: dict[str, Value]) -> Value:
    """The new value of the variable that the statement changes."""
    old = _get(variables, statement.name)
    if isinstance(statement, Extremum):
        other = _get(variables, statement.other)
        if type_of(old) != type_of(other):
            raise UndefinedBehaviourError(f"{statement.function} of {type_of(old)} and {type_of(other)}")
        return min(old, other) if statement.function == "min" else max(old, other)
    value = statement.value
    if type_of(value) != type_of(old):
        raise UndefinedBehaviourError(f"{statement.name} is {type_of(old)}, not {type_of(value)}")
    match statement, old, value:
        case Add(), str(), str():
            return old + value
        case Prepend(), str(), str():
            return value + old
        case Assign(), _, _:
            return value
        case And(), bool(), bool():
            return old and value
        case _, bool(), _:  # which Python takes for an int below
            pass
        case Add(), int(), int():
            return _in_range(old + value)
        case Subtract(), int(), int():
            return _in_range(old - value)
    raise UndefinedBehaviourError(f"{type(statement).__name__} on {type_of(old)}")


def _declare(variables: dict[str, Value], name: str, value: Value) -> None:
    if name in variables:
        raise UndefinedBehaviourError(f"{name} is declared twice")
    variables[name] = value


def _get(variables: dict[str, Value], name: str) -> Value:
    if name not in variables:
        raise UndefinedBehaviourError(f"{name} is not declared")
    return variables[name]


def _swap(statement: Swap, variables: dict[str, Value]) -> None:
    """Swap two variables if the guard holds; variables declared in the block end with it, unseen."""
    guard = _get(variables, statement.guard)
    if not isinstance(guard, bool):
        raise UndefinedBehaviourError(f"guard {statement.guard} is {type_of(guard)}")
    scope = variables
    if statement.fresh is not None:
        scope = {**variables, **{init.name: init.value for init in statement.fresh}}
    first, second = (_get(scope, name) for name in (statement.first, statement.second))
    if not type_of(first) == type_of(second) == statement.type:
        raise UndefinedBehaviourError(f"swap of {type_of(first)} and {type_of(second)} through {statement.type}")
    if guard and scope is variables:
        variables[statement.first], variables[statement.second] = second, first


def _read(type_name: TypeName, typed: Iterator[str]) -> Value:
    """The next value as ``cin`` takes it; input that would make ``cin`` fail is refused."""
    text = next(typed, None)
    if text is None:
        raise UndefinedBehaviourError("the input ends before every variable is read")
    if type_name == "string":
        if not text or text.split() != [text]:
            raise UndefinedBehaviourError(f"{text!r} is not one word")
        return text
    if not text.removeprefix("-").isdecimal():
        raise UndefinedBehaviourError(f"{text!r} is not a number")
    if type_name == "bool":
        if int(text) not in (0, 1):
            raise UndefinedBehaviourError(f"{text!r} is neither 0 nor 1")
        return int(text) == 1
    return _in_range(int(text))


def _in_range(number: int) -> int:
    if not INT_MIN <= number <= INT_MAX:
        raise UndefinedBehaviourError(f"{number} is no int")
    return number
