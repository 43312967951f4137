"""fairseq's generator with a beam of one, by our decoding: the same outputs and scores in less time.

Legend: N sentences, S source length, T target length, V vocabulary.
"""

from typing import Any

import torch
from fairseq.search import BeamSearch
from fairseq.sequence_generator import SequenceGenerator
from torch import Tensor

from .batches import previous_tokens
from .composed_encoder import ComposedDecoder
from .decoding import computes, decode

ROOM = 2**24  # log-probabilities that are held at once when outputs are scored


def faster(generator: Any) -> Any:
    """The generator, or ours in its place where both write the same."""
    return GreedyGenerator(generator) if type(generator) is SequenceGenerator and _is_greedy(generator) else generator


def _is_greedy(generator: SequenceGenerator) -> bool:
    plain = (
        generator.beam_size == generator.model.models_size == generator.temperature == 1
        and type(generator.search) is BeamSearch
        and generator.min_len <= 1
        and not (generator.unk_penalty or generator.match_source_len)
        and generator.eos == generator.tgt_dict.eos()
        and generator.lm_model is generator.repeat_ngram_blocker is generator.token_indices_to_suppress is None
    )
    if not plain or not hasattr(generator.model.single_model, "decoder"):
        return False
    decoder = _decoder(generator.model.single_model)
    return computes(decoder) and not any(getattr(each, "apply_during_inference", False) for each in decoder.modules())


def _decoder(model: Any) -> Any:
    """What writes the tokens: of a composed model, the denoiser's decoder."""
    return model.decoder.decoder if type(model.decoder) is ComposedDecoder else model.decoder


class GreedyGenerator:
    """Stands in for a ``SequenceGenerator`` that ``_is_greedy``; it does itself what needs a prefix or constraints."""

    def __init__(self, generator: SequenceGenerator) -> None:
        self.generator = generator

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__["generator"], name)

    @torch.no_grad()
    def generate(self, models: Any, sample: dict[str, Any], **options: Any) -> list[list[dict[str, Tensor]]]:
        """As fairseq's: for each sentence one output, with the scores of its tokens and, where a model has it, the
        attention of its last layer, (S, T)."""
        theirs = self.generator
        if any(value is not None for value in options.values()):
            return theirs.generate(models, sample, **options)
        model, net_input = theirs.model.single_model, sample["net_input"]
        source = net_input["src_tokens"]
        # one bound a batch, as there; the end symbol comes on top
        longest = min(int(theirs.max_len_a * source.size(1) + theirs.max_len_b), theirs.max_len - 1)
        (encoder_out,) = theirs.model.forward_encoder(net_input)
        bounds = torch.full((len(source),), longest, device=source.device)
        output = decode(_decoder(model), encoder_out, bounds, eos=theirs.eos, pad=theirs.pad)
        if theirs.min_len and output[:, 0].eq(theirs.eos).any():  # there the end symbol is no first token
            return theirs.generate(models, sample)
        output = torch.nn.functional.pad(output, (0, 1), value=theirs.pad)
        ended = output.eq(theirs.eos).any(1)
        lengths = output.ne(theirs.pad).sum(1) + ~ended
        output[~ended, lengths[~ended] - 1] = theirs.eos
        return self._scored(model, encoder_out, output[:, : int(lengths.max())], lengths.tolist())

    def _scored(
        self, model: Any, encoder_out: Any, output: Tensor, lengths: list[int]
    ) -> list[list[dict[str, Tensor]]]:
        """Outputs (N, T) as fairseq's generator gives them."""
        theirs, rows = self.generator, torch.arange(len(output), device=output.device)
        hypotheses = []
        for part in rows.split(max(1, ROOM // (output.size(1) * theirs.vocab_size))):
            tokens = output[part]
            states = model.encoder.reorder_encoder_out(encoder_out, part)
            made = model.decoder(previous_tokens(tokens, theirs.eos, theirs.pad), encoder_out=states)
            scores = model.get_normalized_probs(made, log_probs=True).gather(-1, tokens.unsqueeze(-1)).squeeze(-1)
            attention = made[1]["attn"][0]  # (N, T, S), or None
            for row, length in enumerate(lengths[int(part[0]) : int(part[-1]) + 1]):
                each = scores[row, :length]
                score = each.sum() / (length**theirs.len_penalty if theirs.normalize_scores else 1)
                seen = torch.empty(0) if attention is None else attention[row, :length].t()
                hypotheses.append(
                    [
                        {
                            "tokens": tokens[row, :length],
                            "score": score,
                            "attention": seen,
                            "alignment": torch.empty(0),
                            "positional_scores": each,
                        }
                    ]
                )
        return hypotheses
