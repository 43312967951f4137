"""fairseq's Transformer, plain or copying: what denoisers, baselines and base predictors are built from.

Legend: N sentences, S source length, T target length, C channels, V vocabulary.
"""

from argparse import ArgumentParser
from typing import Any

import torch
from fairseq.models.transformer import (
    TransformerConfig,
    TransformerDecoderBase,
    TransformerEncoderBase,
    TransformerModel,
)
from torch import Tensor

from ..errors import UserError
from .architecture import fingerprint
from .copying import CopyAttention, Copying, CopyStepper, Source, mixture
from .following import first_places, followed_places, match_lengths
from .line_positions import add_lines

COPYING = "decoder.copying."  # what the names of its weights start with
STEPPER = "copying"  # its name in fairseq's incremental state


class CopyingEncoder(TransformerEncoderBase):
    """Hands the source's tokens on, under the key that fairseq reorders in a beam search."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.refuses_cut_off = True  # a denoiser in a composed model may read an output that was cut off

    def forward(self, src_tokens: Tensor, *args: Any, **options: Any) -> Any:
        """(N, S) sources, padded on either side -> as in fairseq; UserError for one that holds nothing or no end."""
        if not src_tokens.ne(self.padding_idx).any(1).all():
            raise UserError("a source of the batch is padding alone: there is nothing to copy from; is a line empty?")
        if self.refuses_cut_off and not src_tokens.eq(self.dictionary.eos()).any(1).all():
            raise UserError(
                "a source of the batch has no end symbol, which a copying model copies, too; binarise the data with "
                "fairseq-preprocess, or append the dictionary's eos()"
            )
        return {**super().forward(src_tokens, *args, **options), "src_tokens": [src_tokens]}


class CopyingDecoder(TransformerDecoderBase):
    """Its output is log p of the mixture in place of logits: normalised, so that a softmax leaves it as it is.

    What fairseq and this package do to logits (temperature, a softmax, certain tokens) is done to the mixture.
    """

    def __init__(self, cfg: Any, dictionary: Any, embed_tokens: Any, **options: Any) -> None:
        super().__init__(cfg, dictionary, embed_tokens, **options)
        dims = self.output_embed_dim, cfg.encoder.embed_dim, embed_tokens.embedding_dim
        self.copying = CopyAttention(*dims, dropout=getattr(cfg, "copy_dropout", None) or 0.0)

    def forward(
        self,
        prev_output_tokens: Tensor,
        encoder_out: Any = None,
        incremental_state: Any = None,
        features_only: bool = False,
        src_lengths: Any = None,
        return_all_hiddens: bool = False,
        **options: Any,
    ) -> tuple[Tensor, Any]:
        """(N, T) previous tokens -> (N, T or 1, V) log-probabilities, float32, and a dictionary."""
        features, extra = self.extract_features(prev_output_tokens, encoder_out, incremental_state, **options)
        if features_only:
            return features, extra
        logits, tokens = self.output_layer(features), encoder_out["src_tokens"][0]
        if incremental_state is not None:
            stepper = self._stepper(prev_output_tokens, encoder_out, incremental_state)
            return stepper(features, self.embedded(prev_output_tokens[:, -1:]), logits), extra
        copying = self.copy(features, prev_output_tokens, encoder_out)
        return mixture(logits, copying, Source.of(tokens, logits.size(-1), self.padding_idx)), extra

    def get_normalized_probs(self, net_output: Any, log_probs: bool, sample: Any = None) -> Tensor:
        """As in fairseq; in training, where nothing has changed them, the log-probabilities as they are."""
        if self.training and log_probs:
            return net_output[0]
        return super().get_normalized_probs(net_output, log_probs, sample)

    def embedded(self, tokens: Tensor) -> Tensor:
        """What the gate sees of the token before: (N, T) -> (N, T, E)."""
        return self.embed_scale * self.embed_tokens(tokens)

    def copy(self, features: Tensor, previous: Tensor, encoder_out: Any) -> Copying:
        """What copying adds behind features (N, T, C) of previous tokens (N, T)."""
        source, pad = encoder_out["src_tokens"][0], self.padding_idx
        matches = match_lengths(previous, source, self.dictionary.eos(), pad)
        places = followed_places(previous, source, matches, pad)
        steps = torch.arange(previous.size(1), device=source.device)
        centres = first_places(source, pad).unsqueeze(1) + steps
        keys = self.copying.key(encoder_out["encoder_out"][0].transpose(0, 1))
        weights = self.copying.weights(features, keys, matches, centres, places, source.eq(pad))
        return Copying(weights, *self.copying.gates(features, self.embedded(previous)))

    def stepper(self, encoder_out: Any, copies: int = 1) -> CopyStepper:
        """For decoding token by token, K outputs of each of the N sources."""
        states, tokens = encoder_out["encoder_out"][0].transpose(0, 1), encoder_out["src_tokens"][0]
        words = self.dictionary
        return CopyStepper(self.copying, states, tokens, copies, len(words), words.eos(), words.pad())

    def _stepper(self, previous: Tensor, encoder_out: Any, incremental_state: Any) -> CopyStepper:
        """fairseq hands over all tokens so far, (N, T): the stepper goes on from the step before, where it was kept."""
        stepper = incremental_state.get(STEPPER)
        if stepper is None or stepper.follower.length >= previous.size(1):
            stepper = incremental_state[STEPPER] = self.stepper(encoder_out)
        for step in range(stepper.follower.length, previous.size(1)):
            stepper.follower.advance(previous[:, step : step + 1])
        return stepper

    def reorder_incremental_state(self, incremental_state: Any, new_order: Tensor) -> None:
        if STEPPER in incremental_state:
            incremental_state[STEPPER].select(new_order)


class Transformer(TransformerModel):
    """fairseq's Transformer, copying where its options say ``copy_attention``."""

    @classmethod
    def build_model(cls, args: Any, task: Any) -> Any:
        check_copying(args, task)
        return super().build_model(args, task)

    @classmethod
    def build_encoder(cls, args: Any, src_dict: Any, embed_tokens: Any) -> Any:
        if getattr(args, "copy_attention", False):
            encoder = CopyingEncoder(TransformerConfig.from_namespace(args), src_dict, embed_tokens)
        else:
            encoder = super().build_encoder(args, src_dict, embed_tokens)
        return add_lines(encoder, getattr(args, "line_symbol", None))

    @classmethod
    def build_decoder(cls, args: Any, tgt_dict: Any, embed_tokens: Any) -> Any:
        if getattr(args, "copy_attention", False):
            decoder = CopyingDecoder(TransformerConfig.from_namespace(args), tgt_dict, embed_tokens)
        else:
            decoder = super().build_decoder(args, tgt_dict, embed_tokens)
        return add_lines(decoder, getattr(args, "line_symbol", None))

    def load_state_dict(self, state_dict: Any, strict: bool = True, model_cfg: Any = None, args: Any = None) -> Any:
        copies, copied = hasattr(self.decoder, "copying"), any(name.startswith(COPYING) for name in state_dict)
        if copies != copied and strict:
            what = ("plain", "this one copies: drop") if copies else ("copying", "this one is plain: add")
            raise UserError(f"the checkpoint holds a {what[0]} model, and {what[1]} --copy-attention")
        return super().load_state_dict(state_dict, strict, model_cfg, args)


def check_copying(args: Any, task: Any) -> None:
    """Raises UserError for options that do not fit together, or not these dictionaries."""
    dropout = getattr(args, "copy_dropout", None) or 0.0
    if not 0 <= dropout < 1:
        raise UserError(f"--copy-dropout {dropout}: a share of sentences is at least 0 and below 1")
    if not getattr(args, "copy_attention", False):
        if dropout:
            raise UserError(
                f"--copy-dropout {dropout} without --copy-attention: nothing is copied that could be left out"
            )
        return
    source, target = fingerprint(task.source_dictionary), fingerprint(task.target_dictionary)
    if source != target:
        raise UserError(
            f"--copy-attention needs one dictionary for source and target (source: {source}; target: {target}); "
            "binarise with fairseq-preprocess --joined-dictionary"
        )
    if getattr(args, "adaptive_softmax_cutoff", None):
        raise UserError("--copy-attention does not fit --adaptive-softmax-cutoff; drop one of them")


def add_shape_args(parser: ArgumentParser, whose: str = "") -> None:
    parser.add_argument(
        "--copy-attention",
        action="store_true",
        default=None,  # a model whose checkpoint says it is not asked
        help=f"a decoder that also copies tokens of its source{whose}",
    )
    parser.add_argument(
        "--copy-dropout",
        type=float,
        metavar="P",
        help="with --copy-attention: share of the sentences that train the generating half alone, 0 to 1; a copying "
        "denoiser that a predictor starts from needs it (default: 0)",
    )
    parser.add_argument(
        "--line-symbol",
        metavar="PIECE",
        help=f"the symbol that ends a line, ▁$ say: positions then also count lines{whose} (default: they do not)",
    )
