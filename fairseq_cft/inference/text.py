"""Lines of text <-> token ids of one dictionary, through subword pieces where the model has them."""

from itertools import groupby

from fairseq.data import Dictionary
from torch import Tensor

from ..data.subwords import BYTES, SPACE, Subwords, join_pieces
from ..errors import UserError
from ..modules.text import spelled

_BYTES = frozenset(BYTES)


class TextCodec:
    """Encodes as fairseq-preprocess does after ``subwords.py encode``, and decodes without loss."""

    def __init__(self, dictionary: Dictionary, subwords: Subwords | None) -> None:
        self.dictionary = dictionary
        self._subwords = subwords

    def encode(self, line: str, name: str) -> tuple[Tensor, tuple[str, ...]]:
        """(T,) ids with the end symbol, and the parts of the line that the dictionary lacks; ``name`` is for errors."""
        try:
            line.encode()
        except UnicodeEncodeError as error:
            raise UserError(
                f"{name} holds U+{ord(line[error.start]):04X} at character {error.start + 1}, half of a character "
                "that no text can hold; was it read as UTF-8?"
            ) from error
        pieces = (self._subwords.encode(line) if self._subwords else line).split()
        tokens = self.dictionary.encode_line(" ".join(pieces), add_if_not_exist=False).long()
        words = tokens[:-1]
        words[words < self.dictionary.nspecial] = self.dictionary.unk()  # text that spells <pad> or </s> is text
        missing = words.eq(self.dictionary.unk()).tolist()
        between = "" if self._subwords else " "
        return tokens, _unknown_parts(pieces, missing, between) if any(missing) else ()

    def decode(self, tokens: Tensor) -> str:
        """(T,) ids, padded -> the line that they spell."""
        return spelled(tokens, self.dictionary)


def _unknown_parts(pieces: list[str], missing: list[bool], between: str) -> tuple[str, ...]:
    """The texts, each once, that missing pieces stand for; the bytes of characters count together."""
    units: list[tuple[str, bool]] = []
    for is_bytes, run in groupby(zip(pieces, missing, strict=True), key=lambda pair: pair[0] in _BYTES):
        found = list(run)
        if is_bytes:
            units.append((join_pieces(" ".join(piece for piece, _ in found)), any(gone for _, gone in found)))
        else:
            units += [(piece.replace(SPACE, " "), gone) for piece, gone in found]
    runs = groupby(units, key=lambda unit: unit[1])
    return tuple(dict.fromkeys(between.join(text for text, _ in run) for gone, run in runs if gone))
