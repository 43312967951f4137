"""Syntax errors: the 30 ways to break the punctuation of a line. Each is drawn as often as another."""

from collections.abc import Callable

from .cpp_words import Draw

Action = Callable[[list[str], Draw], "list[str] | None"]  # None: nothing in the line to do it to

DELETED = ("(", ")", ",", ";", "{", "}", "[", "]", "+", "-", "=", "<", ">")
DOUBLED = ("(", ")", ",", "{", "}", "[", "]")
EXCHANGED = ((";", ","), (",", ";"), (";", "."))
QUOTES = ('"', "'")


def _pick(positions: list[int], draw: Draw) -> int | None:
    return positions[int(draw() * len(positions))] if positions else None


def _where(words: list[str], token: str) -> list[int]:
    return [position for position, word in enumerate(words) if word == token]


def _replacer(token: str, replacement: list[str]) -> Action:
    """Put the replacement in the place of one such token. For `<` and `>`, half the time for the double form."""

    def replace(words: list[str], draw: Draw) -> list[str] | None:
        wanted = 2 * token if token in "<>" and draw() < 0.5 else token
        place = _pick(_where(words, wanted), draw)
        return None if place is None else words[:place] + replacement + words[place + 1 :]

    return replace


def _swap_end(words: list[str], draw: Draw) -> list[str] | None:
    """`) ;` -> `; )`."""
    places = [place for place in _where(words, ")") if words[place + 1 : place + 2] == [";"]]
    place = _pick(places, draw)
    return None if place is None else [*words[:place], ";", ")", *words[place + 2 :]]


def _is_quoted(word: str, quote: str) -> bool:
    """Whether it is a literal (or what is left of one) in such quotes, prefix or not."""
    return quote in word and word[0] not in "/0123456789" and (word[0] == quote or QUOTES[quote == '"'] not in word)


def _quotes(words: list[str], quote: str) -> list[tuple[int, int]]:
    """The places of the opening and closing quotes: word, character."""
    places = []
    for position, word in enumerate(words):
        if _is_quoted(word, quote):
            places += [(position, character) for character in {word.find(quote): None, word.rfind(quote): None}]
    return places


def _quote_editor(quote: str, replacement: str) -> Action:
    """Replace one quote, an opening or closing one, by nothing or by two."""

    def edit(words: list[str], draw: Draw) -> list[str] | None:
        places = _quotes(words, quote)
        if not places:
            return None
        position, character = places[int(draw() * len(places))]
        word = words[position][:character] + replacement + words[position][character + 1 :]
        return [*words[:position], *([word] if word else []), *words[position + 1 :]]

    return edit


def _unquoter(quote: str) -> Action:
    """Delete all such quotes of the line."""

    def unquote(words: list[str], draw: Draw) -> list[str] | None:
        if not _quotes(words, quote):
            return None
        bare = [word.replace(quote, "") if _is_quoted(word, quote) else word for word in words]
        return [word for word in bare if word]

    return unquote


ACTIONS: dict[str, Action] = {
    **{f"delete {token}": _replacer(token, []) for token in DELETED},
    **{f"delete {quote}": _quote_editor(quote, "") for quote in QUOTES},
    **{f"double {token}": _replacer(token, [token, token]) for token in DOUBLED},
    **{f"double {quote}": _quote_editor(quote, 2 * quote) for quote in QUOTES},
    **{f"{token} to {other}": _replacer(token, [other]) for token, other in EXCHANGED},
    ") ; to ; )": _swap_end,
    **{f"delete all {quote}": _unquoter(quote) for quote in QUOTES},
}
_ACTIONS = list(ACTIONS.values())


def break_syntax(words: list[str], draw: Draw) -> list[str] | None:
    """One of the 30 actions; None if the line holds nothing for it."""
    return _ACTIONS[int(draw() * len(_ACTIONS))](words, draw)
