"""The equal spellings of a program: each of its statements that has two, in either of them."""

import math
from dataclasses import replace

import numpy as np

from .statements import Add, Init, Program, Statement, Subtract, Swap


def plain_spelling(program: Program) -> Program:
    """The same program with each statement in one fixed spelling: equal for programs that differ in spelling only."""
    return Program(tuple(_ways(statement)[0] for statement in program.statements))


def count_spellings(program: Program) -> int:
    """How many lines of C++ say this program."""
    return math.prod(len(_ways(statement)) for statement in program.statements)


def draw_spellings(program: Program, most: int, rng: np.random.Generator) -> list[Program]:
    """At most ``most`` distinct spellings, the program's own first: all of them, or some drawn at random."""
    ways = [_ways(statement) for statement in program.statements]
    total = math.prod(map(len, ways))
    found: dict[Program, None] = {program: None}
    for number in range(total) if total <= most else iter(lambda: int(rng.integers(total)), -1):
        if len(found) >= min(most, total):
            break
        found[_spelled(ways, int(number))] = None
    return list(found)


def _spelled(ways: list[tuple[Statement, ...]], number: int) -> Program:
    """The ``number``-th choice of one way for each statement."""
    statements = []
    for each in ways:
        number, way = divmod(number, len(each))
        statements.append(each[way])
    return Program(tuple(statements))


def _ways(statement: Statement) -> tuple[Statement, ...]:
    match statement:
        case Init():
            return tuple(replace(statement, split=split) for split in (False, True))
        case Add() | Subtract():
            return tuple(replace(statement, short=short) for short in (False, True))
        case Swap(fresh=(one, two)):
            return tuple(
                replace(statement, fresh=(replace(one, split=first), replace(two, split=second)))
                for first in (False, True)
                for second in (False, True)
            )
    return (statement,)
