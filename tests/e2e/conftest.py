"""One small chain for all end-to-end tests: data, subwords, binarisation, denoiser, predictor, composed model."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import pytest

ROOT = Path(__file__).parents[2]
PLUGIN = str(ROOT / "fairseq_cft")
SMALL = [
    *(["--encoder-layers", "1", "--decoder-layers", "1", "--encoder-embed-dim", "16", "--decoder-embed-dim", "16"]),
    *(["--encoder-ffn-embed-dim", "32", "--decoder-ffn-embed-dim", "32"]),
    *(["--encoder-attention-heads", "2", "--decoder-attention-heads", "2"]),
]
OPTIMIZER = [
    "--optimizer",
    "adam",
    "--lr",
    "5e-3",
    "--max-tokens",
    "1000",
    "--num-workers",
    "0",
    "--log-format",
    "json",
    "--log-interval",
    "1",
]


def call(main, *arguments: object) -> None:
    """Runs a command line's main in this process."""
    with mock.patch.object(sys, "argv", ["command", *map(str, arguments)]):
        main()


def program(path: str, *arguments: object) -> None:
    """Runs one of the repository's programs in this process; it must succeed."""
    with mock.patch.object(sys, "argv", [path, *map(str, arguments)]), pytest.raises(SystemExit) as status:
        runpy.run_path(str(ROOT / path), run_name="__main__")
    assert status.value.code in (0, None)


def train(data: Path, save_dir: Path, *options: object) -> None:
    from fairseq_cli.train import cli_main

    call(cli_main, data, "--user-dir", PLUGIN, "--save-dir", save_dir, *OPTIMIZER, *options)


def generate(data: Path, path: object, *options: object, capsys) -> list[str]:
    """Hypotheses of fairseq-generate in the order of the data."""
    from fairseq_cli.generate import cli_main

    capsys.readouterr()
    call(cli_main, data, "--user-dir", PLUGIN, "--path", path, "--num-workers", 0, *options)
    return hypotheses(capsys.readouterr().out)


def hypotheses(log: str) -> list[str]:
    found = [line.split("\t") for line in log.splitlines() if line.startswith("H-")]
    return [text for _, text in sorted((int(name[2:]), text) for name, _, text in found)]


@pytest.fixture(scope="session")
def chain(tmp_path_factory) -> SimpleNamespace:
    from fairseq_cli.preprocess import cli_main as preprocess

    root = tmp_path_factory.mktemp("chain")
    data, pairs, programs = root / "data", root / "pairs", root / "programs"
    counts = ["--labeled", "40", "--valid", "10", "--test", "17", "--ood", "9", "--unlabeled", "120"]
    program("preprocess/synthetic.py", "--preset", "tiny", "--seed", 1, "--out", data, *counts)
    subwords = "preprocess/subwords.py"
    program(
        subwords, "train", "--input", data / "train.src", data / "unlabeled.tgt",
        "--model-prefix", data / "bpe", "--vocab-size", 120,
    )  # fmt: skip
    for name in (f"{split}.{side}" for split in ("train", "valid", "test", "ood") for side in ("src", "tgt")):
        program(
            subwords, "encode", "--model", data / "bpe.model", "--input", data / name, "--output", data / f"bpe.{name}"
        )
    program(
        subwords, "encode", "--model", data / "bpe.model",
        "--input", data / "unlabeled.tgt", "--output", data / "bpe.unlabeled.tgt",
    )  # fmt: skip
    everything = data / "bpe.all"
    everything.write_text("".join((data / f"bpe.{n}").read_text() for n in ("train.src", "train.tgt", "unlabeled.tgt")))
    call(preprocess, "--only-source", "--dict-only", "--trainpref", everything, "--destdir", root / "dict")
    dictionary = root / "dict" / "dict.txt"
    call(
        preprocess, "--source-lang", "src", "--target-lang", "tgt", "--srcdict", dictionary, "--tgtdict", dictionary,
        "--trainpref", data / "bpe.train", "--validpref", data / "bpe.valid",
        "--testpref", f"{data}/bpe.test,{data}/bpe.ood", "--destdir", pairs,
    )  # fmt: skip
    call(
        preprocess, "--only-source", "--srcdict", dictionary, "--destdir", programs,
        "--trainpref", data / "bpe.unlabeled.tgt", "--validpref", data / "bpe.valid.tgt",
    )  # fmt: skip
    denoising = ("--task", "code_denoising", "--subword-model", data / "bpe.model")
    train(
        programs, root / "denoiser", *denoising, "--noise", "synthetic", "--eval-denoising",
        "--arch", "transformer_cft_tiny", *SMALL, "--criterion", "cross_entropy", "--max-epoch", 3,
    )  # fmt: skip
    made = SimpleNamespace(
        root=root, data=data, pairs=pairs, programs=programs, dictionary=dictionary, denoising=denoising,
        denoiser=root / "denoiser" / "checkpoint_best.pt",
    )  # fmt: skip
    train(pairs, root / "composed", *composed_options(made), "--max-epoch", 2)
    made.composed = root / "composed" / "checkpoint_last.pt"
    return made


def composed_options(chain) -> list[object]:
    return [
        "--task", "pseudocode_to_code", "--eval-exact-match", "--arch", "composed_transformer",
        "--denoiser-path", chain.denoiser, "--criterion", "composed_finetuning",
    ]  # fmt: skip
