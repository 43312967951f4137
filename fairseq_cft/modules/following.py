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

import numpy as np
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
    # (N, T, S): whether what stands before each target token equals what stands before each source token
    length = previous.unsqueeze(2).eq(_before(source, eos, pad).unsqueeze(1)).to(torch.uint8)
    reach = 1
    while reach < min(LONGEST, *length.shape[1:]):
        longer = length.clone()
        longer[:, reach:, reach:] += length[:, reach:, reach:].eq(reach) * length[:, :-reach, :-reach]
        length, reach = longer, 2 * reach
    return length


def _before(source: Tensor, eos: int, pad: int) -> Tensor:
    """What stands before each source token, (N, S) -> (N, S); nothing before padding."""
    return previous_tokens(source, eos, pad).masked_fill(source.eq(pad), NOTHING)


def first_places(source: Tensor, pad: int) -> Tensor:
    """The first column that is no padding: (N, S) -> (N,)."""
    return source.ne(pad).int().argmax(1)


def followed_places(previous: Tensor, source: Tensor, matches: Tensor, pad: int) -> Tensor:
    """c(t): decoder's input (N, T), source (N, S), (N, T, S) matches -> (N, T), from 0 to S.

    A walk token by token, on the host: what each token costs is a look into a table of bytes.
    """
    leaps = matches.amax(2).ge(LEAP).tolist()
    steps = _steps(previous, source, pad).cpu().numpy()
    found = matches.cpu().numpy()
    width = steps.shape[2]
    walks = []
    for row, place in enumerate(first_places(source, pad).tolist()):
        table, leap, walk = steps[row].tobytes(), leaps[row], [place]
        for t in range(1, steps.shape[1]):
            step = table[t * width + place]
            if step == 0 and leap[t]:
                place = _nearest_match(found[row, t], place)
            else:
                place += step
            walk.append(place)
        walks.append(walk)
    return torch.tensor(walks, device=source.device)


def _steps(previous: Tensor, source: Tensor, pad: int) -> Tensor:
    """By how much c moves from each place when it finds the token ahead, else 0: (N, T), (N, S) -> (N, T, S + 1) uint8.

    From behind the source, place S, it finds nothing.
    """
    ahead = F.pad(source.masked_fill(source.eq(pad), NOTHING), (0, AHEAD), value=NOTHING)
    same = previous.unsqueeze(2).eq(ahead.unsqueeze(1)).to(torch.uint8)  # (N, T, S + 3)
    width = source.size(1) + 1
    steps = torch.zeros_like(same[:, :, :width])
    for offset in reversed(range(AHEAD)):
        there = same[:, :, offset : offset + width]
        steps += there * ((offset + 1) - steps)  # modulo 256, as steps are
    return steps


def _nearest_match(matches: np.ndarray, place: int) -> int:
    """The place of the longest match, cut at ``SURE``, nearest to c; the later of two equally near."""
    cut = np.minimum(matches, SURE)
    places = np.flatnonzero(cut == cut.max())
    return int(min(places, key=lambda j: (abs(j - place), -j)))


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
        self._steps = self._offsets + 1
        self.places = first_places(source, pad).unsqueeze(1).expand(-1, copies)
        self.matches = source.new_zeros(source.size(0), copies, source.size(1), dtype=torch.int32)
        self._columns = torch.arange(source.size(1), dtype=torch.int32, device=source.device)
        self.length = 0  # tokens so far

    def advance(self, tokens: Tensor) -> None:
        """Goes behind the next token of each output, (N, K); the first is what stands before the output."""
        equal = self._before.eq(tokens.unsqueeze(-1)).int()
        equal[..., 1:].mul_(self.matches[..., :-1] + 1)
        self.matches = equal
        self.length += 1
        if self.length > 1:
            self._follow(tokens)

    def _follow(self, tokens: Tensor) -> None:
        # c may be behind all: test_following.py::test_a_token_at_a_time_is_the_whole_target breaks without the clamp
        around = self.places.clamp(max=self._ahead.size(2) - AHEAD).unsqueeze(-1) + self._offsets
        found = self._ahead.gather(2, around).eq(tokens.unsqueeze(-1))  # (N, K, 3)
        step = torch.where(found, self._steps, AHEAD + 1).amin(-1)
        lost = step.gt(AHEAD)
        places = torch.where(lost, self.places, self.places + step)
        leap = lost & self.matches.amax(-1).ge(LEAP)
        if leap.is_cuda or leap.any():  # a GPU would have to be waited for
            distance = self._columns - self.places.unsqueeze(-1).int()
            nearness = distance.gt(0).int() - 2 * distance.abs()
            width = 4 * self._columns.numel() + 4  # more than nearness varies
            nearest = (self.matches.clamp(max=SURE) * width + nearness).argmax(-1)
            places = torch.where(leap, nearest, places)
        self.places = places

    def capped(self) -> Tensor:
        """L up to ``LONGEST``: (N, K, S)."""
        return self.matches.clamp(max=LONGEST)

    def select(self, sentences: Tensor) -> None:
        """Goes on with these of the N sentences, all K outputs of each, in this order."""
        for name in ("_before", "_ahead", "matches", "places"):
            setattr(self, name, getattr(self, name).index_select(0, sentences))
