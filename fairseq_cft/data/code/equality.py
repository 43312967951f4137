"""Which programs are the same up to names and layout."""

import hashlib
from collections.abc import Sequence

from ...formats.tokenizer import Kind, Token, tokenize
from ...noise.cpp_words import KEYWORDS, LIBRARY, TYPES

_DIGEST_BYTES = 16


def program_key(source: str) -> bytes:
    """Equal for programs that differ in names, layout, comments and the braces around bodies alone.

    ``source`` is a program in SPoC's manner. A name of the library counts as itself unless the program declares it.
    """
    tokens = [token for token in tokenize(source) if token.kind is not Kind.COMMENT and token.text not in "{}"]
    declared = _declared_library_names(tokens)
    numbers: dict[str, int] = {}
    digest = hashlib.blake2b(digest_size=_DIGEST_BYTES)
    for token in tokens:
        word = token.text
        if token.kind is Kind.IDENTIFIER and word not in TYPES and word not in KEYWORDS:
            if word not in LIBRARY or word in declared:
                word = f"\0{numbers.setdefault(word, len(numbers))}"
        elif word == ">>":  # of templates it is two tokens, once apart and once not
            word = ">\n>"
        digest.update(f"{word}\n".encode("utf-8", "surrogatepass"))
    return digest.digest()


def _declared_library_names(tokens: Sequence[Token]) -> set[str]:
    """Words such as `count` and `max` that stand where a variable or function is declared."""
    found = set()
    for before, token, after in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if token.text in LIBRARY and (
            before.text in TYPES or before.text in ("*", "&", ">") or (before.text == "," and after.text != "(")
        ):
            found.add(token.text)
    return found
