"""A small pair of models whose outputs end, for tests that compare outputs.

The base predictor learns to write the letters after the given ones, in descending order; the denoiser to put letters in
ascending order.
"""

import random
from pathlib import Path
from types import SimpleNamespace

from commands import SMALL, call, composed_options, train
from fairseq.data import Dictionary

LETTERS = "abcdef"
COUNTS = range(1, 18)


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


def train_both(root: Path) -> SimpleNamespace:
    """A denoiser and a composed model, trained until their outputs end, and tests of 1 to 17 sentences."""
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
