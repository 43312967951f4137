"""Errors in the use of names and keywords."""

from .cpp_words import LIBRARY, TYPES, Draw, Pool, is_name

_REPLACED = {"while": ("for",), "for": ("while",), "if": ("else if",), "else": ("else if",), "else if": ("if", "else")}
_DELETED = frozenset({"if", "while", "for", "else if"})


def break_name(words: list[str], pool: Pool, draw: Draw) -> list[str] | None:
    """On a line without a type: replace a name by another one of the program, or delete it."""
    if not TYPES.isdisjoint(words):
        return None
    names = [position for position, word in enumerate(words) if is_name(word) and not _is_call(words, position)]
    if not names:
        return None
    place = names[int(draw() * len(names))]
    if draw() < 0.5:
        return words[:place] + words[place + 1 :]
    other = pool.draw(draw, instead_of=words[place])
    return None if other is None else [*words[:place], other, *words[place + 1 :]]


def _is_call(words: list[str], position: int) -> bool:
    """Whether a function is called: its name stands before a parenthesis, or after a dot or arrow."""
    if words[position + 1 : position + 2] == ["("]:
        return position == 0 or not (
            is_name(words[position - 1]) or words[position - 1] == ">"
        )  # not "vector < T > v ("
    return position > 0 and words[position - 1] in (".", "->")


def _keywords(words: list[str]) -> list[tuple[int, str]]:
    """Where the keywords of control stand; `else if` is one."""
    found: list[tuple[int, str]] = []
    for position, word in enumerate(words):
        if word == "if" and position and words[position - 1] == "else":
            found[-1] = (position - 1, "else if")
        elif word in _REPLACED:
            found.append((position, word))
    return found


def break_keyword(words: list[str], draw: Draw) -> list[str] | None:
    """Exchange a keyword of control for another, delete it, or delete the name of a function that is called."""
    way = int(draw() * 3)
    if way == 2:
        calls = [
            position
            for position, word in enumerate(words)
            if word in LIBRARY or (is_name(word) and _is_call(words, position))
        ]
        if not calls:
            return None
        place = calls[int(draw() * len(calls))]
        return words[:place] + words[place + 1 :]
    keywords = [(place, word) for place, word in _keywords(words) if way == 0 or word in _DELETED]
    if not keywords:
        return None
    place, word = keywords[int(draw() * len(keywords))]
    others = _REPLACED[word] if way == 0 else ("",)
    return [*words[:place], *others[int(draw() * len(others))].split(), *words[place + len(word.split()) :]]
