"""An exported model asked from Python, against fairseq's own generator and scorer."""

import warnings
from dataclasses import replace

import pytest
import torch
from fairseq.sequence_generator import SequenceGenerator
from fairseq.sequence_scorer import SequenceScorer
from support import batch, build, save_run, shifted

from fairseq_cft import load_model
from fairseq_cft.commands.translate import _copied
from fairseq_cft.errors import UserError
from fairseq_cft.inference.beam_search import beam_search
from fairseq_cft.inference.export import export
from fairseq_cft.inference.translator import Translator, UnknownTextWarning, batches
from fairseq_cft.modules import scoring
from fairseq_cft.modules.gate import put_gate

pytestmark = pytest.mark.xdist_group("exported")  # one worker trains the models
STAGES = {"denoiser": "denoiser", "base_predictor": "predictor"}
SENTENCES = ["a b c", "h", "b b a c", "", "c d", "f e d b", "g", "a a", "d h g", "b c h a d"]


@pytest.fixture(scope="module")
def models(exported):
    return {name: load_model(path) for name, path in vars(exported).items()}


@pytest.fixture(scope="module")
def composed(models):
    return models["composed"]


def generated(runs, model, sentences, beam) -> list[str]:
    """What fairseq's generator makes of each sentence by itself, as words."""
    words = runs.task.target_dictionary
    generator = SequenceGenerator([model], words, beam_size=beam, max_len_a=3, max_len_b=100)
    outputs = []
    for sentence in sentences:
        source = batch(runs.task, [sentence])
        sample = {"net_input": {"src_tokens": source, "src_lengths": torch.tensor([source.size(1)])}}
        outputs.append(words.string(generator.generate([model], sample)[0][0]["tokens"]))
    return outputs


def scored(runs, model, source: str, target: str) -> float:
    """fairseq's score of a target, by its scorer's positional scores."""
    tokens, gold = batch(runs.task, [source]), batch(runs.task, [target])
    net = {"src_tokens": tokens, "src_lengths": torch.tensor([tokens.size(1)])}
    sample = {"net_input": {**net, "prev_output_tokens": shifted(gold, runs.task)}, "target": gold}
    (found,) = SequenceScorer(runs.task.target_dictionary).generate([model], sample)
    return float(found[0]["positional_scores"].sum())


@pytest.mark.parametrize("beam", [1, 4])
def test_outputs_are_those_of_fairseqs_generator(runs, models, beam):
    asked = [sentence for sentence in SENTENCES if sentence]
    for name in ("composed", "predictor"):
        found = models[name].translate(asked, beam)
        assert len(set(found)) > 3 and found == generated(runs, models[name].model, asked, beam)
    found = models["denoiser"].denoise(asked, beam)
    assert found == generated(runs, models["denoiser"].model, asked, beam) == models["composed"].denoise(asked, beam)


def test_a_trace_tells_both_stages_and_their_scores(runs, composed):
    model = composed.model
    for beam in (1, 4):
        traces = composed.translate(SENTENCES, beam, trace=True)
        assert [trace.output for trace in traces] == composed.translate(SENTENCES, beam)
        assert {trace.changed for trace in traces} == {True, False}
        for sentence, trace in zip(SENTENCES, traces, strict=True):
            assert trace.changed == (trace.output != trace.base)
            if sentence:
                assert [trace.base] == generated(runs, model.base_predictor, [sentence], 1)
                assert trace.base_score == pytest.approx(
                    scored(runs, model.base_predictor, sentence, trace.base), abs=1e-4
                )
                assert trace.output_score == pytest.approx(
                    scored(runs, model.denoiser, trace.base, trace.output), abs=1e-4
                )


def test_a_plain_models_trace_has_one_stage(runs, models):
    trace = models["predictor"].translate("a b c", trace=True)
    assert (trace.base, trace.base_score, trace.changed) == (None, None, False)
    assert trace.output_score == pytest.approx(scored(runs, models["predictor"].model, "a b c", trace.output), abs=1e-4)


def test_a_denoisers_trace_tells_whether_the_program_came_back(models):
    texts = ["a b", "", *SENTENCES, "a  b "]
    traces = models["denoiser"].denoise(texts, trace=True)
    assert [trace.base for trace in traces] == [*texts[:-1], "a b"]
    assert [trace.changed for trace in traces] == [trace.output != trace.base for trace in traces]
    assert {trace.changed for trace in traces} == {True, False}


def test_a_score_is_the_log_probability_of_a_given_program(runs, models):
    source, target = ["a b c", "h", ""], ["c b", "a a a a a a", "d"]
    plain = models["predictor"]
    assert plain.score(source, target) == pytest.approx(
        [scored(runs, plain.model, *pair) for pair in zip(source, target, strict=True)], abs=1e-4
    )
    composed = models["composed"]
    assert composed.score("a b c", "c b", stage="base") == pytest.approx(plain.score("a b c", "c b"), abs=1e-5)
    base = composed.translate("a b c", trace=True).base
    through = composed.score("a b c", "c b")
    assert through == composed.score("a b c", "c b", stage="composed")
    assert through == pytest.approx(models["denoiser"].score(base, "c b"), abs=1e-5)


@pytest.mark.parametrize("beam", [1, 3])
@pytest.mark.parametrize("count", [0, 1, 2, 17])
def test_a_list_gives_a_list_in_order_whatever_the_batches(composed, monkeypatch, count, beam):
    texts = (SENTENCES * 3)[:count]
    alone = [composed.translate(text, beam) for text in texts]
    assert composed.translate(texts, beam) == composed.translate(tuple(texts), beam) == alone
    monkeypatch.setattr(composed, "max_tokens", 20)
    assert composed.translate(texts, beam) == alone


@pytest.mark.parametrize("beam", [1, 3])
def test_an_output_is_cut_off_by_its_own_bound_whatever_the_batch(runs, models, beam):
    """Bounds of 3 to 11 tokens, for a model that reverses and one that has learnt nothing."""
    texts = [sentence for sentence in SENTENCES if sentence]
    config = replace(models["predictor"].config, max_len_a=2, max_len_b=-1)
    for model in (models["predictor"].model, build("transformer_cft_tiny", runs.task, 0).eval()):
        bounded = Translator(model, runs.task.target_dictionary, None, config)
        alone = [bounded.translate(text, beam) for text in texts]
        assert bounded.translate(texts, beam) == alone
    room = [2 * len(text.split()) + 1 - len(output.split()) for text, output in zip(texts, alone, strict=True)]
    assert min(room) == (beam > 1)  # a search adds the end symbol, greedy decoding stops


def test_room_for_one_token_is_for_one(runs):
    model = build("transformer_cft_tiny", runs.task, 0).eval()
    source = batch(runs.task, ["a b c", "d"], left=False)
    assert [len(tokens) for tokens in beam_search(model, source, torch.tensor([1, 1]), beam=3)] == [1, 1]


def test_scores_do_not_depend_on_how_much_is_scored_at_once(composed, monkeypatch):
    texts, programs = SENTENCES, [text[::-1] for text in SENTENCES]
    expected = composed.score(texts, programs)
    monkeypatch.setattr(scoring, "LOGITS_AT_ONCE", 40)
    assert composed.score(texts, programs) == pytest.approx(expected, abs=1e-5)


def test_batches_hold_every_sentence_once_and_no_more_tokens_than_asked():
    lengths = [5, 1, 0, 9, 2, 2, 30, 7]
    found = list(batches(lengths, 18))
    assert sorted(index for group in found for index in group) == [0, 1, 3, 4, 5, 6, 7]
    for group in found:
        assert len(group) == 1 or len(group) * max(lengths[index] for index in group) <= 18


def test_blank_pseudocode_gives_an_empty_program_and_asks_no_model(composed, monkeypatch):
    monkeypatch.setattr(composed.model, "decode_base", None)
    assert composed.translate(["", " \t ", "\n"]) == ["", "", ""]
    trace = composed.translate("", trace=True)
    assert (trace.output, trace.base, trace.changed, trace.output_score) == ("", "", False, 0.0)


def test_words_that_the_model_never_saw_are_named(composed):
    with pytest.warns(
        UnknownTextWarning, match=r"pseudocode 2 holds 'é', '漢漢 é', which the model never saw"
    ) as warned:
        traces = composed.translate(["a b", "é a 漢漢 é"], trace=True)
    assert [trace.unknown for trace in traces] == [(), ("é", "漢漢 é")]
    assert warned[0].filename == __file__
    with pytest.warns(UnknownTextWarning, match="holds '<pad> </s> <s>', which"):
        score = composed.score("a <pad> </s> <s>", "b")
    with pytest.warns(UnknownTextWarning, match="holds 'é é é', which"):
        assert composed.score("a é é é", "b") == score
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        composed.translate("a b")


def test_what_cannot_be_translated_is_refused_in_a_sentence(models):
    composed, long = models["composed"], "a " * 64
    with pytest.raises(UserError, match="pseudocode 2 is 65 tokens long and the model takes 64"):
        composed.translate(["a", long])
    with pytest.raises(UserError, match="the program is 65 tokens long"):
        composed.score("a", long)
    with pytest.raises(UserError, match="the corrupted program is 65 tokens long"):
        models["denoiser"].score(long, "a")
    with pytest.raises(UserError, match=r"the pseudocode holds U\+D800 at character 3, half of a character"):
        composed.translate("a \ud800")
    with pytest.raises(UserError, match="beam is 0"):
        composed.translate("a", beam=0)
    with pytest.raises(UserError, match="format is 'c'; it must be line or cpp"):
        composed.translate("a", format="c")
    with pytest.raises(UserError, match="as many of one as of the other"):
        composed.score(["a", "b"], ["c"])
    with pytest.raises(UserError, match="stage is 'base'"):
        models["predictor"].score("a", "b", stage="base")
    with pytest.raises(UserError, match="has no denoiser"):
        models["predictor"].denoise("a")
    with pytest.raises(UserError, match=r"use denoise\(program\)"):
        models["denoiser"].translate("a")


def test_a_model_moves_to_a_device_with_its_inputs(exported):
    model = load_model(exported.composed)
    assert model.to("meta") is model and model.device.type == "meta"
    assert not any(parameter.requires_grad for parameter in model.model.denoiser.parameters())


def test_a_gate_is_exported_with_its_model(runs, tmp_path):
    parts = {f"{part}_path": str(getattr(runs, run) / "checkpoint_best.pt") for part, run in STAGES.items()}
    built = build("composed_transformer", runs.task, **parts).eval()
    put_gate(built, {"embed_dim": 16, "hidden_dim": 4}, 0.5)
    asked = [sentence for sentence in SENTENCES if sentence]
    tokens = built.decode_base(batch(runs.task, asked), None)
    with torch.no_grad():
        odds = built.gate(built.denoiser.encoder(tokens, src_lengths=tokens.ne(built.pad).sum(1)))
        built.gate.output.bias -= odds.median()  # half of them pass
    export(save_run(built, tmp_path / "models" / "gated", runs.data, "translation"), tmp_path / "out")
    model = load_model(tmp_path / "out")
    ungated = load_model(runs.root / "exported" / "composed")
    for beam in (1, 4):
        found = model.translate(asked, beam)
        assert found == generated(runs, model.model, asked, beam) != ungated.translate(asked, beam)
        assert {trace.changed for trace in model.translate(asked, beam, trace=True)} == {True, False}
    assert model.denoise(asked) == ungated.denoise(asked)


@pytest.fixture(scope="module")
def copying(runs, tmp_path_factory):
    """A composed model of two stages that copy and count lines, random but sure of its copies: exported and read."""
    folder = tmp_path_factory.mktemp("copying")
    model = build("transformer_cft_tiny", runs.task, 3, copy_attention=True, line_symbol="a")
    torch.nn.init.constant_(model.decoder.copying.gate.bias, -3.0)
    denoiser = save_run(model, folder / "models" / "denoiser.1", runs.data, "code_denoising")
    made = build("composed_transformer", runs.task, denoiser_path=str(denoiser / "checkpoint_best.pt"))
    run = save_run(made, folder / "models" / "composed.1", runs.data, "pseudocode_to_code")
    export(run, folder / "out", half=False)
    return load_model(folder / "out")


def test_an_exported_copying_model_gives_what_fairseqs_generator_does(runs, copying):
    stages = copying.model.base_predictor, copying.model.denoiser
    assert all(stage.encoder.embed_positions.symbol == runs.task.target_dictionary.index("a") for stage in stages)
    asked = [sentence for sentence in SENTENCES if sentence]
    for beam in (1, 3):
        base = [trace.base for trace in copying.translate(asked, beam, trace=True)]
        assert copying.translate(asked, beam) == [generated(runs, copying.model.denoiser, [x], beam)[0] for x in base]
    trace = copying.translate("a b c", trace=True)
    assert trace.base_score == pytest.approx(scored(runs, copying.model.base_predictor, "a b c", trace.base), abs=1e-4)
    assert trace.output_score == pytest.approx(scored(runs, copying.model.denoiser, trace.base, trace.output), abs=1e-4)


def test_a_trace_says_what_was_copied_and_from_where(copying, composed):
    """A model that copies from left to right: each piece from its own place, up to the end symbol."""
    trace = copying.denoise("c a b", trace=True)
    assert trace.output == "c a b"
    assert trace.pieces == (("c", 0), ("a", 1), ("b", 2), ("</s>", 3)) and trace.copied_share == 1
    assert _copied(trace) == "; 100% of 4 pieces copied from 0-3"
    half = replace(trace, pieces=(("c", 4), ("a", None), ("b", 0), ("</s>", 1)))
    assert half.copied_share == 0.75 and _copied(half) == "; 75% of 4 pieces copied from 4, 0-1"
    plain = composed.translate("a b c", trace=True)
    assert plain.pieces == () and plain.copied_share is None and _copied(plain) == ""
