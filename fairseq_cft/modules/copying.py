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

import math
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from .following import LONGEST, SURE, Follower, first_places

REACH = 24  # distances beyond it are alike, W
HERE = 4.0  # what the bias of the place followed starts at
TINY = 1e-30  # less is no probability of copying: its inverse must be a float32
# The slope of log p to a token that stands nowhere in the source, exp of this at most: where nothing else explains the
# output it would be as large as 1 / p, far more than copying could gain.
STEEPEST = 5.0
MOST_SLOPE = 60.0  # the same for tokens that stand there with a weight of 0: finite is enough, their weights are fixed


class Source(NamedTuple):
    """The tokens that can be copied, each once: ``slots`` (N, S) the slot that a column's token has, ``words`` (N, U)
    the token of each slot. Slots without one, and the last, which padding has, hold the padding symbol."""

    slots: Tensor
    words: Tensor

    @classmethod
    def of(cls, tokens: Tensor, words: int, pad: int) -> "Source":
        """(N, S) token ids below ``words``, padded on either side."""
        columns = torch.arange(tokens.size(1), device=tokens.device).expand(tokens.shape)
        first = tokens.new_full((tokens.size(0), words), tokens.size(1))
        first = first.scatter_reduce(1, tokens, columns, "amin").gather(1, tokens)  # the first column of this token
        is_first = first.eq(columns) & tokens.ne(pad)
        last = int(is_first.sum(1).max())
        slots = (is_first.cumsum(1) - 1).gather(1, first).masked_fill(tokens.eq(pad), last)
        found = tokens.new_full((tokens.size(0), last + 1), pad)
        return cls(slots, found.scatter(1, slots, tokens))


class Copying(NamedTuple):
    """What copying adds to a decoder's output at each target token.

    ``weights`` (N, T, S) a(t, j), 0 at padding; ``log_copy`` and ``log_generate`` (N, T), the logarithms of 1 - g and
    g: float32.
    """

    weights: Tensor
    log_copy: Tensor
    log_generate: Tensor


def mixture(logits: Tensor, copying: Copying, source: Source) -> Tensor:
    """log p(y_t = v) of the mixture: generating logits (N, T, V) -> (N, T, V) float32."""
    return _Mixture.apply(logits, *copying, *source)


def _mixed(
    logits: Tensor, weights: Tensor, log_copy: Tensor, log_generate: Tensor, slots: Tensor, words: Tensor
) -> tuple[Tensor, ...]:
    """The mixture's log-probabilities, and what its gradient needs."""
    slots, words = slots.unsqueeze(1).expand(weights.shape), words.unsqueeze(1).expand(-1, logits.size(1), -1)
    mass = weights.new_zeros(words.shape).scatter_add_(2, slots, weights)
    generated = F.log_softmax(logits, dim=-1, dtype=torch.float32)
    output = generated + log_generate.unsqueeze(2)
    alone = output.gather(2, words)
    both = torch.logaddexp(alone, log_copy.unsqueeze(2) + mass.log())  # where the mass is 0, alone itself
    return output.scatter_(2, words, both), generated, alone, both, log_copy, slots, words


class _Mixture(torch.autograd.Function):
    """The weights of a token are added up in its slot, and only at tokens of the source anything is mixed.

    Autograd by itself would go several times more over the (N, T, V) numbers than a plain model's softmax does.
    """

    @staticmethod
    def forward(
        ctx: Any, logits: Tensor, weights: Tensor, log_copy: Tensor, log_generate: Tensor, slots: Tensor, words: Tensor
    ) -> Tensor:
        output, *saved = _mixed(logits, weights, log_copy, log_generate, slots, words)
        ctx.save_for_backward(*saved)
        ctx.dtype = logits.dtype
        return output

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        generated, alone, both, log_copy, slots, words = ctx.saved_tensors
        at_words = gradient.gather(2, words)
        copied = at_words * (1 - torch.exp(alone - both))  # the share of it that copying explains
        of_mass = at_words * torch.exp((log_copy.unsqueeze(2) - both).clamp(max=MOST_SLOPE))
        gradient = gradient.scatter_add(2, words, -copied)
        of_logits = torch._log_softmax_backward_data(gradient, generated, -1, torch.float32).to(ctx.dtype)
        return of_logits, of_mass.gather(2, slots), copied.sum(2), gradient.sum(2), None, None


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


def place_bias(
    tables: tuple[Tensor, Tensor, Tensor], matches: Tensor, centres: Tensor, places: Tensor, padding: Tensor
) -> Tensor:
    """m[L(t, j)] + r[clip(j - t, -W, W)] + p[clip(j - c(t), -W, W)], minus infinity at padding: (N, T, S) float32.

    Args:
        tables: m (LONGEST + 1,), r and p (2W + 1,) each.
        matches: (N, T, S) L up to ``LONGEST``. centres: (N or 1, T) column of t. places: (N, T) c(t). padding: (N, S).
    """
    return _PlaceBias.apply(*(table.float() for table in tables), matches, centres, places, padding)


class _PlaceBias(torch.autograd.Function):
    """Looks up rows of a band in place of single numbers, and takes their gradients from windows of the scores'.

    Autograd's own gradient of a look-up adds number by number, which takes longer than all else that copying does.
    """

    @staticmethod
    def forward(
        ctx: Any, m: Tensor, r: Tensor, p: Tensor, matches: Tensor, centres: Tensor, places: Tensor, padding: Tensor
    ) -> Tensor:
        width = matches.size(2)
        bias = _rows(r, centres.expand_as(places), width)
        bias += _rows(p, places, width)
        bias += m.index_select(0, matches.flatten().int()).view(matches.shape)
        ctx.save_for_backward(matches, centres, places)
        ctx.longest = m.numel()
        return bias.masked_fill_(padding.unsqueeze(1), -math.inf)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        matches, centres, places = ctx.saved_tensors
        flat = matches.flatten()
        some = flat.nonzero().squeeze(1)  # few
        of_m = gradient.new_zeros(ctx.longest).index_add(0, flat[some].int(), gradient.flatten()[some])
        of_m[0] = gradient.sum() - of_m.sum()
        sums = gradient.cumsum(2)
        return of_m, *(_of_rows(gradient, sums, x.expand_as(places)) for x in (centres, places)), None, None, None, None


def _rows(table: Tensor, centres: Tensor, width: int) -> Tensor:
    """table[clip(j - centre, -W, W)] for j below ``width``: (2W + 1,), (N, T) centres from 0 on -> (N, T, width)."""
    band = _band(table, width)
    most = band.size(0) - 1
    return band.index_select(0, (most - centres.clamp(max=most)).flatten()).view(*centres.shape, width)


def _band(table: Tensor, width: int) -> Tensor:
    """``_rows`` of all centres that differ, the largest first: (2W + 1,) -> (width + W + 1, width)."""
    most = width + REACH  # from there on all are alike
    distances = torch.arange(-most, width, device=table.device).clamp(-REACH, REACH) + REACH
    return table[distances].unfold(0, width, 1)


def _of_rows(gradient: Tensor, sums: Tensor, centres: Tensor) -> Tensor:
    """The gradient of the table of ``_rows``: (N, T, S) and its sums up to each place, (N, T) -> (2W + 1,)."""
    last = gradient.size(2) - 1
    columns = centres.unsqueeze(2) + torch.arange(-REACH, REACH, device=centres.device)  # (N, T, 2W)
    inside = columns.ge(0) & columns.le(last)
    up_to = sums.gather(2, columns.clamp(0, last))
    up_to = torch.where(columns.ge(0), up_to, 0.0)  # all that lies up to each distance below W
    window = torch.where(inside, gradient.gather(2, columns.clamp(0, last)), 0.0).sum((0, 1))
    ends = torch.stack([up_to[..., 0].sum(), sums[..., -1].sum() - up_to[..., -1].sum()])
    return torch.cat([ends[:1], window[1:], ends[1:]])


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

    def weights(
        self, features: Tensor, keys: Tensor, matches: Tensor, centres: Tensor, places: Tensor, padding: Tensor
    ) -> Tensor:
        """a(t, j): features (N, T, C), keys (N, S, C), the rest as ``place_bias`` has them -> (N, T, S) float32."""
        tables = self.match_bias, self.distance_bias, self.place_bias
        query = self.query(features) * (1 / math.sqrt(features.size(-1)))
        scores = torch.bmm(query, keys.transpose(1, 2)).float()
        return (scores + place_bias(tables, matches, centres, places, padding)).softmax(-1)

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

    def __init__(
        self, copying: CopyAttention, states: Tensor, tokens: Tensor, copies: int, words: int, eos: int, pad: int
    ) -> None:
        """States of the encoder (N, S, C') and the source's tokens (N, S), ids below ``words``."""
        self.keys = copying.key(states)
        self.source = Source.of(tokens, words, pad)
        self.follower = Follower(tokens, eos, pad, copies)
        width, padding = tokens.size(1), tokens.eq(pad).unsqueeze(1)
        self.match_bias = copying.match_bias.float()
        self.at_place = _band(copying.place_bias.float(), width).flip(0)  # (S + W + 1, S); row c is that of place c
        # (N, 1, S + W + S): for the token t the S columns from S + W - t on, or from the first where t is larger
        self.most = width + REACH
        distances = torch.arange(-self.most, width, device=tokens.device) - first_places(tokens, pad).unsqueeze(1)
        self.diagonal = copying.distance_bias.float()[distances.clamp(-REACH, REACH) + REACH].unsqueeze(1)
        self.floor = torch.zeros(padding.shape, device=tokens.device).masked_fill_(padding, -math.inf)
        # one multiplication for the queries, scaled, and the features' part of the gate
        scale, size = 1 / math.sqrt(copying.query.out_features), copying.query.out_features
        self.weight = torch.cat([copying.query.weight * scale, copying.gate.weight[:, :size]])
        self.bias = torch.cat([copying.query.bias * scale, copying.gate.bias])
        self.of_embedded = copying.gate.weight[0, size:]

    def __call__(self, features: Tensor, embedded: Tensor, logits: Tensor) -> Tensor:
        """log p of the next tokens: features (N, K, C), embedded last tokens (N, K, E), logits (N, K, V) -> (N, K, V).

        ``follower`` has gone behind these last tokens. What ``CopyAttention.weights`` does for whole targets, in few
        operations: on one token each costs more to call than to compute.
        """
        follower = self.follower
        places, matches = follower.places, follower.capped()
        scores = self.at_place.index_select(0, places.flatten()).view(matches.shape)
        scores += self.match_bias.index_select(0, matches.flatten()).view(matches.shape)
        start = max(self.most - (follower.length - 1), 0)
        scores += self.diagonal[:, :, start : start + matches.size(2)]
        scores += self.floor
        query, gate = F.linear(features, self.weight, self.bias).split([features.size(-1), 1], -1)
        scores += torch.bmm(query, self.keys.transpose(1, 2))
        gate = (gate.squeeze(-1) + embedded.to(features) @ self.of_embedded).float()
        return _mixed(logits, scores.softmax(-1), F.logsigmoid(-gate), F.logsigmoid(gate), *self.source)[0]

    def select(self, sentences: Tensor) -> None:
        """Goes on with these of the N sentences, all K outputs of each, in this order."""
        self.follower.select(sentences)
        self.source = Source(*(x.index_select(0, sentences) for x in self.source))
        for name in ("keys", "diagonal", "floor"):
            setattr(self, name, getattr(self, name).index_select(0, sentences))
