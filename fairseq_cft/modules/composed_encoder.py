"""The encoder that holds both stages, and its decoder: what makes Π ∘ f an encoder-decoder for fairseq's generator."""

from typing import Any

from fairseq.models import FairseqEncoder, FairseqIncrementalDecoder
from torch import Tensor

from .decoding import encode


class ComposedEncoder(FairseqEncoder):
    """Encoder of Π ∘ f: base predictor, greedy ŷ, the denoiser's encoder on ŷ. Owns no parameters.

    Legend: N sentences, S source length, T' length of ŷ, C channels.
    """

    def __init__(self, model: Any) -> None:
        super().__init__(model.denoiser.encoder.dictionary)
        object.__setattr__(self, "model", model)  # not registered: the model holds this encoder

    def forward(self, src_tokens: Tensor, src_lengths: Tensor, **kwargs: Any) -> Any:
        """(N, S) sources -> the denoiser encoder's output on ŷ, (T', N, C) and its mask."""
        return self.encode(self.model.decode_base(src_tokens, src_lengths))

    def encode(self, tokens: Tensor) -> Any:
        """The same for outputs ŷ, (N, T') right-padded."""
        return encode(self.model.denoiser, tokens)

    def reorder_encoder_out(self, encoder_out: Any, new_order: Tensor) -> Any:
        return self.model.denoiser.encoder.reorder_encoder_out(encoder_out, new_order)

    def max_positions(self) -> int:
        return self.model.base_predictor.encoder.max_positions()


class ComposedDecoder(FairseqIncrementalDecoder):
    """The denoiser's decoder without its attention weights: they are over ŷ, not over the source.

    An ensemble would average them, and fail where its models' ŷ differ in length.
    """

    def __init__(self, decoder: Any) -> None:
        super().__init__(decoder.dictionary)
        self.decoder = decoder  # a child, so that fairseq finds the incremental state of its layers

    def forward(self, prev_output_tokens: Tensor, encoder_out: Any = None, **options: Any) -> tuple[Tensor, Any]:
        """(N, T) previous tokens -> (N, T or 1, V) logits, and a dictionary."""
        logits, extra = self.decoder(prev_output_tokens, encoder_out=encoder_out, **options)
        return logits, {**extra, "attn": [None]}

    def max_positions(self) -> int:
        return self.decoder.max_positions()
