"""Greedy outputs of models that our decoding does not know, and the options that metrics need."""

from argparse import Namespace

import pytest
import torch
from fairseq import quantization_utils
from fairseq.models import ARCH_MODEL_REGISTRY
from fairseq.models.lstm import base_architecture as lstm_architecture
from fairseq.sequence_generator import SequenceGenerator
from support import batch, build, fake_task

from fairseq_cft.errors import UserError
from fairseq_cft.models import transformer_cft  # noqa: F401  (registers it)
from fairseq_cft.modules.decoding import computes
from fairseq_cft.modules.validating import can_decode, check_metric, greedy_outputs

SENTENCES = ["a b c", "h", "b b a c d e f g h a", "c d"]


def lstm(task):
    args = Namespace(encoder_embed_dim=8, decoder_embed_dim=8, decoder_out_embed_dim=8, criterion="")
    lstm_architecture(args)
    return ARCH_MODEL_REGISTRY["lstm"].build_model(args, task)


OTHERS = {
    "adaptive softmax": lambda task: build(
        "transformer_cft_tiny", task, share_all_embeddings=False, adaptive_softmax_cutoff="4,8"
    ),
    "cross+self-attention": lambda task: build("transformer_cft_tiny", task, cross_self_attention=True),
    "no cross-attention": lambda task: build(
        "transformer_cft_tiny", task, no_cross_attention=True, cross_self_attention=True
    ),
    "lstm": lstm,
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_our_decoding_does_not_know_is_decoded_by_fairseqs_generator(name):
    task = fake_task()
    words = task.target_dictionary
    torch.manual_seed(3)
    model = OTHERS[name](task).eval()
    assert not computes(model.decoder) and can_decode(model)
    source = batch(task, SENTENCES, left=True)
    lengths, bounds = source.ne(words.pad()).sum(1), torch.tensor([9, 3, 6, 9])
    found = greedy_outputs(model, source, bounds, words)
    generator = SequenceGenerator([model], words, beam_size=1, max_len_b=8)
    for row, bound, tokens, length in zip(found, bounds.tolist(), source, lengths.tolist(), strict=True):
        alone = {"src_tokens": tokens[None, -length:], "src_lengths": torch.tensor([length])}
        (beams,) = generator.generate([model], {"net_input": alone})
        assert row[row.ne(words.pad())].tolist() == beams[0]["tokens"][:bound].tolist()


def test_rounded_weights_are_not_taken_for_the_models():
    """--quant-noise-scalar, which fairseq can compute on a GPU alone."""
    model = build("transformer_cft_tiny", fake_task())
    assert computes(model.decoder)
    assert not computes(quantization_utils.quantize_model_scalar(model, Namespace(quant_noise_scalar=0.5)).decoder)


def test_what_writes_all_tokens_at_once_is_not_decoded():
    model = build("transformer_cft_tiny", fake_task())
    assert can_decode(model)
    model.initialize_output_tokens = print  # as fairseq's non-autoregressive models have
    assert not can_decode(model) and not can_decode(torch.nn.Linear(1, 1))


def test_a_metric_needs_the_option_that_logs_it():
    needs = {"exact": "eval_exact_match"}
    with pytest.raises(UserError, match="metric exact needs --eval-exact-match"):
        check_metric("exact", needs, Namespace(eval_exact_match=False))
    check_metric("exact", needs, Namespace(eval_exact_match=True))
    check_metric("loss", needs, Namespace(eval_exact_match=False))
