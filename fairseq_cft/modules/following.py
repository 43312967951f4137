"""How an output has followed its source so far, from token ids alone: what tells a copying decoder where to go on.

Legend: N sentences, K outputs a sentence, S source length, T target length.

A *place* is a column of the source. Behind each output token two things are known, without gradient:

- L(t, j), the *match*: length of the longest common suffix of the output so far, y_<t, and of the source before place
  j, x_<j. The end symbol that fairseq puts before a target stands before the source, too: L(0, first place) = 1.
- c(t), the *place followed*, where copying would go on. c(0) is the first place. After a token y, c moves behind the
  nearest of x_c, x_{c+1}, x_{c+2} that equals y (a token was copied; one or two were left out); if none does, to the
  place of the longest match of at least 3 (cut at 8), the nearest among equals, the later of two equally near; if there
  is none, it stays (a token was put in).

``match_lengths`` and ``followed_places`` give both for whole targets, in training; ``Follower`` token by token.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from .batches import previous_tokens

LONGEST = 32  # matches are told apart up to this length
LEAP, SURE = 3, 8  # a match of 3 tokens and more makes c leap; beyond 8 all are alike
AHEAD = 3  # tokens from c on among which y is looked for
NOTHING = -1  # a token that equals none


def match_lengths(previous: Tensor, source: Tensor, eos: int, pad: int) -> Tensor:
    """L(t, j) up to ``LONGEST``: decoder's input (N, T), source (N, S), padded on either side -> (N, T, S) uint8.

    The length up to 2k is that up to k, and where this is k also that up to k of k tokens before.
    """
    length = _equal(previous, source, eos, pad).to(torch.uint8)
    reach = 1
    while reach < min(LONGEST, *length.shape[1:]):
        longer = length.clone()
        longer[:, reach:, reach:] += length[:, reach:, reach:].eq(reach) * length[:, :-reach, :-reach]
        length, reach = longer, 2 * reach
    return length


def _equal(previous: Tensor, source: Tensor, eos: int, pad: int) -> Tensor:
    """Whether what stands before each target token equals what stands before each source token: (N, T, S) bool."""
    return previous.unsqueeze(2).eq(_before(source, eos, pad).unsqueeze(1))


def _before(source: Tensor, eos: int, pad: int) -> Tensor:
    """What stands before each source token, (N, S) -> (N, S); nothing before padding."""
    return previous_tokens(source, eos, pad).masked_fill(source.eq(pad), NOTHING)


def first_places(source: Tensor, pad: int) -> Tensor:
    """The first column that is no padding: (N, S) -> (N,)."""
    return source.ne(pad).int().argmax(1)


def followed_places(previous: Tensor, source: Tensor, matches: Tensor, pad: int) -> Tensor:
    """c(t): decoder's input (N, T), source (N, S), (N, T, S) matches -> (N, T), from 0 to S."""
    steps = _steps(previous, source, pad)
    leaps = matches.amax(2).ge(LEAP)  # (N, T)
    place = first_places(source, pad)
    places = [place]
    last = source.size(1) - 1
    for t in range(1, previous.size(1)):
        step = steps[:, t].gather(1, place.clamp(max=last).unsqueeze(1)).squeeze(1) * place.le(last)
        leap = step.eq(0) & leaps[:, t]
        # a GPU would have to be waited for
        moved = _nearest_match(matches[:, t], place) if place.is_cuda or leap.any() else place
        place = torch.where(leap, moved, place + step)
        places.append(place)
    return torch.stack(places, 1)


def _steps(previous: Tensor, source: Tensor, pad: int) -> Tensor:
    """By how much c moves from each place when it finds the token ahead, else 0: (N, T), (N, S) -> (N, T, S) uint8."""
    ahead = F.pad(source.masked_fill(source.eq(pad), NOTHING), (0, AHEAD - 1), value=NOTHING)
    same = previous.unsqueeze(2).eq(ahead.unsqueeze(1))  # (N, T, S + 2)
    steps = torch.zeros(same.shape[0], same.shape[1], source.size(1), dtype=torch.uint8, device=source.device)
    for offset in reversed(range(AHEAD)):
        steps.masked_fill_(same[:, :, offset : offset + source.size(1)], offset + 1)
    return steps


def _nearest_match(matches: Tensor, place: Tensor) -> Tensor:
    """The place of the longest match, cut at ``SURE``, nearest to c: (..., S) matches, (...) c -> (...)."""
    width = matches.size(-1)
    columns = torch.arange(width, device=matches.device)
    distance = columns - place.unsqueeze(-1)
    nearness = distance.gt(0).int() - 2 * distance.abs()
    return (matches.clamp(max=SURE).int() * (4 * width + 4) + nearness).argmax(-1)


class Follower:
    """L and c of K outputs a sentence, one token at a time: what decoding keeps.

    ``matches`` (N, K, S) holds L, here without a longest length, and ``places`` (N, K) holds c, both before the next
    token.
    """

    def __init__(self, source: Tensor, eos: int, pad: int, copies: int = 1) -> None:
        """(N, S) sources, padded on either side."""
        self._before = _before(source, eos, pad).unsqueeze(1)  # (N, 1, S)
        ahead = F.pad(source.masked_fill(source.eq(pad), NOTHING), (0, AHEAD), value=NOTHING)
        self._ahead = ahead.unsqueeze(1).expand(-1, copies, -1)  # (N, K, S + 3)
        self._offsets = torch.arange(AHEAD, device=source.device)
        self._weights = torch.arange(AHEAD, 0, -1, device=source.device)
        self.places = first_places(source, pad).unsqueeze(1).expand(-1, copies)
        self.matches = source.new_zeros(source.size(0), copies, source.size(1))
        self.length = 0  # tokens so far

    def advance(self, tokens: Tensor) -> None:
        """Goes behind the next token of each output, (N, K); the first is what stands before the output."""
        shifted = F.pad(self.matches, (1, -1))
        self.matches = (shifted + 1) * self._before.eq(tokens.unsqueeze(-1))
        self.length += 1
        if self.length == 1:
            return
        # test_following.py::test_a_token_at_a_time_is_the_whole_target breaks without the clamp: c may be behind all
        around = self.places.clamp(max=self._ahead.size(2) - AHEAD).unsqueeze(-1) + self._offsets
        found = self._ahead.gather(2, around).eq(tokens.unsqueeze(-1))  # (N, K, 3)
        best = (found * self._weights).amax(-1)  # 3 for the nearest, 0 for none
        lost = best.eq(0)
        places = self.places + (AHEAD + 1 - best) * ~lost
        if lost.is_cuda or lost.any():
            leap = lost & self.matches.amax(-1).ge(LEAP)
            places = torch.where(leap, _nearest_match(self.matches, self.places), places)
        self.places = places

    def capped(self) -> Tensor:
        """L up to ``LONGEST``: (N, K, S)."""
        return self.matches.clamp(max=LONGEST)

    def select(self, sentences: Tensor) -> None:
        """Goes on with these of the N sentences, all K outputs of each, in this order."""
        for name in ("_before", "_ahead", "matches", "places"):
            setattr(self, name, getattr(self, name).index_select(0, sentences))
