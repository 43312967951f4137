"""Errors in declarations: wrong, missing and superfluous types and declarators."""

from typing import NamedTuple

from .cpp_words import COMMON_TYPES, TYPES, Draw, Pool, is_name

_BEFORE_STATEMENT = frozenset({";", "{", "}", "("})  # "(" for the first part of a for statement
_QUALIFIERS = frozenset({"const", "static", "constexpr", "volatile", "register", "extern", "auto"})
_TEMPLATES = frozenset(
    {"vector", "map", "set", "pair", "queue", "stack", "deque", "list", "array", "bitset", "multiset", "multimap"}
    | {"unordered_map", "unordered_set", "priority_queue", "tuple"}
)
_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")


class Declarator(NamedTuple):
    """`* name = value`, from ``start`` up to ``end``, the name at ``name``."""

    start: int
    name: int
    end: int


def _starts_statement(words: list[str], position: int) -> bool:
    return position == 0 or words[position - 1] in _BEFORE_STATEMENT


def _type_runs(words: list[str]) -> list[tuple[int, int]]:
    """Where types stand; `unsigned long long` is one type."""
    runs: list[tuple[int, int]] = []
    for position, word in enumerate(words):
        if word in TYPES:
            if runs and runs[-1][1] == position:
                runs[-1] = (runs[-1][0], position + 1)
            else:
                runs.append((position, position + 1))
    return runs


def break_type(words: list[str], draw: Draw) -> list[str] | None:
    """Replace a type, delete it, or put one before an assignment: a third each."""
    way = int(draw() * 3)
    new_type = COMMON_TYPES[int(draw() * len(COMMON_TYPES))]
    if way == 2:
        places = [
            position
            for position in range(len(words) - 1)
            if words[position + 1] == "=" and _starts_statement(words, position) and is_name(words[position])
        ]
        if not places:
            return None
        place = places[int(draw() * len(places))]
        return [*words[:place], new_type, *words[place:]]
    runs = _type_runs(words)
    if not runs:
        return None
    start, end = runs[int(draw() * len(runs))]
    if way == 1:
        return words[:start] + words[end:]
    return None if words[start:end] == [new_type] else [*words[:start], new_type, *words[end:]]


def _after_type(words: list[str], position: int) -> int | None:
    """The end of the type that starts here: `const unsigned long`, `vector < int >`, `std :: string`, `ll`."""
    count = len(words)
    while position < count and words[position] in _QUALIFIERS:
        position += 1
    if position + 1 < count and words[position] == "std" and words[position + 1] == "::":
        position += 2
    if position >= count:
        return None
    if words[position] in TYPES:
        while position < count and words[position] in TYPES:
            position += 1
    elif words[position] in _TEMPLATES or is_name(words[position]):
        position += 1
    else:
        return None
    if position < count and words[position] == "<":
        depth = 0
        while position < count:
            depth += {"<": 1, ">": -1, ">>": -2}.get(words[position], 0)
            position += 1
            if depth <= 0:
                return position if depth == 0 else None
        return None
    return position


def _declarators(words: list[str], position: int) -> list[Declarator] | None:
    """The declarators from here up to the `;`; None if this is no list of them."""
    found: list[Declarator] = []
    start = position
    depth = 0
    while position < len(words):
        name = start
        while name < len(words) and words[name] in ("*", "&"):
            name += 1
        if name >= len(words) or not is_name(words[name]):
            return None
        position = name + 1
        while position < len(words) and (depth or words[position] not in (",", ";")):
            depth += (words[position] in _OPENING) - (words[position] in _CLOSING)
            if depth < 0:
                return None
            position += 1
        if position == len(words):
            return None
        found.append(Declarator(start, name, position))
        if words[position] == ";":
            return found
        start = position + 1
    return None


def find_declarations(words: list[str]) -> list[list[Declarator]]:
    """The declarators of each `type name [= ..] [, name ..] ;` in the line."""
    declarations = []
    for position in range(len(words)):
        if _starts_statement(words, position):
            end = _after_type(words, position)
            declarators = _declarators(words, end) if end is not None else None
            if declarators:
                declarations.append(declarators)
    return declarations


def break_declarator(words: list[str], pool: Pool, draw: Draw) -> list[str] | None:
    """Insert, replace or delete a declarator: a third each."""
    declarations = find_declarations(words)
    if not declarations:
        return None
    declarators = declarations[int(draw() * len(declarations))]
    declarator = declarators[int(draw() * len(declarators))]
    way = int(draw() * 3)
    if way == 2:
        start, end = declarator.start, declarator.end
        if len(declarators) > 1:  # with one of its commas
            start, end = (start - 1, end) if declarator is declarators[-1] else (start, end + 1)
        return words[:start] + words[end:]
    name = pool.draw(draw, instead_of=words[declarator.name])
    if name is None:
        return None
    if way == 1:
        return [*words[: declarator.name], name, *words[declarator.name + 1 :]]
    if draw() < 0.5:
        return [*words[: declarator.start], name, ",", *words[declarator.start :]]
    return [*words[: declarator.end], ",", name, *words[declarator.end :]]
