"""Generation by fairseq's own command lines, from models whose outputs end.

What they learn stands in sorting.py; each stage alone gives something else than both.
"""

import pytest
from commands import PLUGIN, SMALL, call, generate, hypotheses, train
from sorting import COUNTS, binarise, write

from fairseq_cft.errors import UserError

pytestmark = pytest.mark.xdist_group("sorting")
GENERATE = ("--task", "pseudocode_to_code")
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
    once = ("--criterion", "cross_entropy", "--max-update", 1, "--disable-validation")
    train(sorting.data, tmp_path, *GENERATE, "--arch", "transformer_cft_tiny", *SMALL, *once, *positions)
    model, long = tmp_path / "checkpoint_last.pt", write(tmp_path / "long", ["a b " * 600], ["b a " * 600])
    data = binarise(tmp_path / "bin", sorting.root / "dict.txt", testpref=long)
    options = (*GENERATE, "--beam", 1, "--max-len-b", 5)
    given = ("--path", model, *options, "--source-lang", "src", "--target-lang", "tgt", "--input", f"{long}.src")
    call(cli_main, sorting.data, "--user-dir", PLUGIN, *given)
    assert len(hypotheses(capsys.readouterr().out)) == 1
    assert len(generate(data, model, *options, capsys=capsys)) == 1
    fewer = ("--max-source-positions", 900, "--skip-invalid-size-inputs-valid-test")  # a limit that is given counts
    with pytest.raises(UserError, match="no sentence left"):
        generate(data, model, *options, *fewer, capsys=capsys)
