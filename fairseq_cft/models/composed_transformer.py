"""The composed model Π ∘ f: a base predictor f trained through a frozen denoiser Π (Xie, Ma and Liang, ICML 2021).

Legend: N sentences, K samples a sentence, S source length, T target length, V vocabulary.

Seen from fairseq's generator, the composed model is an encoder-decoder: its encoder runs the base predictor, decodes ŷ
greedily and runs the denoiser's encoder on ŷ; its decoder is the denoiser's decoder. Generation, interactive use and
ensembles therefore work without a special task.
"""

from __future__ import annotations

import math
from argparse import ArgumentParser, Namespace
from typing import Any

import torch
from fairseq.models import BaseFairseqModel, register_model, register_model_architecture
from fairseq.models.transformer import TransformerModel
from fairseq.tasks import FairseqTask
from torch import Tensor

from ..errors import UserError
from ..modules.architecture import SIZES, as_namespace, set_sizes
from ..modules.batches import MAX_LEN, length_bounds, lengths_of, repeat_each
from ..modules.building import build
from ..modules.composed_encoder import ComposedDecoder, ComposedEncoder
from ..modules.decoding import decode, encode, translate
from ..modules.denoiser import FrozenDenoiser
from ..modules.gate import Gate
from ..modules.pretrained import FromExportedFolder
from ..modules.scoring import (
    NO_LAYER,
    ComposedRequest,
    ComposedTerms,
    drops_nothing,
    gold_log_probs,
    output_logits,
    sequence_log_probs,
    straight_through,
    without_dropout,
)
from ..modules.transformer import add_shape_args
from ..modules.unsupported import GENERATION, refuse

STAGES = ("composed", "base")


@register_model("composed_transformer")
class ComposedTransformerModel(FromExportedFolder, TransformerModel):
    """A base predictor in front of a frozen denoiser; parameters ``base_predictor.*`` and ``denoiser.*``, each once.

    With a gate (see ``gate.put_gate``) also ``gate.*``.
    """

    def __init__(self, args: Namespace, base_predictor: TransformerModel, denoiser: FrozenDenoiser) -> None:
        # not TransformerModel.__init__: it would register encoder and decoder a second time
        BaseFairseqModel.__init__(self)
        self.args = args
        self.base_predictor = base_predictor
        self.denoiser = denoiser
        self.gate: Gate | None = None
        self.supports_align_args = True
        self.output_stage = args.output_stage
        self.pad = base_predictor.decoder.padding_idx
        self.eos = base_predictor.decoder.dictionary.eos()
        self._weights_loaded = True
        self._scores_reference = False
        for layer in (*base_predictor.decoder.layers.children(), *denoiser.decoder.layers.children()):
            layer.need_attn = False  # else eval mode computes attention weights in every layer
        # kept out of the registered modules, for they only refer to the two stages
        object.__setattr__(self, "_composed_encoder", ComposedEncoder(self))
        object.__setattr__(self, "_composed_decoder", ComposedDecoder(denoiser.decoder))

    # What fairseq's generator sees ------------------------------------------------------------------------------

    @property
    def encoder(self) -> Any:
        return self._composed_encoder if self.output_stage == "composed" else self.base_predictor.encoder

    @property
    def decoder(self) -> Any:
        return self._composed_decoder if self.output_stage == "composed" else self.base_predictor.decoder

    def max_positions(self) -> tuple[int, int]:
        return self.base_predictor.encoder.max_positions(), self._max_output_positions()

    def max_decoder_positions(self) -> int:
        return self._max_output_positions()

    def _max_output_positions(self) -> int:
        stages = (self.base_predictor.decoder, self.denoiser.encoder, self.denoiser.decoder)
        return min(stage.max_positions() for stage in stages)

    # Training ---------------------------------------------------------------------------------------------------

    def forward(
        self,
        src_tokens: Tensor,
        src_lengths: Tensor,
        prev_output_tokens: Tensor,
        request: ComposedRequest | None = None,
        **kwargs: Any,
    ) -> tuple[Tensor, dict[str, Any]]:
        """The base predictor's logits on the gold output, as in any fairseq model; on request also composed terms.

        Everything differentiable happens in here, so that the hooks of distributed wrappers see it.

        Args:
            src_tokens: (N, S) sources. prev_output_tokens: (N, T) shifted gold outputs.
            request: asks for ``extra["composed"]``, the ``ComposedTerms``.

        Returns:
            (N, T, V) logits and a dictionary.
        """
        self._require_weights()
        if self._scores_reference:  # fairseq's scorer asks for log p_Π(y | f(x)) of the model itself
            return self.decoder(prev_output_tokens, encoder_out=self.encoder(src_tokens, src_lengths))
        base = self.base_predictor
        encoder_out = base.encoder(src_tokens, src_lengths=src_lengths)
        kwargs.setdefault("alignment_layer", NO_LAYER)
        logits, extra = base.decoder(prev_output_tokens, encoder_out=encoder_out, src_lengths=src_lengths, **kwargs)
        if request is not None:
            if not (request.share_encoder or drops_nothing(base.encoder)):
                with without_dropout(base):
                    encoder_out = base.encoder(src_tokens, src_lengths=src_lengths)
            if request.max_lengths is None:
                request = request._replace(max_lengths=self.base_max_lengths(src_tokens))
            extra["composed"] = self.composed_terms(encoder_out, request)
        return logits, extra

    def composed_terms(self, encoder_out: dict[str, list[Tensor]], request: ComposedRequest) -> ComposedTerms:
        """Draws K outputs of the base predictor for each source and scores the gold output behind each."""
        copies, bounds = max(request.num_samples, 1), request.max_lengths
        references = request.target.unsqueeze(1) if request.references is None else request.references  # (N, R, T)
        gold = references.repeat_interleave(copies, 0)
        tokens = self._decode(encoder_out, bounds, sample=request.num_samples > 0, copies=copies)  # (N * K, T')
        repeated = repeat_each(encoder_out, copies)
        relaxed = greedy = None
        with without_dropout(self.base_predictor) as base:
            if request.gumbel_temperature is None:
                log_probs = sequence_log_probs(base, repeated, tokens, without_pad=True)
                costs = self.denoiser_costs(tokens, gold).amin(1)
            else:
                logits = output_logits(base, repeated, tokens)
                log_probs = gold_log_probs(logits, tokens, self.pad)
                rows = straight_through(logits, tokens, request.gumbel_temperature)
                nearest = self.denoiser_costs(tokens, gold).argmin(1) if gold.size(1) > 1 else 0
                relaxed = self._relaxed_costs(rows, tokens, gold[torch.arange(len(gold)), nearest]).view(-1, copies)
                costs = relaxed.detach()
        if request.with_greedy:
            greedy = self.denoiser_costs(self._decode(encoder_out, bounds), references).amin(1)
        return ComposedTerms(tokens, log_probs.view(-1, copies), costs.view(-1, copies), greedy, relaxed)

    def _decode(self, encoder_out: dict[str, list[Tensor]], max_lengths: Any, **options: Any) -> Tensor:
        """The base predictor's outputs, see ``decode``; N sentences, (N,) bounds."""
        bounds = max_lengths.clamp(min=1, max=self._max_output_positions())
        with without_dropout(self.base_predictor) as base:
            return decode(base.decoder, encoder_out, bounds, eos=self.eos, pad=self.pad, **options)

    @torch.no_grad()
    def denoiser_costs(self, tokens: Tensor, references: Tensor) -> Tensor:
        """-log p_Π(y | ŷ) in nats, summed over y, for R references y: outputs (N, T'), gold (N, R, T) -> (N, R).

        Infinite for a reference that is the first once more: it fills the places of a pair that has fewer than R.
        """
        own = references.ne(references[:, :1]).any(2)  # (N, R)
        own[:, 0] = True
        encoder_out = self.denoiser.encoder.reorder_encoder_out(encode(self.denoiser, tokens), own.nonzero()[:, 0])
        log_probs = sequence_log_probs(self.denoiser, encoder_out, references[own])
        return log_probs.new_full(own.shape, math.inf).masked_scatter(own, -log_probs)

    def _relaxed_costs(self, rows: Tensor, tokens: Tensor, target: Tensor) -> Tensor:
        """The same for outputs given as one-hot rows (N, T', V) with a gradient, through the frozen denoiser."""
        embedding = self.denoiser.encoder.embed_tokens.weight  # (V, C)
        embedded = (rows.to(embedding) @ embedding).masked_fill(tokens.eq(self.pad).unsqueeze(-1), 0.0)
        encoder_out = encode(self.denoiser, tokens, token_embeddings=embedded)
        return -sequence_log_probs(self.denoiser, encoder_out, target, rows=rows)

    # Decoding both stages ---------------------------------------------------------------------------------------

    def base_max_lengths(self, src_tokens: Tensor) -> Tensor:
        """(N, S) sources -> (N,) bound on the base predictor's output, from the source's length without padding."""
        lengths, args = lengths_of(src_tokens, self.pad), self.args
        return length_bounds(lengths, args.base_max_len_a, args.base_max_len_b, self._max_output_positions())

    @torch.no_grad()
    def decode_base(self, src_tokens: Tensor, src_lengths: Tensor, max_lengths: Tensor | None = None) -> Tensor:
        """ŷ = f(x), greedily: (N, S) -> (N, T') right-padded, ended by the end symbol unless cut off."""
        self._require_weights()
        bounds = self.base_max_lengths(src_tokens) if max_lengths is None else max_lengths
        with without_dropout(self.base_predictor) as base:
            return translate(base, src_tokens, bounds, eos=self.eos, pad=self.pad)

    @torch.no_grad()
    def denoise(self, tokens: Tensor, max_lengths: Tensor | None = None) -> Tensor:
        """Π(ŷ), greedily: (N, T') right-padded outputs -> (N, T''); ŷ itself where a gate lets it through."""
        if max_lengths is None:
            max_lengths = self.base_max_lengths(tokens)
        max_lengths = max_lengths.clamp(min=1, max=self._max_output_positions())
        denoised = translate(self.denoiser, tokens, max_lengths, eos=self.eos, pad=self.pad)
        return denoised if self.gate is None else self._composed_encoder.choose(tokens, denoised)

    def prepare_for_inference_(self, cfg: Any) -> None:
        """Called by fairseq's commands and its hub; UserError for what the composed stage cannot give."""
        options = cfg.generation
        if self.output_stage == "composed":
            refuse({each.option: getattr(options, each.option, None) for each in GENERATION}, GENERATION)
            self._scores_reference = bool(getattr(options, "score_reference", False))
        super().prepare_for_inference_(cfg)

    # Construction and checkpoints -------------------------------------------------------------------------------

    @classmethod
    def add_args(cls, parser: ArgumentParser) -> None:
        super().add_args(parser)
        parser.add_argument(
            "--denoiser-path", metavar="FILE", help="checkpoint of the denoiser, which holds its architecture; required"
        )
        parser.add_argument(
            "--base-predictor-path",
            metavar="FILE",
            help="where the base predictor's weights come from: a checkpoint, 'denoiser' (default) or 'random'",
        )
        parser.add_argument(
            "--output-stage",
            choices=STAGES,
            help="what generation returns: the composed output (default) or the base predictor's",
        )
        add_shape_args(parser, ": of a random base predictor; a checkpoint says what its model is")
        parser.add_argument(
            "--base-max-len-a",
            type=float,
            metavar="A",
            help=f"each stage decodes at most A * length + B tokens, length being its input's (default: {MAX_LEN[0]})",
        )
        parser.add_argument(
            "--base-max-len-b", type=int, metavar="B", help=f"see --base-max-len-a, in tokens (default: {MAX_LEN[1]})"
        )

    @classmethod
    def build_model(cls, args: Any, task: FairseqTask) -> ComposedTransformerModel:
        """Builds both stages; reads their weights unless ``args`` come from a composed checkpoint, which holds them."""
        with as_namespace(args) as options:
            composed_architecture(options)
            return build(cls, options, task)

    def load_state_dict(self, state_dict: Any, strict: bool = True, model_cfg: Any = None, args: Any = None) -> Any:
        for part in ("denoiser", "base_predictor") + ("gate",) * (self.gate is not None):
            if not any(name.startswith(f"{part}.") for name in state_dict):
                raise UserError(
                    f"the checkpoint holds no weights of the composed model's {part.replace('_', ' ')}; "
                    "was it written by --arch composed_transformer, and whole?"
                )
        result = super().load_state_dict(state_dict, strict, model_cfg, args)
        self._weights_loaded = True
        return result

    def expect_weights(self) -> None:
        """Nothing is computed from here on until ``load_state_dict`` has brought the weights."""
        self._weights_loaded = False

    def _require_weights(self) -> None:
        if not self._weights_loaded:
            raise UserError("the composed model was built from a checkpoint's options, but its weights were not loaded")


def composed_architecture(args: Namespace) -> None:
    """Defaults of the options that are the composed model's own; shapes are left to the checkpoints."""
    args.denoiser_path = getattr(args, "denoiser_path", None)
    args.base_predictor_path = getattr(args, "base_predictor_path", None) or "denoiser"
    args.output_stage = getattr(args, "output_stage", None) or "composed"
    if args.output_stage not in STAGES:  # --model-overrides does not pass argparse's check
        raise UserError(f"--output-stage is {args.output_stage}; it must be one of {', '.join(STAGES)}")
    args.base_max_len_a = getattr(args, "base_max_len_a", float(MAX_LEN[0]))
    args.base_max_len_b = getattr(args, "base_max_len_b", MAX_LEN[1])


@register_model_architecture("composed_transformer", "composed_transformer")
def composed_transformer(args: Namespace) -> None:
    composed_architecture(args)


def _register(name: str) -> None:
    @register_model_architecture("composed_transformer", f"composed_transformer_{name}")
    def architecture(args: Namespace) -> None:
        set_sizes(args, name)
        composed_architecture(args)


for _name in SIZES:
    _register(_name)
