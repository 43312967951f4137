"""Generation by fairseq's own command lines, from models whose outputs end.

What they learn stands in sorting.py; each stage alone gives something else than both.
"""

import math

import pytest
from commands import PLUGIN, SMALL, call, generate, hypotheses, train
from sorting import COUNTS, binarise, write

from fairseq_cft.errors import UserError
from fairseq_cft.models.composed_transformer import ComposedTransformerModel
from fairseq_cft.models.transformer_cft import TransformerCFTModel
from fairseq_cft.modules.decoding import encode
from fairseq_cft.modules.scoring import sequence_log_probs

pytestmark = pytest.mark.xdist_group("sorting")
GENERATE = ("--task", "pseudocode_to_code")
ONCE = (
    *("--arch", "transformer_cft_tiny", *SMALL, "--criterion", "cross_entropy"),
    *("--max-update", 1, "--disable-validation"),
)
BASE = ("--model-overrides", "{'output_stage': 'base'}")


def of_all(sorting, path, *options, capsys) -> list[str]:
    """Hypotheses for the largest test."""
    return generate(sorting.data, path, *GENERATE, "--gen-subset", "test16", *options, capsys=capsys)


@pytest.mark.parametrize("beam", [1, 5])
def test_the_composed_model_equals_its_stages_run_one_after_the_other(sorting, tmp_path, capsys, beam):
    composed = of_all(sorting, sorting.composed, "--beam", beam, capsys=capsys)
    base = of_all(sorting, sorting.composed, "--beam", 1, *BASE, capsys=capsys)
    assert max(len(text.split()) for text in base + composed) <= 5  # they end by themselves
    assert len(set(composed)) > 5 and sum(ours != its for ours, its in zip(composed, base, strict=True)) > 5
    between = write(tmp_path / "between", base, base)
    data = binarise(tmp_path / "bin", sorting.root / "dict.txt", testpref=between)
    assert generate(data, sorting.denoiser, *GENERATE, "--beam", beam, capsys=capsys) == composed


@pytest.mark.parametrize("count", COUNTS)
def test_n_sentences_in_n_hypotheses_out(sorting, capsys, count):
    subset = f"test{count - 1 or ''}"
    found = generate(sorting.data, sorting.composed, *GENERATE, "--gen-subset", subset, "--beam", 1, capsys=capsys)
    assert len(found) == count


@pytest.mark.parametrize("stage", [(), BASE], ids=["composed", "base"])
def test_interactive_writes_what_generate_writes(sorting, capsys, stage):
    from fairseq_cli.interactive import cli_main

    options = (*GENERATE, "--beam", 1, *stage)
    capsys.readouterr()
    call(
        cli_main, sorting.data, "--user-dir", PLUGIN, "--path", sorting.composed, *options, "--source-lang", "src",
        "--target-lang", "tgt", "--input", f"{sorting.tests[-1]}.src", "--buffer-size", 5,
    )  # fmt: skip
    found = hypotheses(capsys.readouterr().out)
    assert len(found) == 17 and found == of_all(sorting, sorting.composed, "--beam", 1, *stage, capsys=capsys)


def test_generation_takes_what_the_model_was_trained_for(sorting, tmp_path, capsys):
    """fairseq would refuse over 1,024 tokens: it makes the task of generation's own command line."""
    from fairseq_cli.interactive import cli_main

    positions = ("--max-source-positions", 2048, "--max-target-positions", 1500)
    train(sorting.data, tmp_path, *GENERATE, *ONCE, *positions)
    model, long = tmp_path / "checkpoint_last.pt", write(tmp_path / "long", ["a b " * 600], ["b a " * 600])
    data = binarise(tmp_path / "bin", sorting.root / "dict.txt", testpref=long)
    options = (*GENERATE, "--beam", 1, "--max-len-b", 5)
    given = ("--path", model, *options, "--source-lang", "src", "--target-lang", "tgt", "--input", f"{long}.src")
    call(cli_main, sorting.data, "--user-dir", PLUGIN, *given)
    assert len(hypotheses(capsys.readouterr().out)) == 1
    assert len(generate(data, model, *options, capsys=capsys)) == 1
    fewer = ("--max-source-positions", 900, "--skip-invalid-size-inputs-valid-test")  # a limit that is given counts
    with pytest.raises(UserError, match="all 1 are longer than"):
        generate(data, model, *options, *fewer, capsys=capsys)


def test_diverse_groups_of_beams_write_what_each_sentence_alone_gives(sorting, capsys):
    """fairseq took a sentence's number in the data for its place in the batch."""
    options = ("--beam", 4, "--diverse-beam-groups", 2)
    together = of_all(sorting, sorting.composed, *options, capsys=capsys)
    assert len(together) == 17 and together == of_all(
        sorting, sorting.composed, *options, "--batch-size", 1, capsys=capsys
    )


def test_a_line_that_is_too_long_is_left_out_and_the_others_are_not(sorting, tmp_path, capsys):
    from fairseq_cli.interactive import cli_main

    (tmp_path / "lines").write_text(f"a b\n{'a ' * 1100}\nc\n")
    options = (*GENERATE, "--beam", 1, "--source-lang", "src", "--target-lang", "tgt", "--input", tmp_path / "lines")
    skip = "--skip-invalid-size-inputs-valid-test"
    capsys.readouterr()
    call(cli_main, sorting.data, "--user-dir", PLUGIN, "--path", sorting.composed, *options, skip)
    assert len(hypotheses(capsys.readouterr().out)) == 2
    hub = ComposedTransformerModel.from_pretrained(sorting.composed.parent, sorting.composed.name, str(sorting.data))
    assert hub.translate(["a b", "a " * 1100], skip_invalid_size_inputs=True, beam=1)


def test_data_of_another_dictionary_are_refused(sorting, tmp_path, capsys):
    """For a plain model as for a composed one: the same letters in another order, so of the same size."""
    words = (sorting.root / "dict.txt").read_text().splitlines()
    (tmp_path / "dict.txt").write_text("\n".join(reversed(words)) + "\n")
    test = write(tmp_path / "test", ["a b"], ["a b"])
    data = binarise(tmp_path / "bin", tmp_path / "dict.txt", testpref=test)
    train(sorting.data, tmp_path, *GENERATE, *ONCE)
    for model in (tmp_path / "checkpoint_last.pt", sorting.composed):
        with pytest.raises(UserError, match=r"another .*dictionary"):
            generate(data, model, *GENERATE, capsys=capsys)
        with pytest.raises(UserError, match=r"another .*dictionary"):
            TransformerCFTModel.from_pretrained(model.parent, model.name, str(data))


@pytest.mark.parametrize("stage", ["composed", "base"])
def test_a_reference_is_scored_by_the_stage_that_is_asked(sorting, capsys, stage):
    overrides = ("--model-overrides", str({"output_stage": stage}))
    options = (*GENERATE, *overrides, "--score-reference", "--gen-subset", "test16")
    hub = ComposedTransformerModel.from_pretrained(sorting.composed.parent, sorting.composed.name, str(sorting.data))
    model, task = hub.models[0], hub.task
    task.load_dataset("test16")
    data = task.dataset("test16")
    batch = data.collater([data[each] for each in range(len(data))])
    source, target = batch["net_input"]["src_tokens"], batch["target"]
    if stage == "base":
        expected = sequence_log_probs(model.base_predictor, encode(model.base_predictor, source), target)
    else:
        written = model.decode_base(source, batch["net_input"]["src_lengths"])
        expected = -model.denoiser_costs(written, target.unsqueeze(1))[:, 0]
    by_token = expected / target.ne(model.pad).sum(1) / math.log(2)
    capsys.readouterr()
    found = scores(sorting, options, capsys)
    assert [found[number] for number in batch["id"].tolist()] == pytest.approx(by_token.tolist(), abs=1e-3)


def scores(sorting, options, capsys) -> dict[int, float]:
    """Bits a token by sentence, as fairseq-generate writes them."""
    from fairseq_cli.generate import cli_main

    call(cli_main, sorting.data, "--user-dir", PLUGIN, "--path", sorting.composed, "--num-workers", 0, *options)
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines() if line.startswith("H-")]
    return {int(name[2:]): float(score) for name, score, _ in lines}
