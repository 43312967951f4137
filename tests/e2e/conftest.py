"""One small chain for all end-to-end tests: data, subwords, binarisation, denoiser, predictor, composed model."""

from types import SimpleNamespace

import pytest
from commands import SMALL, call, composed_options, program, train

import fairseq_cft

fairseq_cft.register()  # fairseq takes --user-dir for done where a test has imported a part of the package before


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


@pytest.fixture(scope="session")
def sorting(tmp_path_factory) -> SimpleNamespace:
    """See sorting.py; tests that take it are of the group "sorting", so that one worker trains it."""
    from sorting import train_both

    return train_both(tmp_path_factory.mktemp("sorting"))
