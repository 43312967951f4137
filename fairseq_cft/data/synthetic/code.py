"""A program as one line of C++: lines joined by `` $ ``, one ``~`` before each line of a block, tokens set apart."""

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
    Value,
    type_of,
)

FIRST_LINE = "int main () {"
LAST_LINE = "return 0; }"


def literal(value: Value) -> str:
    """A value as a C++ literal."""
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _init(statement: Init) -> str:
    type_name, value = type_of(statement.value), literal(statement.value)
    if statement.split:
        return f"{type_name} {statement.name} ; {statement.name} = {value} ;"
    return f"{type_name} {statement.name} = {value} ;"


def _arithmetic(name: str, sign: str, value: Value, short: bool) -> str:
    return f"{name} {sign}= {literal(value)} ;" if short else f"{name} = {name} {sign} {literal(value)} ;"


def _swap(statement: Swap) -> str:
    first, second = statement.first, statement.second
    block = f"{statement.type} temp = {first} ; {first} = {second} ; {second} = temp ; }}"
    if statement.fresh is not None:
        one, two = statement.fresh
        return f"if ( {statement.guard} ) {{ ~ {_init(one)} ~ {_init(two)} {block}"
    return f"if ( {statement.guard} ) {{ {block}"


def statement_to_code(statement: Statement) -> str:
    """One statement; a `Read` is two lines, already joined."""
    match statement:
        case Init():
            return _init(statement)
        case Read(name, type_name):
            return f"{type_name} {name} ; $ cin >> {name} ;"
        case Assign(name, value):
            return f"{name} = {literal(value)} ;"
        case Add(name, value, short):
            return _arithmetic(name, "+", value, short)
        case Subtract(name, value, short):
            return _arithmetic(name, "-", value, short)
        case Prepend(name, value):
            return f"{name} = {literal(value)} + {name} ;"
        case And(name, value):
            return f"{name} = {name} && {literal(value)} ;"
        case Extremum(name, function, other):
            return f"{name} = {function} ( {name} , {other} ) ;"
        case Swap():
            return _swap(statement)
        case Print(name):
            return f"cout << {name} ;"


def to_code(program: Program) -> str:
    """The program's line."""
    return " $ ".join((FIRST_LINE, *map(statement_to_code, program.statements), LAST_LINE))
