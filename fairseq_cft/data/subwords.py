"""Subword pieces that give back every line: SentencePiece BPE without its normalisation, and an escape for the rest.

Pieces are joined by single spaces, so that fairseq can read them. A space of the text is ``▁`` in a piece. What a
piece cannot hold is written as its UTF-8 bytes, one piece a byte (``<0x09>`` for a tab): control characters, all other
white space, ``▁`` itself, and every character that training did not see.
"""

import io
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import sentencepiece

from ..errors import UserError

SPACE = "\u2581"
UNKNOWN_MARK = "\u2585"  # SentencePiece uses it itself and refuses lines that hold it
BYTES = tuple(f"<0x{byte:02X}>" for byte in range(256))
_BYTE_OF = {piece: bytes((byte,)) for byte, piece in enumerate(BYTES)}
LONGEST_PIECE = 24  # characters
LEAST_COUNT = 5  # occurrences in the text; of fewer a piece is cut into smaller ones: no model meets it untrained
_PROBE = "  Ａ ﬁ  "  # a normalising model changes these letters and spaces


# White space that is no space, control characters, and the two marks: at most U+3000, so the search is short.
_HARD_ONES = (each for each in map(chr, range(0x3001)) if each.isspace() or unicodedata.category(each) == "Cc")
_HARD = f"[{''.join(map(re.escape, sorted({*_HARD_ONES, SPACE, UNKNOWN_MARK} - {' '})))}]"
_HARD_RUN = re.compile(f"({_HARD}+)")
# Words that fairseq or SentencePiece would take for something else; no piece may be one of them.
_RESERVED = re.compile(r"<(?:s|/s|pad|unk|mask|0x[0-9A-Fa-f]{2})>|madeupword[0-9]{4}")
_UNTRAINABLE = re.compile(f"{_RESERVED.pattern}|{_HARD}")
# Where a word meets the punctuation at its end: "stdout;" alone would leave "stdout" without a trained piece.
_WORD_END = re.compile(r"(?<=[^\s,;:.?!])(?=[,;:.?!])|(?<=[,;:.?!])(?=[^\s,;:.?!])")


@dataclass(frozen=True)
class Trained:
    """A new model, and how many pieces it uses: single characters included, bytes and unknown symbol not."""

    model: bytes
    used: int


class Subwords:
    """Splits lines into pieces and joins them again; ``decode(encode(line)) == line`` for every line."""

    def __init__(self, model: bytes) -> None:
        """Take a model that `train` made; a `ValueError` says why another will not do."""
        try:
            self._processor = sentencepiece.SentencePieceProcessor(model_proto=model)
        except RuntimeError as error:
            raise ValueError("it is not a SentencePiece model") from error
        pieces = [self._processor.id_to_piece(number) for number in range(len(self._processor))]
        given = [piece for number, piece in enumerate(pieces) if self._processor.is_byte(number)]
        if sorted(given) != sorted(BYTES):
            raise ValueError("it has no byte pieces")
        none = (self._processor.is_byte, self._processor.is_unknown, self._processor.is_unused)
        self._learned = [piece for number, piece in enumerate(pieces) if not any(kind(number) for kind in none)]
        if any(_UNTRAINABLE.search(piece.replace(SPACE, " ")) for piece in self._learned):
            raise ValueError("some pieces are reserved words or hold white space")
        if self.decode(self.encode(_PROBE)) != _PROBE:
            raise ValueError("it normalises the text")

    @classmethod
    def load(cls, path: Path | str) -> "Subwords":
        """Read a model's file."""
        try:
            return cls(Path(path).read_bytes())
        except OSError as error:
            raise UserError(f"cannot read {path}: {(error.strerror or str(error)).lower()}; check the path") from error
        except ValueError as error:
            raise UserError(
                f"{path} cannot give back every line ({error}); make a model with fairseq-cft subwords train"
            ) from error

    def vocabulary(self) -> list[str]:
        """Every piece that `encode` may return: the learned ones, then the 256 bytes."""
        return [*self._learned, *BYTES]

    def encode(self, line: str) -> str:
        """The line's pieces, joined by spaces."""
        pieces: list[str] = []
        for number, text in enumerate(_HARD_RUN.split(line)):
            if number % 2:
                pieces.extend(BYTES[byte] for byte in text.encode())
            else:
                pieces.extend(self._processor.encode(text, out_type=str))
        return " ".join(pieces)

    def decode(self, pieces: str) -> str:
        """The inverse of ``encode``; takes anything, see ``join_pieces``."""
        return join_pieces(pieces)


def join_pieces(pieces: str) -> str:
    """The line that pieces spell, by whatever model; bytes that form no character, as a model may write, are U+FFFD."""
    parts = (_BYTE_OF.get(piece) or piece.replace(SPACE, " ").encode() for piece in pieces.split(" "))
    return b"".join(parts).decode(errors="replace")


def train(lines: Iterable[str], vocabulary_size: int, *, across_words: bool = False) -> Trained:
    """Learn at most this many pieces, single characters included; the 256 bytes come on top.

    Pieces end at spaces and at punctuation unless `across_words`. One that the lines hold fewer than LEAST_COUNT times
    is cut into smaller ones, so there are fewer where the lines have too little variety. The same lines give the same
    model. A `ValueError` says why none can be made.
    """
    lines = list(lines)
    parts = [part for line in lines for part in _UNTRAINABLE.split(line)]
    if not across_words:
        parts = [word for part in parts for word in _WORD_END.split(part)]
    parts = [part for part in parts if part.strip(" ")]
    if not parts:
        raise ValueError("there is no text to learn from")
    characters = len(set().union(*parts))
    if vocabulary_size < characters:
        raise ValueError(f"{vocabulary_size} pieces cannot hold the {characters} characters that the text has")
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(parts),
        model_writer=model,
        model_type="bpe",
        vocab_size=vocabulary_size + len(BYTES) + 1,  # and the unknown symbol, which SentencePiece insists on
        hard_vocab_limit=False,
        character_coverage=1.0,
        byte_fallback=True,
        normalization_rule_name="identity",
        add_dummy_prefix=False,
        remove_extra_whitespaces=False,
        split_by_whitespace=not across_words,
        split_by_unicode_script=False,  # var_0 and "str_1" may be one piece each
        split_by_number=False,
        max_sentencepiece_length=LONGEST_PIECE,
        max_sentence_length=2**30,  # bytes; the default leaves out long programs
        unk_id=0,
        bos_id=-1,
        eos_id=-1,
        pad_id=-1,
        num_threads=1,
        minloglevel=2,
    )
    kept = _without_rare_pieces(model.getvalue(), lines)
    return Trained(kept, len(Subwords(kept).vocabulary()) - len(BYTES))


def _without_rare_pieces(model: bytes, lines: Iterable[str]) -> bytes:
    """The model with pieces that these lines hold too seldom marked as unused; single characters stay."""
    from sentencepiece import sentencepiece_model_pb2

    counts = _counts(Subwords(model), lines)
    content = sentencepiece_model_pb2.ModelProto.FromString(model)
    kinds = sentencepiece_model_pb2.ModelProto.SentencePiece
    for piece in content.pieces:
        if piece.type == kinds.NORMAL and len(piece.piece) > 1 and counts[piece.piece] < LEAST_COUNT:
            piece.type = kinds.UNUSED
    return bytes(content.SerializeToString(deterministic=True))


def _counts(subwords: Subwords, lines: Iterable[str]) -> Counter[str]:
    return Counter(piece for line in lines for piece in subwords.encode(line).split(" ") if piece)


def fairseq_dictionary(subwords: Subwords, lines: Iterable[str]) -> list[str]:
    """The lines of a ``dict.txt`` with every piece and its count in these lines, the most frequent first.

    Pieces with no occurrence are listed too: with this dictionary no line has an unknown symbol.
    """
    counts = _counts(subwords, lines)
    return [f"{piece} {counts[piece]}" for piece in sorted(subwords.vocabulary(), key=lambda piece: -counts[piece])]
