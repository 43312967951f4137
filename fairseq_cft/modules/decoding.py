"""Batched greedy decoding and sampling from a fairseq Transformer decoder.

Legend: N sentences, K outputs a sentence, R = N * K rows, S source length, T target length, H heads, D head dimension,
C = H * D, V vocabulary.

One token a step is too little arithmetic for a CPU: what a step costs is the reading of keys and values. So the K
outputs of a sentence read its source's keys together; the outputs' own keys lie close together, in buffers that grow by
a few steps (see ``Schedule``); sentences that are finished leave the batch. Tests hold the greedy output against
fairseq's ``SequenceGenerator``.
"""

import math
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from fairseq.models.transformer import TransformerDecoder, TransformerDecoderBase
from fairseq.modules import MultiheadAttention
from fairseq.modules.transformer_layer import TransformerDecoderLayer, TransformerDecoderLayerBase
from torch import Tensor, nn

from .batches import lengths_of
from .line_positions import LinePositions

SHRINK_BELOW = 0.75  # compact the batch when no more than this share of its sentences is unfinished


class Schedule(NamedTuple):
    """When decoding does what costs differently on a CPU and on a GPU.

    ``growth``: steps by which the buffers of the outputs' keys and values grow. On a CPU unused room between the rows
    stops the hardware's prefetching: 64 places of which 43 are used took 2.5 times as long as 45. On a GPU copies and
    waiting for the host cost more than room. ``look_every``: steps between two looks at which sentences are finished;
    each look makes the host wait for a GPU.
    """

    growth: int
    look_every: int


SCHEDULES = {"cpu": Schedule(growth=4, look_every=1), "cuda": Schedule(growth=64, look_every=8)}


def mask_forbidden(logits: Tensor, pad: int) -> Tensor:
    """Logits in which the padding symbol cannot be drawn; sampling and its log-probability must use the same."""
    return logits.index_fill(-1, torch.tensor([pad], device=logits.device), -math.inf)


def decode(
    decoder: nn.Module,
    encoder_out: dict[str, list[Tensor]],
    max_lengths: Tensor,
    *,
    eos: int,
    pad: int,
    sample: bool = False,
    copies: int = 1,
    schedule: Schedule | None = None,
) -> Tensor:
    """Decodes every sentence of ``encoder_out``, greedily or by sampling from the full distribution.

    Args:
        decoder: a fairseq ``TransformerDecoderBase`` in eval mode.
        encoder_out: output of the matching fairseq encoder for N sources.
        max_lengths: (N,) bound on each output's length in tokens, end symbol included.
        copies: K outputs a sentence.
        schedule: by default that of the device; it does not change the outputs.

    Returns:
        (N * K, T) token ids, sentence by sentence, each ended by ``eos`` and padded on the right by ``pad``; an output
        that met its bound has no end symbol. T is the longest output's length.
    """
    if schedule is None:
        schedule = SCHEDULES.get(max_lengths.device.type, SCHEDULES["cuda"])
    with torch.inference_mode():
        output = _decode(decoder, encoder_out, max_lengths, eos, pad, sample, copies, schedule)
    return output.clone()  # a tensor of which autograd may make use


def _decode(
    decoder: nn.Module,
    encoder_out: dict[str, list[Tensor]],
    max_lengths: Tensor,
    eos: int,
    pad: int,
    sample: bool,
    copies: int,
    schedule: Schedule,
) -> Tensor:
    longest, shortest = int(max_lengths.max()), int(max_lengths.min())
    stepper = _Stepper(decoder, encoder_out, longest, copies, schedule.growth)
    bounds = max_lengths.repeat_interleave(copies)
    output = bounds.new_full((bounds.numel(), longest), pad)
    rows = torch.arange(bounds.numel(), device=output.device)  # which output each row of the shrinking batch is
    tokens = torch.full_like(bounds, eos)  # fairseq starts a target with its end symbol
    done = torch.zeros_like(bounds, dtype=torch.bool)
    drawn: list[Tensor] = []  # the tokens of these rows, not yet in ``output``
    for step in range(longest):
        logits = stepper(tokens, step)  # (R', V)
        logits[:, pad] = -math.inf
        tokens = _draw(logits) if sample else logits.argmax(-1)
        tokens = tokens.masked_fill_(done, pad)
        drawn.append(tokens)
        done = done | tokens.eq(eos)
        if step + 1 >= shortest:
            done = done | bounds.le(step + 1)
        if step + 1 < longest and (step + 1) % schedule.look_every:
            continue
        unfinished = ~done.view(-1, copies).all(1)  # (N',)
        alive = int(unfinished.sum())
        if alive <= SHRINK_BELOW * unfinished.numel():
            output[rows, step + 1 - len(drawn) : step + 1] = torch.stack(drawn, 1)
            if alive == 0:
                break
            drawn = []
            sentences = unfinished.nonzero().squeeze(1)
            stepper.keep(sentences)
            rows, bounds, tokens, done = (x.view(-1, copies)[sentences].view(-1) for x in (rows, bounds, tokens, done))
    return output[:, : int(output.ne(pad).sum(1).max())]


def _draw(logits: Tensor) -> Tensor:
    """One exact draw a row: (R, V) -> (R,), the first symbol at which the distribution function exceeds a uniform."""
    cumulated = torch.softmax(logits.float(), dim=-1).cumsum(-1)
    uniform = torch.rand(logits.size(0), 1, device=logits.device) * cumulated[:, -1:]
    drawn = cumulated.le(uniform).sum(-1)
    return drawn.clamp(max=logits.size(-1) - 1)  # a product rounded up to the sum itself


def computes(decoder: Any) -> bool:
    """Whether ``decode`` gives what fairseq's decoder would: what ``_Stepper`` and ``_Layer`` know is all that it has.

    They read the parts of a Transformer's decoder one by one; a part that they do not know would be left out.
    """
    known = type(decoder) in (TransformerDecoder, TransformerDecoderBase) or hasattr(decoder, "copying")
    if not known or decoder.adaptive_softmax is not None:
        return False
    return all(_knows(layer) for layer in decoder.layers.children())  # iterating itself may drop layers


def _knows(layer: Any) -> bool:
    if type(layer) not in (TransformerDecoderLayer, TransformerDecoderLayerBase) or layer.cross_self_attention:
        return False
    if any(getattr(layer, name, None) is not None for name in ("attn_ln", "c_attn", "ffn_layernorm", "w_resid")):
        return False
    attentions, linear = (layer.self_attn, layer.encoder_attn), [layer.fc1, layer.fc2]
    for attention in attentions:
        if type(attention) is not MultiheadAttention or attention.bias_k is not None or attention.add_zero_attn:
            return False
        if getattr(attention, "use_xformers", False):
            return False
        linear += [attention.q_proj, attention.k_proj, attention.v_proj, attention.out_proj]
    return all(type(each) is nn.Linear for each in linear)  # --quant-noise-scalar computes with rounded weights


class _Stepper:
    """The decoder's state for one token at a time: (R,) tokens -> (R, V) logits, of a copying one log-probabilities."""

    def __init__(
        self, decoder: Any, encoder_out: dict[str, list[Tensor]], max_length: int, copies: int, growth: int
    ) -> None:
        self.decoder = decoder
        states = encoder_out["encoder_out"][0].transpose(0, 1)  # (S, N, C) -> (N, S, C)
        padding = encoder_out["encoder_padding_mask"][0] if encoder_out["encoder_padding_mask"] else None
        if padding is not None and not padding.any():
            padding = None
        self.positions = self._positions(max_length, states.device)
        self.lines = states.new_zeros(states.size(0) * copies, dtype=torch.long)  # (R,): in which each output is
        self.layers = [_Layer(layer, states, padding, max_length, copies, growth) for layer in decoder.layers]
        self.copies = copies
        self.copying = decoder.stepper(encoder_out, copies) if hasattr(decoder, "copying") else None

    def _positions(self, length: int, device: torch.device) -> Tensor | None:
        table = self.decoder.embed_positions
        if table is None:
            return None
        if isinstance(table, LinePositions):
            table = table.tokens
        any_token = torch.full((1, length), self.decoder.padding_idx + 1, device=device)
        return table(any_token)[0]  # (T, C); positions count from the first token that is no padding

    def __call__(self, tokens: Tensor, step: int) -> Tensor:
        decoder = self.decoder
        x = embedded = decoder.embed_scale * decoder.embed_tokens(tokens)  # (R,) -> (R, C)
        if decoder.quant_noise is not None:
            x = decoder.quant_noise(x)
        if decoder.project_in_dim is not None:
            x = decoder.project_in_dim(x)
        if self.positions is not None:
            x = x + self.positions[step]
        if isinstance(decoder.embed_positions, LinePositions):
            self.lines = self.lines + tokens.eq(decoder.embed_positions.symbol)
            x = x + decoder.embed_positions.of(self.lines)
        if decoder.layernorm_embedding is not None:
            x = decoder.layernorm_embedding(x)
        for layer in self.layers:
            x = layer(x, step)
        if decoder.layer_norm is not None:
            x = decoder.layer_norm(x)
        if decoder.project_out_dim is not None:
            x = decoder.project_out_dim(x)
        logits = decoder.output_layer(x)
        if self.copying is None:
            return logits
        x, embedded, shaped = (each.view(-1, self.copies, each.size(-1)) for each in (x, embedded, logits))
        self.copying.follower.advance(tokens.view(-1, self.copies))
        return self.copying(x, embedded, shaped).view_as(logits)

    def keep(self, sentences: Tensor) -> None:
        """Goes on with these of the N sentences, all K outputs of each."""
        for layer in self.layers:
            layer.keep(sentences)
        self.lines = self.lines.view(-1, self.copies)[sentences].flatten()
        if self.copying is not None:
            self.copying.select(sentences)


class _Layer:
    """One decoder layer: fairseq's weights, and the keys and values of source and outputs in buffers.

    A step of a small batch is spent in Python as much as in arithmetic: weights are looked up once, and what can be
    computed once (scaled query weights, transposed and masked source keys) is.
    """

    def __init__(
        self, layer: Any, states: Tensor, padding: Tensor | None, max_length: int, copies: int, growth: int
    ) -> None:
        self.max_length, self.copies, self.growth = max_length, copies, growth
        self.norm_first, self.activation = layer.normalize_before, layer.activation_fn
        own, cross = layer.self_attn, layer.encoder_attn
        self.heads, self.width = own.num_heads, own.head_dim
        self.norms = [_affine(norm) for norm in (layer.self_attn_layer_norm, layer.encoder_attn_layer_norm)]
        self.norms.append(_affine(layer.final_layer_norm))
        parts = [self._scaled(own.q_proj), (own.k_proj.weight, own.k_proj.bias), (own.v_proj.weight, own.v_proj.bias)]
        self.own_in = tuple(torch.cat(tensors) for tensors in zip(*parts, strict=True))
        self.own_out = own.out_proj.weight, own.out_proj.bias
        self.cross_in = self._scaled(cross.q_proj)
        self.cross_out = cross.out_proj.weight, cross.out_proj.bias
        self.feed_in = layer.fc1.weight, layer.fc1.bias
        self.feed_out = layer.fc2.weight, layer.fc2.bias
        self.source_keys = self._split(cross.k_proj(states))  # (N, S, C) -> (N * H, S, D)
        self.source_values = self._split(cross.v_proj(states))
        self.source_bias = None  # (N * H, K, S): 0 or, at padding, minus infinity
        if padding is not None:
            bias = states.new_zeros(padding.shape).masked_fill(padding, -math.inf)
            self.source_bias = bias.repeat_interleave(self.heads, 0).unsqueeze(1).repeat(1, copies, 1)
        rows = states.size(0) * copies * self.heads
        self.past = states.new_empty(2, rows, 0, self.width)  # keys and values: (2, R * H, T, D)

    def _scaled(self, query: Any) -> tuple[Tensor, Tensor]:
        return query.weight * self.width**-0.5, query.bias * self.width**-0.5

    def _split(self, x: Tensor) -> Tensor:
        """(N, S, C) -> (N * H, S, D), contiguous"""
        count, length, _ = x.shape
        return x.view(count, length, self.heads, -1).transpose(1, 2).reshape(count * self.heads, length, -1)

    def keep(self, sentences: Tensor) -> None:
        def rows(x: Tensor, each: int, dim: int = 0) -> Tensor:
            return x.unflatten(dim, (-1, each)).index_select(dim, sentences).flatten(dim, dim + 1)

        self.past = rows(self.past, self.copies * self.heads, 1)
        self.source_keys, self.source_values = rows(self.source_keys, self.heads), rows(self.source_values, self.heads)
        if self.source_bias is not None:
            self.source_bias = rows(self.source_bias, self.heads)

    def __call__(self, x: Tensor, step: int) -> Tensor:
        for norm, sublayer in zip(
            self.norms, (self._attend_self, self._attend_source, self._feed_forward), strict=True
        ):
            if self.norm_first:
                x = x + sublayer(torch.layer_norm(x, *norm), step)
            else:
                x = torch.layer_norm(x + sublayer(x, step), *norm)
        return x

    def _attend_self(self, x: Tensor, step: int) -> Tensor:
        if step == self.past.size(2):
            length = min(step + self.growth, self.max_length)
            grown = self.past.new_empty(2, self.past.size(1), length, self.width)
            grown[:, :, :step] = self.past
            self.past = grown
        rows = x.size(0)
        query, key_value = F.linear(x, *self.own_in).view(rows, 3, self.heads, -1).split((1, 2), 1)
        self.past.select(2, step).view(2, rows, self.heads, -1).copy_(key_value.transpose(0, 1))
        keys, values = self.past[:, :, : step + 1].unbind()
        scores = torch.bmm(query.reshape(-1, 1, self.width), keys.transpose(1, 2))  # (R * H, 1, step + 1)
        mixed = torch.bmm(scores.softmax(-1), values)
        return F.linear(mixed.view(rows, -1), *self.own_out)

    def _attend_source(self, x: Tensor, _: int) -> Tensor:
        rows, copies = x.size(0), self.copies
        query = F.linear(x, *self.cross_in)
        if copies > 1:
            query = query.view(-1, copies, self.heads, self.width).transpose(1, 2)
        query = query.reshape(-1, copies, self.width)  # (N * H, K, D)
        keys = self.source_keys.transpose(1, 2)
        bias = self.source_bias
        scores = torch.bmm(query, keys) if bias is None else torch.baddbmm(bias, query, keys)  # (N * H, K, S)
        mixed = torch.bmm(scores.softmax(-1), self.source_values)
        if copies > 1:
            mixed = mixed.view(-1, self.heads, copies, self.width).transpose(1, 2)
        return F.linear(mixed.reshape(rows, -1), *self.cross_out)

    def _feed_forward(self, x: Tensor, _: int) -> Tensor:
        return F.linear(self.activation(F.linear(x, *self.feed_in)), *self.feed_out)


def _affine(norm: Any) -> tuple[Any, ...]:
    """A LayerNorm as the arguments of ``torch.layer_norm``."""
    return norm.normalized_shape, norm.weight, norm.bias, norm.eps


@torch.no_grad()
def translate(model: Any, src_tokens: Tensor, max_lengths: Tensor, *, eos: int, pad: int) -> Tensor:
    """Greedy outputs of a plain fairseq Transformer in eval mode: (N, S) sources -> (N, T) right-padded."""
    return decode(model.decoder, encode(model, src_tokens), max_lengths, eos=eos, pad=pad)


def encode(model: Any, src_tokens: Tensor, **options: Any) -> Any:
    """The output of a model's encoder for (N, S) sources, padded on either side."""
    lengths = lengths_of(src_tokens, model.encoder.padding_idx)
    return model.encoder(src_tokens, src_lengths=lengths, **options)
