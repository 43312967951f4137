"""Log-probabilities of outputs under one of the two stages, and the terms of the composed objective.

Legend: N sentences, K samples a sentence, T target length, T' length of ŷ, C channels,
V vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from fairseq.models.transformer import TransformerModel
from fairseq.modules import FairseqDropout
from torch import Tensor

from .batches import previous_tokens
from .copying import mixed_log_probs, without_padding
from .decoding import mask_forbidden

LOGITS_AT_ONCE = 2**24  # where no gradient is wanted, logits are computed by pieces of so many numbers
# As alignment layer: fairseq then computes no attention weights, which nobody reads, and uses fast kernels.
NO_LAYER = -1


class ComposedRequest(NamedTuple):
    """Asks the composed model's ``forward`` for composed terms.

    Args:
        target: (N, T) gold outputs y.
        references: (N, R, T) right outputs where there are several, y among them; a ŷ costs what the nearest does.
        num_samples: K samples of ŷ a sentence, drawn and scored without dropout; 0 decodes one ŷ greedily.
        max_lengths: (N,) bound on the lengths of ŷ, in tokens; by default as in generation.
        with_greedy: also score the greedy ŷ (self-critical baseline).
        gumbel_temperature: also the samples' relaxed costs, see ``straight_through``.
        share_encoder: samples see the encoder's output for the gold output, dropout and all, instead of their own;
            where the encoder drops nothing, this is done in any case, and exact.
    """

    target: Tensor
    num_samples: int = 0
    max_lengths: Tensor | None = None
    with_greedy: bool = False
    gumbel_temperature: float | None = None
    share_encoder: bool = False
    references: Tensor | None = None


class ComposedTerms(NamedTuple):
    """What the composed objective needs, for K outputs ŷ of the base predictor a sentence.

    ``tokens`` (N * K, T') outputs, sentence by sentence; ``log_probs`` (N, K) log p_f(ŷ | x), with gradient where they
    were sampled; ``costs`` (N, K) the frozen denoiser's -log p_Π(y | ŷ) in nats, summed over y's tokens, of several
    references the least, no gradient; ``greedy_costs`` (N,) the same for the greedy ŷ, and ``relaxed_costs`` (N, K)
    ``costs`` with the gradient of ``straight_through``, where they were asked for.
    """

    tokens: Tensor
    log_probs: Tensor
    costs: Tensor
    greedy_costs: Tensor | None = None
    relaxed_costs: Tensor | None = None


@contextmanager
def without_dropout(module: TransformerModel) -> Iterator[TransformerModel]:
    """The module in eval mode for a while; gradients stay as they are."""
    was_training = module.training
    module.eval()
    try:
        yield module
    finally:
        module.train(was_training)


def drops_nothing(encoder: Any) -> bool:
    """Whether an encoder computes the same with and without dropout."""
    rates = [module.p for module in encoder.modules() if isinstance(module, FairseqDropout)]
    return not encoder.training or not any((*rates, encoder.encoder_layerdrop))


def straight_through(logits: Tensor, tokens: Tensor, temperature: float) -> Tensor:
    """One-hot rows of sampled tokens, whose gradient is that of the Gumbel-softmax: (..., V), (...) -> (..., V).

    Jang, Gu and Poole 2017 perturb the logits by Gumbel noise, take the greatest as the token, and let the gradient
    pass through the softmax of the perturbed logits at ``temperature``. Here the tokens were drawn before, so the noise
    is drawn given that they won (Maddison, Tarlow and Minka 2014, A* sampling).
    """
    log_probs = torch.log_softmax(logits.float(), dim=-1)
    with torch.no_grad():
        waits = torch.empty_like(log_probs).exponential_()  # Gumbel noise is -log of these
        winner = waits.gather(-1, tokens.unsqueeze(-1))
        perturbed = -torch.log(waits * torch.exp(-log_probs) + winner)
        perturbed = perturbed.scatter(-1, tokens.unsqueeze(-1), -winner.log())
        noise = torch.where(log_probs.isinf(), 0.0, perturbed - log_probs)
    soft = torch.softmax((log_probs + noise) / temperature, dim=-1)
    return torch.nn.functional.one_hot(tokens, logits.size(-1)) + (soft - soft.detach())


def output_logits(stage: TransformerModel, encoder_out: Any, tokens: Tensor) -> Tensor:
    """Logits of a stage at each token of outputs, the padding symbol forbidden: (N, T) -> (N, T, V)."""
    decoder = stage.decoder
    pad = decoder.padding_idx
    previous = previous_tokens(tokens, decoder.dictionary.eos(), pad)
    logits, _ = decoder(previous, encoder_out=encoder_out, alignment_layer=NO_LAYER)
    return mask_forbidden(logits, pad)


def gold_log_probs(logits: Tensor, tokens: Tensor, pad: int) -> Tensor:
    """Sum of log-probabilities of ``tokens`` without padding: (N, T, V), (N, T) -> (N,), in nats, float32."""
    log_probs = torch.log_softmax(logits.float(), dim=-1)
    chosen = log_probs.gather(-1, tokens.unsqueeze(-1)).squeeze(-1)
    return chosen.masked_fill(tokens.eq(pad), 0.0).sum(1)


def sequence_log_probs(
    stage: TransformerModel, encoder_out: Any, tokens: Tensor, *, without_pad: bool = False, rows: Tensor | None = None
) -> Tensor:
    """log p(tokens | source) under a stage, in nats, summed over the tokens: (N, T), padded -> (N,), float32.

    The one place that says what a stage's probability of a given token is; no logits are computed at padding.

    Args:
        encoder_out: what the stage's encoder gave for the N sources.
        without_pad: of the distribution in which the padding symbol cannot be drawn (see ``mask_forbidden``).
        rows: (N, S, V) what a copying stage copies in place of the sources' one-hot tokens, see ``straight_through``.
    """
    decoder = stage.decoder
    pad = decoder.padding_idx
    previous = previous_tokens(tokens, decoder.dictionary.eos(), pad)
    features, _ = decoder(previous, encoder_out=encoder_out, alignment_layer=NO_LAYER, features_only=True)
    log_probs, log_allowed = _generated(decoder, features, tokens, without_pad)
    if hasattr(decoder, "copying"):
        copying = decoder.copy(features, previous, encoder_out)
        if log_allowed is not None:
            copying = without_padding(copying, log_allowed)
        copies = encoder_out["src_tokens"][0] if rows is None else rows
        log_probs = mixed_log_probs(log_probs, tokens, copying, copies).masked_fill(tokens.eq(pad), 0.0)
    return log_probs.sum(1)


def _generated(decoder: Any, features: Tensor, tokens: Tensor, without_pad: bool) -> tuple[Tensor, Tensor | None]:
    """Log-probabilities of tokens by the output layer: (N, T, C), (N, T) -> (N, T), float32, 0 at padding.

    Without padding also the log-probability that none was drawn, (N, T).
    """
    pad = decoder.padding_idx
    kept = tokens.ne(pad)

    def score(rows: Tensor, chosen: Tensor) -> Tensor:
        logits = decoder.output_layer(rows).float()
        if not without_pad:
            return -F.cross_entropy(logits, chosen, reduction="none").unsqueeze(1)
        allowed = mask_forbidden(logits, pad)
        log_probs = -F.cross_entropy(allowed, chosen, reduction="none")
        if not hasattr(decoder, "copying"):
            return log_probs.unsqueeze(1)
        return torch.stack([log_probs, allowed.logsumexp(-1) - logits.logsumexp(-1)], 1)

    rows, chosen = features[kept], tokens[kept]  # (M, C), (M,)
    piece = rows.size(0) if torch.is_grad_enabled() else max(LOGITS_AT_ONCE // len(decoder.dictionary), 1)
    scores = torch.cat([score(*both) for both in zip(rows.split(piece), chosen.split(piece), strict=True)])
    empty = scores.new_zeros(tokens.shape)
    found = [empty.masked_scatter(kept, column) for column in scores.unbind(1)]
    return found[0], found[1] if len(found) > 1 else None


@torch.no_grad()
def copied_from(stage: TransformerModel, encoder_out: Any, tokens: Tensor) -> Tensor:
    """The column of the source that each output token was copied from, -1 where it was generated: (N, T) -> (N, T).

    Copied is what copying explains at least as well as generating does; from where its weight is greatest.
    """
    decoder = stage.decoder
    if not hasattr(decoder, "copying"):
        return torch.full_like(tokens, -1)
    previous = previous_tokens(tokens, decoder.dictionary.eos(), decoder.padding_idx)
    features, _ = decoder(previous, encoder_out=encoder_out, alignment_layer=NO_LAYER, features_only=True)
    generated, _ = _generated(decoder, features, tokens, without_pad=False)
    copying = decoder.copy(features, previous, encoder_out)
    weights = copying.weights * encoder_out["src_tokens"][0].unsqueeze(1).eq(tokens.unsqueeze(2))  # (N, T, S)
    copied = copying.log_copy + weights.sum(2).log() >= copying.log_generate + generated
    return weights.argmax(2).masked_fill(~copied | tokens.eq(decoder.padding_idx), -1)
