"""Generation by fairseq's own command lines, from models whose outputs end.

The base predictor learns to write the letters after the given ones, in descending order; the denoiser to put letters in
ascending order. Each stage alone gives something else than both.
"""

import random
from pathlib import Path
from types import SimpleNamespace

import pytest
from commands import PLUGIN, SMALL, call, composed_options, generate, hypotheses, train
from fairseq.data import Dictionary

pytestmark = pytest.mark.xdist_group("sorting")
LETTERS = "abcdef"
COUNTS = range(1, 18)
GENERATE = ("--task", "pseudocode_to_code")
BASE = ("--model-overrides", "{'output_stage': 'base'}")


def drawn(count: int, seed: int) -> list[str]:
    rng = random.Random(seed)
    return [" ".join(rng.sample(LETTERS, rng.randint(1, 3))) for _ in range(count)]


def denoised(letters: str) -> str:
    return " ".join(sorted(letters.split()))


def predicted(letters: str) -> str:
    following = dict(zip(LETTERS, LETTERS[1:] + LETTERS[0], strict=True))
    return " ".join(sorted((following[letter] for letter in letters.split()), reverse=True))


def write(prefix: Path, sources: list[str], targets: list[str]) -> str:
    for side, lines in (("src", sources), ("tgt", targets)):
        Path(f"{prefix}.{side}").write_text("".join(f"{line}\n" for line in lines))
    return str(prefix)


def binarise(folder: Path, dictionary: Path, **prefixes: str) -> Path:
    from fairseq_cli.preprocess import cli_main

    given = [part for name, value in prefixes.items() for part in (f"--{name}", value)]
    same = ("--srcdict", dictionary, "--tgtdict", dictionary)
    call(cli_main, "--source-lang", "src", "--target-lang", "tgt", *same, *given, "--destdir", folder)
    return folder


@pytest.fixture(scope="module")
def sorting(tmp_path_factory) -> SimpleNamespace:
    """A denoiser and a composed model, trained until their outputs end, and tests of 1 to 17 sentences."""
    root = tmp_path_factory.mktemp("sorting")
    words = Dictionary()
    for letter in LETTERS:
        words.add_symbol(letter, n=9)
    words.save(str(root / "dict.txt"))
    tests = [write(root / f"test{n}", drawn(n, seed=n), drawn(n, seed=n)) for n in COUNTS]
    letters, more = drawn(400, seed=100), drawn(20, seed=101)
    denoising, pairs = (
        binarise(
            root / stage.__name__, root / "dict.txt", testpref=",".join(tests),
            trainpref=write(root / f"{stage.__name__}.train", letters, [stage(x) for x in letters]),
            validpref=write(root / f"{stage.__name__}.valid", more, [stage(x) for x in more]),
        )
        for stage in (denoised, predicted)
    )  # fmt: skip
    denoiser = ("--task", "translation", "--arch", "transformer_cft_tiny", *SMALL, "--criterion", "cross_entropy")
    short = ("--dropout", 0, "--lr", 0.01, "--no-epoch-checkpoints", "--seed", 1, "--max-tokens", 400)
    train(denoising, root / "denoiser", *denoiser, *short, "--max-update", 150)
    made = SimpleNamespace(root=root, data=pairs, tests=tests, denoiser=root / "denoiser" / "checkpoint_last.pt")
    base = ("--base-predictor-path", "random", "--composed-weight", 0)
    train(pairs, root / "composed", *composed_options(made), *base, *short, "--max-update", 150)
    made.composed = root / "composed" / "checkpoint_last.pt"
    return made


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
