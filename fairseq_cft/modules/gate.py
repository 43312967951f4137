"""The gate: does an output ŷ of the base predictor need denoising, or is it returned as it is?

Legend: N sentences, T' length of ŷ, C channels of the denoiser's encoder, V vocabulary.

A composed model with a gate stays an encoder-decoder in the eyes of fairseq's generator: its encoder also passes on ŷ
and the decision, and its decoder makes ŷ's next token certain where ŷ is let through.
"""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..errors import UserError
from .batches import same_width
from .composed_encoder import ComposedDecoder, ComposedEncoder
from .denoiser import close_numbers, is_placeholder, read_checkpoint

THRESHOLD = 0.9  # the paper's
# In an output that is let through, every other token is as good as impossible, and its end before its time even more
# so: beams other than the first must not end before it does. Finite, because a generator's own length limit may leave
# nothing but the end symbol.
NEVER, NEVER_END = -1e4, -1e6


class Gate(nn.Module):
    """A classifier on the states of the denoiser's encoder: a hidden layer for each token, its mean and its maximum.

    One wrong token among many is lost in the mean alone.
    """

    def __init__(self, embed_dim: int, hidden_dim: int) -> None:
        super().__init__()
        self.hidden = nn.Linear(embed_dim, hidden_dim)
        self.output = nn.Linear(2 * hidden_dim, 1)

    def forward(self, encoder_out: Mapping[str, list[Tensor]]) -> Tensor:
        """Output of the denoiser's encoder, (T', N, C) and mask (N, T') -> (N,) logits of "needs denoising"."""
        hidden = F.relu(self.hidden(encoder_out["encoder_out"][0].transpose(0, 1)))  # (T', N, C) -> (N, T', H)
        padding = encoder_out["encoder_padding_mask"][0].unsqueeze(-1)
        hidden = hidden.masked_fill(padding, 0.0)  # a ReLU's outputs are not below 0: neither sum nor maximum changes
        mean = hidden.sum(1) / (~padding).sum(1)
        return self.output(torch.cat([mean, hidden.amax(1)], dim=-1)).squeeze(-1).float()


class GatedEncoder(ComposedEncoder):
    """The composed model's encoder that also decides which outputs of the base predictor are let through."""

    def __init__(self, model: Any, gate: Gate, threshold: float) -> None:
        super().__init__(model)
        object.__setattr__(self, "gate", gate)  # the model's, as the model is
        self.threshold = threshold

    def encode(self, tokens: Tensor) -> Any:
        encoder_out = super().encode(tokens)
        return {**encoder_out, "base_tokens": [tokens], "let_through": [self._lets_through(tokens, encoder_out)]}

    @torch.no_grad()
    def _lets_through(self, tokens: Tensor, encoder_out: Any) -> Tensor:
        """(N, T') right-padded outputs ŷ -> (N,) bool.

        Those that need denoising with a probability below the threshold; never an empty one, which fairseq's generator
        does not write.
        """
        return (torch.sigmoid(self.gate(encoder_out)) < self.threshold) & tokens[:, 0].ne(self.model.eos)

    def choose(self, tokens: Tensor, denoised: Tensor) -> Tensor:
        """(N, T') outputs ŷ, (N, T'') Π(ŷ), right-padded -> for each row one of the two."""
        tokens, denoised = same_width(tokens, denoised, self.model.pad)
        return torch.where(self.encode(tokens)["let_through"][0].unsqueeze(1), tokens, denoised)

    def reorder_encoder_out(self, encoder_out: Any, new_order: Tensor) -> Any:
        ours = {name: [encoder_out[name][0].index_select(0, new_order)] for name in ("base_tokens", "let_through")}
        return {**super().reorder_encoder_out(encoder_out, new_order), **ours}


class GatedDecoder(ComposedDecoder):
    """The denoiser's decoder, which repeats ŷ where the gate lets it through."""

    def forward(self, prev_output_tokens: Tensor, encoder_out: Any = None, **options: Any) -> tuple[Tensor, Any]:
        """(N, T) previous tokens -> (N, T or 1, V) logits, and a dictionary."""
        logits, extra = super().forward(prev_output_tokens, encoder_out=encoder_out, **options)
        let_through = encoder_out["let_through"][0]
        tokens = self._next_of(encoder_out["base_tokens"][0], prev_output_tokens.size(1))[:, -logits.size(1) :]
        certain = torch.full_like(logits, NEVER, dtype=torch.float32)
        certain[:, :, self.dictionary.eos()] = NEVER_END
        certain.scatter_(2, tokens.unsqueeze(2), 0.0)
        return torch.where(let_through[:, None, None], certain, logits.float()), extra

    def _next_of(self, tokens: Tensor, length: int) -> Tensor:
        """(N, T') right-padded outputs -> (N, T), their first tokens, and end symbols after their last ones."""
        shown = F.pad(tokens, (0, max(0, length - tokens.size(1))), value=self.dictionary.pad())[:, :length]
        return shown.masked_fill(shown.eq(self.dictionary.pad()), self.dictionary.eos())


class GateCheckpoint(NamedTuple):
    """A trained gate: its own weights and shape, and the weights of the denoiser's encoder that it was trained on."""

    path: str
    shape: dict[str, int]
    weights: dict[str, Tensor]
    encoder: dict[str, Tensor]


def read_gate(path: str, role: str) -> GateCheckpoint:
    """Reads a checkpoint of ``--arch denoiser_gate``; raises UserError where ``path`` holds anything else."""
    weights, model_args, _ = read_checkpoint(path, role)
    if not model_args.get("gate_shape") or "base_predictor_shape" in model_args:
        name = model_args.get("_name") or model_args.get("arch")
        raise UserError(f"{role} {path} holds a model of architecture '{name}'; it must be one of --arch denoiser_gate")
    parts = {
        part: {name.removeprefix(f"{part}."): value for name, value in weights.items() if name.startswith(f"{part}.")}
        for part in ("gate", "encoder")
    }
    return GateCheckpoint(path, model_args["gate_shape"], parts["gate"], parts["encoder"])


def add_gate(model: Any, checkpoint: GateCheckpoint, threshold: float, role: str) -> None:
    """Puts a trained gate into a composed model; UserError unless it was trained on this very denoiser's encoder."""
    for name, value in model.denoiser.encoder.named_parameters():
        theirs = checkpoint.encoder.get(name)
        if is_placeholder(name):
            continue
        if theirs is None or theirs.shape != value.shape or not close_numbers(theirs, value):
            raise UserError(
                f"{role} {checkpoint.path} was trained on the encoder of another denoiser (encoder.{name} differs); "
                "train a gate with --denoiser-path naming this one"
            )
    put_gate(model, checkpoint.shape, threshold)
    model.gate.load_state_dict(checkpoint.weights)


def put_gate(model: Any, shape: Mapping[str, int], threshold: float) -> None:
    """Gives a composed model a gate, without its weights yet, and the encoder and decoder that obey it."""
    threshold = check_threshold(threshold)
    model.args.gate_shape, model.args.gate_threshold = dict(shape), threshold
    model.gate = Gate(**shape).requires_grad_(False)
    # kept out of the registered modules, as the composed encoder is
    object.__setattr__(model, "_composed_encoder", GatedEncoder(model, model.gate, threshold))
    object.__setattr__(model, "_composed_decoder", GatedDecoder(model.denoiser.decoder))


def check_threshold(threshold: Any) -> float:
    """The threshold; UserError if it is no number."""
    if isinstance(threshold, bool) or not isinstance(threshold, (int, float)) or math.isnan(threshold):
        raise UserError(
            f"gate_threshold is {threshold!r}; it must be a number: outputs that need denoising with at least this "
            "probability are denoised (0: all, above 1: none)"
        )
    return float(threshold)
