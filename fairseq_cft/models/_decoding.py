"""Batched greedy decoding and sampling from a fairseq Transformer decoder, with preallocated key and value buffers.

Legend: N sequences, S source length, T target length, H heads, D head dimension, C = H * D, V vocabulary.
fairseq's own incremental decoding grows its buffers by concatenation and re-projects nothing more than this does, but
pays Python and copies at every step; tests hold this decoder's greedy output against ``SequenceGenerator``.
"""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SHRINK_BELOW = 0.75  # compact the batch when no more than this share of it is unfinished


def mask_forbidden(logits: Tensor, pad: int) -> Tensor:
    """Logits in which the padding symbol cannot be drawn; sampling and its log-probability must use the same."""
    return logits.index_fill(-1, torch.tensor([pad], device=logits.device), -math.inf)


@torch.no_grad()
def decode(
    decoder: nn.Module,
    encoder_out: dict[str, list[Tensor]],
    max_lengths: Tensor,
    *,
    eos: int,
    pad: int,
    sample: bool = False,
) -> Tensor:
    """Decodes every sequence of ``encoder_out``, greedily or by sampling from the full distribution.

    Args:
        decoder: a fairseq ``TransformerDecoderBase`` in eval mode.
        encoder_out: output of the matching fairseq encoder for N sources.
        max_lengths: (N,) bound on each output's length in tokens, end symbol included.

    Returns:
        (N, T) token ids, each ended by ``eos`` and padded on the right by ``pad``; an output that met its bound has no
        end symbol. T is the longest output's length.
    """
    stepper = _Stepper(decoder, encoder_out, int(max_lengths.max()))
    count = max_lengths.numel()
    output = max_lengths.new_full((count, int(max_lengths.max())), pad)
    rows = torch.arange(count, device=output.device)  # which sequence each row of the shrinking batch is
    bounds = max_lengths
    tokens = torch.full_like(max_lengths, eos)  # fairseq starts a target with its end symbol
    done = torch.zeros_like(bounds, dtype=torch.bool)
    for step in range(output.size(1)):
        logits = mask_forbidden(stepper(tokens, step), pad)  # (N', V)
        tokens = _draw(logits) if sample else logits.argmax(-1)
        tokens = tokens.masked_fill(done, pad)
        output[rows, step] = tokens
        done = done | tokens.eq(eos) | bounds.le(step + 1)
        alive = int((~done).sum())
        if alive == 0:
            return output[:, : step + 1]
        if alive <= SHRINK_BELOW * done.numel():
            keep = (~done).nonzero().squeeze(1)
            stepper.keep(keep)
            rows, bounds, tokens, done = rows[keep], bounds[keep], tokens[keep], done[keep]
    return output


def _draw(logits: Tensor) -> Tensor:
    """One exact draw a row by the Gumbel-max trick: (N, V) -> (N,)."""
    noise = torch.empty_like(logits, dtype=torch.float32).exponential_()
    return (logits.float() - noise.log()).argmax(-1)


class _Stepper:
    """The decoder's state for one token at a time: (N,) tokens -> (N, V) logits."""

    def __init__(self, decoder: Any, encoder_out: dict[str, list[Tensor]], max_length: int) -> None:
        self.decoder = decoder
        states = encoder_out["encoder_out"][0].transpose(0, 1)  # (S, N, C) -> (N, S, C)
        padding = encoder_out["encoder_padding_mask"][0] if encoder_out["encoder_padding_mask"] else None
        self.source_mask = (~padding)[:, None, None, :] if padding is not None and padding.any() else None
        self.positions = self._positions(max_length, states.device)
        self.layers = [_Layer(layer, states, max_length) for layer in decoder.layers]

    def _positions(self, length: int, device: torch.device) -> Tensor | None:
        table = self.decoder.embed_positions
        if table is None:
            return None
        any_token = torch.full((1, length), self.decoder.padding_idx + 1, device=device)
        return table(any_token)[0]  # (T, C); positions count from the first token that is no padding

    def __call__(self, tokens: Tensor, step: int) -> Tensor:
        decoder = self.decoder
        x = decoder.embed_scale * decoder.embed_tokens(tokens)  # (N,) -> (N, C)
        if decoder.project_in_dim is not None:
            x = decoder.project_in_dim(x)
        if self.positions is not None:
            x = x + self.positions[step]
        if decoder.layernorm_embedding is not None:
            x = decoder.layernorm_embedding(x)
        for layer in self.layers:
            x = layer(x, step, self.source_mask)
        if decoder.layer_norm is not None:
            x = decoder.layer_norm(x)
        if decoder.project_out_dim is not None:
            x = decoder.project_out_dim(x)
        return decoder.output_layer(x)

    def keep(self, rows: Tensor) -> None:
        if self.source_mask is not None:
            self.source_mask = self.source_mask[rows]
        for layer in self.layers:
            layer.keep(rows)


class _Layer:
    """One decoder layer: its weights as fairseq holds them, its keys and values in buffers of full length."""

    def __init__(self, layer: Any, states: Tensor, max_length: int) -> None:
        self.layer = layer
        own, cross = layer.self_attn, layer.encoder_attn
        self.heads = own.num_heads
        parts = (own.q_proj, own.k_proj, own.v_proj)
        self.qkv_weight = torch.cat([part.weight for part in parts])
        self.qkv_bias = torch.cat([part.bias for part in parts])
        self.source_keys = self._split(cross.k_proj(states))  # (N, S, C) -> (N, H, S, D)
        self.source_values = self._split(cross.v_proj(states))
        count, _, _, width = self.source_keys.shape
        self.keys = states.new_zeros(count, self.heads, max_length, width)
        self.values = torch.zeros_like(self.keys)

    def _split(self, x: Tensor) -> Tensor:
        """(N, T, C) -> (N, H, T, D)"""
        return x.view(x.size(0), x.size(1), self.heads, -1).transpose(1, 2)

    def keep(self, rows: Tensor) -> None:
        self.keys, self.values = self.keys[rows], self.values[rows]
        self.source_keys, self.source_values = self.source_keys[rows], self.source_values[rows]

    def __call__(self, x: Tensor, step: int, source_mask: Tensor | None) -> Tensor:
        x = self._residual(x, self.layer.self_attn_layer_norm, lambda h: self._attend_self(h, step))
        x = self._residual(x, self.layer.encoder_attn_layer_norm, lambda h: self._attend_source(h, source_mask))
        return self._residual(x, self.layer.final_layer_norm, self._feed_forward)

    def _residual(self, x: Tensor, norm: nn.Module, sublayer: Any) -> Tensor:
        if self.layer.normalize_before:
            return x + sublayer(norm(x))
        return norm(x + sublayer(x))

    def _attend_self(self, x: Tensor, step: int) -> Tensor:
        qkv = F.linear(x, self.qkv_weight, self.qkv_bias).view(x.size(0), 3, self.heads, 1, -1)
        query, key, value = qkv.unbind(1)  # (N, H, 1, D) each
        self.keys[:, :, step], self.values[:, :, step] = key[:, :, 0], value[:, :, 0]
        past = slice(0, step + 1)
        mixed = F.scaled_dot_product_attention(query, self.keys[:, :, past], self.values[:, :, past])
        return self.layer.self_attn.out_proj(mixed.reshape(x.size(0), -1))

    def _attend_source(self, x: Tensor, source_mask: Tensor | None) -> Tensor:
        attention = self.layer.encoder_attn
        query = attention.q_proj(x).view(x.size(0), self.heads, 1, -1)
        mixed = F.scaled_dot_product_attention(query, self.source_keys, self.source_values, attn_mask=source_mask)
        return attention.out_proj(mixed.reshape(x.size(0), -1))

    def _feed_forward(self, x: Tensor) -> Tensor:
        return self.layer.fc2(self.layer.activation_fn(self.layer.fc1(x)))


@torch.no_grad()
def translate(model: Any, src_tokens: Tensor, max_lengths: Tensor, *, eos: int, pad: int) -> Tensor:
    """Greedy outputs of a plain fairseq Transformer in eval mode: (N, S) sources -> (N, T) right-padded."""
    lengths = src_tokens.ne(pad).sum(1)
    encoder_out = model.encoder(src_tokens, src_lengths=lengths)
    return decode(model.decoder, encoder_out, max_lengths, eos=eos, pad=pad)


def same_rows(left: Tensor, right: Tensor, pad: int) -> Tensor:
    """Which rows of two right-padded batches hold the same sequence: (N, T), (N, T') -> (N,) bool."""
    width = max(left.size(1), right.size(1))
    left, right = (F.pad(x, (0, width - x.size(1)), value=pad) for x in (left, right))
    return left.eq(right).all(1)
