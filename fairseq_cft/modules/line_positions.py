"""Which line a token stands in, as part of its position: SPoC's pseudocode and code are aligned line by line.

Legend: N sentences, T length, C channels.
"""

from typing import Any

from fairseq.modules import SinusoidalPositionalEmbedding
from torch import Tensor, nn

from ..errors import UserError


class LinePositions(nn.Module):
    """A model's own positions, and on top the sinusoids of a token's line, counted in line ends up to the token itself.

    Their channels are in the opposite order, so that each counter moves fast where the other hardly moves.
    """

    table: Tensor  # (lines, C)

    def __init__(self, tokens: Any, symbol: int, lines: int, channels: int) -> None:
        super().__init__()
        self.tokens, self.symbol, self.lines = tokens, symbol, lines
        table = SinusoidalPositionalEmbedding.get_embedding(lines, channels).flip(-1)
        self.register_buffer("table", table, persistent=False)

    @property
    def max_positions(self) -> int:
        return int(self.tokens.max_positions)

    def forward(self, tokens: Tensor, incremental_state: Any = None, **options: Any) -> Tensor:
        """(N, T) tokens, padded on either side -> (N, T, C); where there is a state, (N, 1, C) for the last one."""
        numbers = tokens.eq(self.symbol).cumsum(1)
        if incremental_state is not None:
            numbers = numbers[:, -1:]
        return self.tokens(tokens, incremental_state=incremental_state, **options) + self.of(numbers)

    def of(self, numbers: Tensor) -> Tensor:
        """Line numbers from 0 -> (..., C)."""
        return self.table[numbers.clamp(max=self.lines - 1)]


def add_lines(side: Any, word: str | None) -> Any:
    """The encoder or decoder, which now tells lines apart; UserError where ``word`` is not in its dictionary."""
    if not word:
        return side
    symbol = side.dictionary.index(word)
    if symbol == side.dictionary.unk():
        raise UserError(
            f"--line-symbol {word} is no symbol of the dictionary; give the piece that ends a line as it stands in "
            "dict.txt, say ▁$"
        )
    if side.embed_positions is None:
        raise UserError("--line-symbol does not fit --no-token-positional-embeddings; drop one of them")
    channels = side.embed_tokens.embedding_dim
    side.embed_positions = LinePositions(side.embed_positions, symbol, side.max_positions(), channels)
    return side
