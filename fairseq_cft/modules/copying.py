"""Copying: a decoder's distribution mixed with one over the tokens of its source.

Legend: N sentences, K outputs a sentence, S source length, T target length, C channels, V vocabulary, W ``REACH``.

Decoder features h_t, encoder states s_j, source tokens x_j, outputs so far y_<t:

    score(t, j) = q(h_t) . k(s_j) / sqrt(C) + m[L(t, j)] + r[clip(j - t, -W, W)] + p[clip(j - c(t), -W, W)]
    a(t, .)     = softmax over the source's tokens that are no padding
    g(t)        = sigmoid(w . [h_t ; e(y_{t-1})] + b)
    p(y_t = v)  = g(t) softmax(W h_t)_v + (1 - g(t)) sum_j a(t, j) [x_j = v]

L and c, the match and the place followed, come from token ids alone (see ``following``); j and t count from the first
token that is no padding. m, r and p are learned. Everything is mixed in float32.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .following import LONGEST, SURE, Follower, first_places

REACH = 24  # distances beyond it are alike, W
HERE = 4.0  # what the bias of the place followed starts at
TINY = 1e-30  # less is no probability of copying: its inverse must be a float32
# The slope of log p to a token that stands nowhere in the source, exp of this at most: where nothing else explains the
# output it would be as large as 1 / p, far more than copying could gain.
STEEPEST = 5.0


class Source(NamedTuple):
    """The tokens that can be copied, (N, S): ``tokens`` x_j, ``first`` the first column that holds the same token, and
    ``is_first``, where that is the column itself and no padding."""

    tokens: Tensor
    first: Tensor
    is_first: Tensor

    @classmethod
    def of(cls, tokens: Tensor, words: int, pad: int) -> Source:
        """(N, S) token ids below ``words``, padded on either side."""
        columns = torch.arange(tokens.size(1), device=tokens.device).expand(tokens.shape)
        first = tokens.new_full((tokens.size(0), words), tokens.size(1))
        first = first.scatter_reduce(1, tokens, columns, "amin").gather(1, tokens)
        return cls(tokens, first, first.eq(columns) & tokens.ne(pad))


class Copying(NamedTuple):
    """What copying adds to a decoder's output at each target token.

    ``weights`` (N, T, S) a(t, j), 0 at padding; ``log_copy`` and ``log_generate`` (N, T), the logarithms of 1 - g and
    g: float32.
    """

    weights: Tensor
    log_copy: Tensor
    log_generate: Tensor


def mixture(logits: Tensor, copying: Copying, source: Source) -> Tensor:
    """log p(y_t = v) of the mixture: generating logits (N, T, V) -> (N, T, V) float32.

    The weights of a token are added up at its first column, and only there the generating log-probability is changed.
    """
    shape = copying.weights.shape
    first, tokens = source.first.unsqueeze(1).expand(shape), source.tokens.unsqueeze(1).expand(shape)
    mass = torch.zeros_like(copying.weights).scatter_add(2, first, copying.weights)
    generated = F.log_softmax(logits, dim=-1, dtype=torch.float32) + copying.log_generate.unsqueeze(2)
    alone = generated.gather(2, tokens)
    both = _log_sum(alone, copying.log_copy.unsqueeze(2), mass)
    return generated.scatter_add(2, tokens, torch.where(source.is_first.unsqueeze(1), both - alone, 0.0))


def _log_sum(generated: Tensor, log_copy: Tensor, mass: Tensor) -> Tensor:
    """log(exp(generated) + exp(log_copy) * mass), also where the mass is 0 and the gradient to it is not."""
    there = mass.ge(TINY)
    copied = log_copy + mass.clamp(min=TINY).log()
    most = torch.where(there, torch.maximum(generated, copied), generated).detach()
    over = log_copy - most
    over = torch.where(there, over, over.clamp(max=STEEPEST))  # over the least probability it is below 70
    return most + torch.log(torch.exp(generated - most) + torch.exp(over) * mass)


def mixed_log_probs(generated: Tensor, tokens: Tensor, copying: Copying, copies: Tensor) -> Tensor:
    """log p(y_t) of the mixture for given tokens: (N, T) their generating log-probabilities, (N, T) tokens -> (N, T).

    Args:
        copies: (N, S) source tokens x_j; or (N, S, V) rows that count in their place, with a gradient (``gumbel``).
    """
    if copies.dim() == 2:
        same = copies.unsqueeze(1).eq(tokens.unsqueeze(2))  # (N, T, S)
    else:
        same = copies.gather(2, tokens.unsqueeze(1).expand(-1, copies.size(1), -1)).transpose(1, 2)
    return _log_sum(copying.log_generate + generated, copying.log_copy, (copying.weights * same).sum(2))


def without_padding(copying: Copying, log_allowed: Tensor) -> Copying:
    """The gates where no padding can be drawn: (N, T) log-probability that the generating half draws none.

    What is copied is never padding, so the mixture is one of the generating half without padding and of copying.
    """
    generate = copying.log_generate + log_allowed
    total = torch.logaddexp(copying.log_copy, generate)
    return copying._replace(log_copy=copying.log_copy - total, log_generate=generate - total)


def band(table: Tensor, width: int) -> Tensor:
    """table[clip(j - centre, -W, W)] for all j below ``width`` and each centre: (2W + 1,) -> (width + W + 1, width).

    Row i is that of the centre width + W - i, from where on all are alike. Rows, not single numbers, are then looked
    up: a row is copied at once, also in backward.
    """
    distances = torch.arange(-width - REACH, width, device=table.device).clamp(-REACH, REACH) + REACH
    return table[distances].unfold(0, width, 1)


def around(rows: Tensor, centres: Tensor) -> Tensor:
    """The rows of a ``band`` for these centres, from 0 on: (N, T) -> (N, T, S)."""
    most = rows.size(0) - 1
    return F.embedding(most - centres.clamp(max=most), rows)


class CopyAttention(nn.Module):
    """The learned part: where to copy from, and whether to.

    Args:
        features_dim: C, of the decoder's features. states_dim: of the encoder's. embed_dim: of the decoder's tokens.
        dropout: share of the sentences that train the generating half alone, in training mode.
    """

    def __init__(self, features_dim: int, states_dim: int, embed_dim: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.dropout = dropout
        self.query = nn.Linear(features_dim, features_dim)
        self.key = nn.Linear(states_dim, features_dim)
        self.gate = nn.Linear(features_dim + embed_dim, 1)
        for layer in (self.query, self.key, self.gate):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)
        lengths = torch.arange(LONGEST + 1.0)
        self.match_bias = nn.Parameter(torch.where(lengths > SURE, SURE + (lengths - SURE) / 4, lengths))
        self.distance_bias = nn.Parameter(torch.zeros(2 * REACH + 1))
        self.place_bias = nn.Parameter(torch.zeros(2 * REACH + 1))
        with torch.no_grad():
            self.place_bias[REACH] = HERE

    def bands(self, width: int) -> tuple[Tensor, Tensor]:
        """r and p for sources of this width, see ``band``; float32."""
        return band(self.distance_bias.float(), width), band(self.place_bias.float(), width)

    def bias(self, matches: Tensor, centres: Tensor, places: Tensor, bands: tuple[Tensor, Tensor]) -> Tensor:
        """m + r + p: L (N, T, S) up to ``LONGEST``, column of t and c(t), (N, T) each -> (N, T, S) float32."""
        matched = F.embedding(matches.int(), self.match_bias.float().unsqueeze(1)).squeeze(-1)
        return matched + around(bands[0], centres) + around(bands[1], places)

    def weights(self, features: Tensor, keys: Tensor, bias: Tensor, padding: Tensor) -> Tensor:
        """a(t, j): features (N, T, C), keys (N, S, C), bias (N, T, S), padding mask (N, S) -> (N, T, S) float32."""
        query = self.query(features) * (1 / math.sqrt(features.size(-1)))
        scores = torch.bmm(query, keys.transpose(1, 2)).float() + bias
        return scores.masked_fill(padding.unsqueeze(1), -math.inf).softmax(-1)

    def gates(self, features: Tensor, embedded: Tensor) -> tuple[Tensor, Tensor]:
        """log(1 - g) and log g: features (N, T, C), embedded y_{t-1} (N, T, E) -> (N, T) each, float32."""
        score = self.gate(torch.cat([features, embedded.to(features)], -1)).squeeze(-1).float()
        log_copy, log_generate = F.logsigmoid(-score), F.logsigmoid(score)
        if self.training and self.dropout > 0:
            dropped = torch.rand(score.size(0), 1, device=score.device) < self.dropout
            log_copy, log_generate = log_copy.masked_fill(dropped, -math.inf), log_generate.masked_fill(dropped, 0.0)
        return log_copy, log_generate


class CopyStepper:
    """Copying one token at a time: the source's keys, and how K outputs of each sentence have followed it so far."""

    def __init__(self, copying: CopyAttention, states: Tensor, source: Source, follower: Follower, pad: int) -> None:
        """States of the encoder (N, S, C')."""
        self.copying, self.source, self.follower = copying, source, follower
        self.keys = copying.key(states)
        self.bands = copying.bands(states.size(1))
        self.first = first_places(source.tokens, pad).unsqueeze(1)
        self.padding = source.tokens.eq(pad)

    def __call__(self, features: Tensor, embedded: Tensor, logits: Tensor) -> Tensor:
        """log p of the next tokens: features (N, K, C), embedded last tokens (N, K, E), logits (N, K, V) -> (N, K, V).

        ``follower`` has gone behind these last tokens.
        """
        follower, copying = self.follower, self.copying
        bias = copying.bias(follower.capped(), self.first + follower.length - 1, follower.places, self.bands)
        weights = copying.weights(features, self.keys, bias, self.padding)
        return mixture(logits, Copying(weights, *copying.gates(features, embedded)), self.source)

    def select(self, sentences: Tensor) -> None:
        """Goes on with these of the N sentences, all K outputs of each, in this order."""
        self.follower.select(sentences)
        self.source = Source(*(x.index_select(0, sentences) for x in self.source))
        for name in ("keys", "first", "padding"):
            setattr(self, name, getattr(self, name).index_select(0, sentences))
