"""A beam of one by our decoding: whatever fairseq's generator gives, and fairseq's itself where ours would differ."""

from types import SimpleNamespace

import pytest
import torch
from fairseq.search import Sampling
from fairseq.sequence_generator import SequenceGenerator
from support import batch, build, fake_task, save

from fairseq_cft.modules.greedy_generator import ROOM, GreedyGenerator, faster

SENTENCES = ["a b c", "h", "b b a c d e f g h a", "c d", "f e d c b a", "g", "a a a a a a a a a a a a a a"]


def larger(model):
    """Weights of which outputs differ, and some end."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(1.7)
    return model.eval()


def models(kind, task, tmp_path, seed=0):
    plain = larger(build("transformer_cft_tiny", task, seed, copy_attention=kind == "copying"))
    if kind != "composed":
        return plain
    paths = [save(larger(build("transformer_cft_tiny", task, seed + part)), tmp_path / f"{part}.pt") for part in (1, 2)]
    return build("composed_transformer_tiny", task, denoiser_path=paths[0], base_predictor_path=paths[1]).eval()


def generator_of(model, task, **options):
    given = {"beam_size": 1, "max_len_a": 1, "max_len_b": 9} | options
    return SequenceGenerator([model], task.target_dictionary, **given)


def sample_of(task, left=True):
    source = batch(task, SENTENCES, left)
    return {"net_input": {"src_tokens": source, "src_lengths": source.ne(task.source_dictionary.pad()).sum(1)}}


def assert_same(found, expected):
    assert len(found) == len(expected)
    for (one,), (other,) in zip(found, expected, strict=True):
        assert one.keys() == other.keys()
        assert torch.equal(one["tokens"], other["tokens"])
        for name in ("score", "positional_scores", "attention", "alignment"):
            torch.testing.assert_close(one[name], other[name], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("kind", ["plain", "copying", "composed"])
def test_everything_is_as_fairseqs_generator_has_it(kind, tmp_path, monkeypatch):
    task, cut = fake_task(), 0
    for seed in range(4):
        model = models(kind, task, tmp_path, seed)
        for options in ({}, {"max_len_a": 0, "max_len_b": 4, "min_len": 0}, {"normalize_scores": False}):
            theirs = generator_of(model, task, **options)
            ours = faster(theirs)
            assert isinstance(ours, GreedyGenerator) and ours.symbols_to_strip_from_output == {2}
            expected = theirs.generate([model], sample_of(task))
            assert_same(ours.generate([model], sample_of(task)), expected)
            cut += sum(len(each["tokens"]) == 5 for (each,) in expected if "min_len" in options)
            monkeypatch.setattr("fairseq_cft.modules.greedy_generator.ROOM", 300)  # a few sentences at a time
            assert_same(ours.generate([model], sample_of(task)), expected)
            monkeypatch.setattr("fairseq_cft.modules.greedy_generator.ROOM", ROOM)
    assert cut  # some ran into the bound, where the end symbol is forced


def test_a_prefix_is_left_to_fairseq(task, tmp_path):
    model = models("plain", task, tmp_path)
    theirs = generator_of(model, task)
    prefix = torch.full((len(SENTENCES), 1), 6)
    expected = theirs.generate([model], sample_of(task), prefix_tokens=prefix)
    assert all(each["tokens"][0] == 6 for (each,) in expected)
    assert_same(faster(theirs).generate([model], sample_of(task), prefix_tokens=prefix, constraints=None), expected)


def test_an_end_symbol_is_no_first_token(task, tmp_path):
    """The model writes it first and fairseq does not let it."""
    model = models("plain", task, tmp_path)
    with torch.no_grad():
        model.decoder.layer_norm.weight.zero_()  # every state is the bias: the end symbol's own embedding
        model.decoder.layer_norm.bias.copy_(model.decoder.embed_tokens.weight[task.target_dictionary.eos()])
    theirs = generator_of(model, task)
    expected = theirs.generate([model], sample_of(task))
    assert all(len(each["tokens"]) == 2 for (each,) in expected)
    assert_same(faster(theirs).generate([model], sample_of(task)), expected)
    empty = faster(generator_of(model, task, min_len=0)).generate([model], sample_of(task))
    assert all(each["tokens"].tolist() == [2] for (each,) in empty)


@pytest.mark.parametrize(
    "options",
    [
        {"beam_size": 2},
        {"temperature": 2.0},
        {"min_len": 3},
        {"unk_penalty": 1.0},
        {"match_source_len": True},
        {"no_repeat_ngram_size": 2},
        {"tokens_to_suppress": ("a",)},
        {"sampling": True},
    ],
)
def test_what_is_not_plain_greedy_stays_fairseqs(task, tmp_path, options):
    if options.pop("sampling", False):
        options = {"search_strategy": Sampling(task.target_dictionary)}
    theirs = generator_of(models("plain", task, tmp_path), task, **options)
    assert faster(theirs) is theirs


def test_models_that_our_decoding_does_not_know_stay_fairseqs(task, tmp_path):
    plain = models("plain", task, tmp_path)
    pair = SequenceGenerator([plain, plain], task.target_dictionary, beam_size=1)
    assert faster(pair) is pair
    plain.decoder.layers[0].dropout_module.apply_during_inference = True  # --retain-dropout
    theirs = generator_of(plain, task)
    assert faster(theirs) is theirs
    scorer = SimpleNamespace(generate=None)  # --score-reference has another class
    assert faster(scorer) is scorer
