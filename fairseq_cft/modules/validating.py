"""What validation needs: options for the metrics that are watched, and greedy outputs of whatever model is trained."""

from collections.abc import Mapping
from typing import Any

import torch
from fairseq.data import Dictionary
from fairseq.models import FairseqEncoderDecoderModel
from fairseq.sequence_generator import SequenceGenerator
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from ..errors import UserError
from .batches import lengths_of
from .decoding import computes, translate


def check_metric(metric: str, needs: Mapping[str, str], cfg: Any) -> None:
    """Raises UserError where --best-checkpoint-metric names a metric whose option is not given.

    Args:
        needs: metric -> name of the field of ``cfg`` that switches it on.
    """
    if metric in needs and not getattr(cfg, needs[metric]):
        raise UserError(
            f"--best-checkpoint-metric {metric} needs --{needs[metric].replace('_', '-')}, which logs it at validation"
        )


def can_decode(model: Any) -> bool:
    """Whether a model writes one token after the other, so that ``greedy_outputs`` are what it writes."""
    # non-autoregressive models of fairseq have a decoder, too
    return isinstance(model, FairseqEncoderDecoderModel) and not hasattr(model, "initialize_output_tokens")


@torch.no_grad()
def greedy_outputs(model: Any, src_tokens: Tensor, bounds: Tensor, dictionary: Dictionary) -> Tensor:
    """Greedy outputs of an encoder-decoder in eval mode: (N, S) sources, (N,) bounds -> (N, T) right-padded.

    By our decoding, or where the model computes something else, by fairseq's generator.
    """
    pad, eos = dictionary.pad(), dictionary.eos()
    if computes(model.decoder):
        return translate(model, src_tokens, bounds, eos=eos, pad=pad)
    longest = int(bounds.max())
    generator = SequenceGenerator([model], dictionary, beam_size=1, max_len_b=longest - 1)
    lengths, order = lengths_of(src_tokens, pad).sort(descending=True)  # as an LSTM wants them
    found = generator.generate([model], {"net_input": {"src_tokens": src_tokens[order], "src_lengths": lengths}})
    rows = [beams[0]["tokens"][:bound] for beams, bound in zip(found, bounds[order].tolist(), strict=True)]
    return pad_sequence(rows, batch_first=True, padding_value=pad)[order.argsort()]
