"""The composed model Π ∘ f: a base predictor f trained through a frozen denoiser Π (Xie, Ma and Liang, ICML 2021).

Legend: N sentences, K samples a sentence, S source length, T target length, V vocabulary.

Seen from fairseq's generator, the composed model is an encoder-decoder: its encoder runs the base predictor, decodes ŷ
greedily and runs the denoiser's encoder on ŷ; its decoder is the denoiser's decoder. Generation, interactive use and
ensembles therefore work without a special task.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Any

import torch
from fairseq.models import BaseFairseqModel, register_model, register_model_architecture
from fairseq.models.transformer import TransformerModel
from fairseq.tasks import FairseqTask
from torch import Tensor

from ..errors import UserError
from ..modules.architecture import SIZES, as_namespace, set_sizes
from ..modules.building import build
from ..modules.composed_encoder import ComposedDecoder, ComposedEncoder
from ..modules.decoding import decode, mask_forbidden, translate
from ..modules.denoiser import FrozenDenoiser
from ..modules.gate import Gate
from ..modules.pretrained import FromExportedFolder
from ..modules.scoring import (
    ComposedTerms,
    drops_nothing,
    gold_log_probs,
    repeat_each,
    sequence_log_probs,
    straight_through,
    without_dropout,
)

STAGES = ("composed", "base")
# As alignment layer: fairseq then computes no attention weights, which nobody reads, and uses fast kernels.
NO_LAYER = -1


@register_model("composed_transformer")
class ComposedTransformerModel(FromExportedFolder, TransformerModel):
    """A base predictor in front of a frozen denoiser; parameters ``base_predictor.*`` and ``denoiser.*``, each once.

    With a gate (see ``_gate.put_gate``) also ``gate.*``.
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
        for layer in (*base_predictor.decoder.layers, *denoiser.decoder.layers):
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
        target: Tensor | None = None,
        num_samples: int = 0,
        sample_max_lengths: Tensor | None = None,
        with_greedy: bool = False,
        gumbel_temperature: float | None = None,
        share_encoder: bool = False,
        **kwargs: Any,
    ) -> tuple[Tensor, dict[str, Any]]:
        """The base predictor's logits on the gold output, as in any fairseq model; with ``target`` also composed terms.

        Everything differentiable happens in here, so that the hooks of distributed wrappers see it.

        Args:
            src_tokens: (N, S) sources. prev_output_tokens: (N, T) shifted gold outputs.
            target: (N, T) gold outputs y; asks for ``extra["composed"]``, the ``ComposedTerms``.
            num_samples: K samples of ŷ a sentence, drawn and scored without dropout; 0 decodes one ŷ greedily.
            share_encoder: samples see the encoder's output for the gold output, dropout and all, instead of their own;
                where the encoder drops nothing, this is done in any case, and exact.
            sample_max_lengths: (N,) bound on the samples' lengths, in tokens.
            with_greedy: also score the greedy ŷ (self-critical baseline).
            gumbel_temperature: also the samples' relaxed costs, see ``straight_through``.

        Returns:
            (N, T, V) logits and a dictionary.
        """
        self._require_weights()
        base = self.base_predictor
        encoder_out = base.encoder(src_tokens, src_lengths=src_lengths)
        kwargs.setdefault("alignment_layer", NO_LAYER)
        logits, extra = base.decoder(prev_output_tokens, encoder_out=encoder_out, src_lengths=src_lengths, **kwargs)
        if target is not None:
            if not (share_encoder or drops_nothing(base.encoder)):
                with without_dropout(base):
                    encoder_out = base.encoder(src_tokens, src_lengths=src_lengths)
            bounds = self.base_max_lengths(src_tokens) if sample_max_lengths is None else sample_max_lengths
            terms = self.composed_terms(
                encoder_out, prev_output_tokens, target, num_samples, bounds, gumbel_temperature
            )
            if with_greedy:
                greedy = self._decode(encoder_out, bounds)
                terms = terms._replace(greedy_costs=self.denoiser_costs(greedy, prev_output_tokens, target))
            extra["composed"] = terms
        return logits, extra

    def composed_terms(
        self,
        encoder_out: dict[str, list[Tensor]],
        prev_output_tokens: Tensor,
        target: Tensor,
        num_samples: int,
        max_lengths: Tensor,
        gumbel_temperature: float | None = None,
    ) -> ComposedTerms:
        """Draws K outputs of the base predictor for each source and scores the gold output behind each; see forward."""
        copies = max(num_samples, 1)
        tokens = self._decode(encoder_out, max_lengths, sample=num_samples > 0, copies=copies)  # (N * K, T')
        gold = prev_output_tokens.repeat_interleave(copies, 0), target.repeat_interleave(copies, 0)
        features = self._sample_features(tokens, repeat_each(encoder_out, copies))
        relaxed = None
        if gumbel_temperature is None:
            log_probs = sequence_log_probs(self.base_predictor.decoder, features, tokens, self.pad, without_pad=True)
            costs = self.denoiser_costs(tokens, *gold)
        else:
            logits = mask_forbidden(self.base_predictor.decoder.output_layer(features), self.pad)
            log_probs = gold_log_probs(logits, tokens, self.pad)
            relaxed = self._relaxed_costs(straight_through(logits, tokens, gumbel_temperature), tokens, *gold)
            relaxed = relaxed.view(-1, copies)
            costs = relaxed.detach()
        return ComposedTerms(tokens, log_probs.view(-1, copies), costs.view(-1, copies), relaxed_costs=relaxed)

    def _decode(self, encoder_out: dict[str, list[Tensor]], max_lengths: Tensor, **options: Any) -> Tensor:
        """The base predictor's outputs, see ``decode``; N sentences, (N,) bounds."""
        bounds = max_lengths.clamp(min=1, max=self._max_output_positions())
        with without_dropout(self.base_predictor) as base:
            return decode(base.decoder, encoder_out, bounds, eos=self.eos, pad=self.pad, **options)

    def _sample_features(self, tokens: Tensor, encoder_out: Any) -> Tensor:
        """What the base predictor's output layer sees behind each token of outputs ŷ: (R, T') -> (R, T', C)."""
        begin = tokens.new_full((tokens.size(0), 1), self.eos)
        previous = torch.cat([begin, tokens[:, :-1]], dim=1)
        with without_dropout(self.base_predictor) as base:
            return base.decoder(previous, encoder_out=encoder_out, alignment_layer=NO_LAYER, features_only=True)[0]

    @torch.no_grad()
    def denoiser_costs(self, tokens: Tensor, prev_output_tokens: Tensor, target: Tensor) -> Tensor:
        """-log p_Π(y | ŷ) in nats, summed over y: outputs (N, T'), gold (N, T) -> (N,)."""
        return self._denoiser_costs(tokens, None, prev_output_tokens, target)

    def _relaxed_costs(self, rows: Tensor, tokens: Tensor, prev_output_tokens: Tensor, target: Tensor) -> Tensor:
        """The same for outputs given as one-hot rows (N, T', V) with a gradient, through the frozen denoiser."""
        embedding = self.denoiser.encoder.embed_tokens.weight  # (V, C)
        embedded = (rows.to(embedding) @ embedding).masked_fill(tokens.eq(self.pad).unsqueeze(-1), 0.0)
        return self._denoiser_costs(tokens, embedded, prev_output_tokens, target)

    def _denoiser_costs(
        self, tokens: Tensor, embedded: Tensor | None, prev_output_tokens: Tensor, target: Tensor
    ) -> Tensor:
        lengths = tokens.ne(self.pad).sum(1)
        encoder_out = self.denoiser.encoder(tokens, src_lengths=lengths, token_embeddings=embedded)
        decoder = self.denoiser.decoder
        features, _ = decoder(prev_output_tokens, encoder_out=encoder_out, alignment_layer=NO_LAYER, features_only=True)
        return -sequence_log_probs(decoder, features, target, self.pad)

    # Decoding both stages ---------------------------------------------------------------------------------------

    def base_max_lengths(self, src_tokens: Tensor) -> Tensor:
        """(N, S) sources -> (N,) bound on the base predictor's output, from the source's length without padding."""
        lengths = src_tokens.ne(self.pad).sum(1)
        bounds = (self.args.base_max_len_a * lengths + self.args.base_max_len_b).long()
        return bounds.clamp(min=1, max=self._max_output_positions())

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
        parser.add_argument(
            "--base-max-len-a",
            type=float,
            metavar="A",
            help="each stage decodes at most A * length + B tokens, length being its input's (default: 3)",
        )
        parser.add_argument(
            "--base-max-len-b", type=int, metavar="B", help="see --base-max-len-a, in tokens (default: 100)"
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
    args.base_max_len_a = getattr(args, "base_max_len_a", 3.0)
    args.base_max_len_b = getattr(args, "base_max_len_b", 100)


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
