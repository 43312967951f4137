"""Padded batches of token ids: lengths, shifting, comparing, repeating.

Legend: N sentences, K copies of each, S and T lengths, C channels.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

MAX_LEN = (3, 100)  # an output has at most 3 times the source's tokens and 100 more, unless options say otherwise


def lengths_of(tokens: Tensor, pad: int) -> Tensor:
    """(N, T) token ids, padded on either side -> (N,) numbers of tokens."""
    return tokens.ne(pad).sum(1)


def length_bounds(lengths: Tensor, a: float, b: float, most: int | None = None) -> Tensor:
    """a times each length plus b, in whole tokens, at least 1 and at most ``most``: (N,) -> (N,)."""
    return (a * lengths + b).long().clamp(min=1, max=most)


def previous_tokens(tokens: Tensor, eos: int, pad: int) -> Tensor:
    """What a decoder reads before each token, as fairseq's data have it: (N, T), padded on either side -> (N, T).

    The end symbol stands before the first token; where ``tokens`` are padding, so is this.
    """
    before = F.pad(tokens[:, :-1], (1, 0), value=pad)
    return before.masked_fill(before.eq(pad), eos).masked_fill(tokens.eq(pad), pad)


def same_width(left: Tensor, right: Tensor, pad: int) -> tuple[Tensor, Tensor]:
    """Both batches with padding on the right up to the wider one's width."""
    width = max(left.size(1), right.size(1))
    return F.pad(left, (0, width - left.size(1)), value=pad), F.pad(right, (0, width - right.size(1)), value=pad)


def same_rows(left: Tensor, right: Tensor, pad: int) -> Tensor:
    """Which rows of two right-padded batches hold the same sequence: (N, T), (N, T') -> (N,) bool."""
    return torch.eq(*same_width(left, right, pad)).all(1)


def repeat_each(encoder_out: Any, copies: int) -> Any:
    """Each of the N sentences of an encoder's output K times in a row."""
    if copies == 1:
        return encoder_out
    states, mask = encoder_out["encoder_out"][0], encoder_out["encoder_padding_mask"][0]
    repeated = {"encoder_out": [states.repeat_interleave(copies, 1)]}
    repeated["encoder_padding_mask"] = [mask.repeat_interleave(copies, 0)]
    repeated["src_tokens"] = [tokens.repeat_interleave(copies, 0) for tokens in encoder_out["src_tokens"]]
    return {**{name: [] for name in encoder_out}, **repeated}
