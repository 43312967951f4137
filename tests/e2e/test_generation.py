"""Generation by fairseq's own command lines, from models whose outputs end.

What they learn stands in sorting.py; each stage alone gives something else than both.
"""

import pytest
from commands import PLUGIN, call, generate, hypotheses
from sorting import COUNTS, binarise, write

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
