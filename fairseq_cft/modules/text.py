"""Token ids as the text that they spell."""

from fairseq.data import Dictionary
from torch import Tensor

from ..data.subwords import SPACE, join_pieces


def spelled(tokens: Tensor, dictionary: Dictionary) -> str:
    """(T,) tokens, padded -> the line of text that they spell, put together if they are subwords."""
    words = dictionary.string(tokens, extra_symbols_to_ignore={dictionary.pad()})
    return join_pieces(words) if any(SPACE in symbol for symbol in dictionary.symbols) else words
