"""A user's mistakes through fairseq's own command lines: one sentence, status 1, no checkpoint left behind."""

import shutil
import subprocess
import sys

import pytest
import torch
from commands import OPTIMIZER, PLUGIN, ROOT, SMALL, call, composed_options, generate, train

from fairseq_cft.errors import UserError

pytestmark = pytest.mark.xdist_group("chain")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--num-samples", 0), "at least 1 sample"),
        (("--gradient-estimator", "rloo", "--num-samples", 1), "--num-samples 2 or more"),
        (("--sample-max-len-a", 0, "--sample-max-len-b", 0), "outputs need room"),
        (("--sample-max-len-b", -1), "neither may be negative"),
        (("--gradient-estimator", "gumbel", "--gumbel-temperature", 0), "a temperature must be above 0"),
        (("--ce-weight", -1), "must not be negative"),
        (("--composed-weight", 0, "--ce-weight", 0), "nothing is left to train on"),
        (("--base-predictor-path", "nowhere.pt"), "nowhere.pt does not exist"),
        (("--encoder-layers", 7), "--encoder-layers 7 (checkpoint: 1)"),
    ],
)
def test_refused_options(chain, tmp_path, options, message):
    with pytest.raises(UserError) as caught:
        train(chain.pairs, tmp_path / "run", *composed_options(chain), *options, "--max-epoch", 1)
    assert message in str(caught.value) and "\n" not in str(caught.value)
    assert not list((tmp_path / "run").glob("*.pt"))


@pytest.mark.skipif(torch.cuda.is_available(), reason="fp16 is right on a GPU")
def test_half_precision_without_a_gpu(chain, tmp_path):
    with pytest.raises(UserError, match="--fp16 trains on a GPU only"):
        train(chain.pairs, tmp_path, *composed_options(chain), "--fp16", "--max-epoch", 1)


def test_a_mistake_is_one_sentence_and_status_1(chain, tmp_path):
    """The real command line, in a process of its own."""
    command = [sys.executable, "-m", "fairseq_cli.train", str(chain.pairs), "--user-dir", PLUGIN, *OPTIMIZER]
    command += ["--task", "pseudocode_to_code", "--arch", "composed_transformer"]
    command += ["--criterion", "composed_finetuning", "--save-dir", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("fairseq_cft: error: --arch composed_transformer needs --denoiser")
    assert "Traceback" not in done.stderr


def test_no_subword_model(chain, tmp_path):
    with pytest.raises(UserError, match="needs --subword-model"):
        train(
            chain.programs, tmp_path, "--task", "code_denoising", "--arch", "transformer_cft_tiny", *SMALL,
            "--criterion", "cross_entropy", "--max-epoch", 1,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--errors", "many"), "neither a number nor a range"),
        (("--errors", "3-1"), "--noise synthetic"),
        (("--clean-share", "1.5"), "between 0 and 1"),
    ],
)
def test_refused_noise(chain, tmp_path, options, message):
    with pytest.raises(UserError, match=message):
        train(
            chain.programs, tmp_path, *chain.denoising, "--arch", "transformer_cft_tiny", *SMALL,
            "--criterion", "cross_entropy", "--max-epoch", 1, *options,
        )  # fmt: skip


def test_empty_training_file(chain, tmp_path):
    from fairseq_cli.preprocess import cli_main as preprocess

    (tmp_path / "nothing").touch()
    call(
        preprocess, "--only-source", "--srcdict", chain.dictionary, "--trainpref", tmp_path / "nothing",
        "--validpref", chain.data / "bpe.valid.tgt", "--destdir", tmp_path / "bin",
    )  # fmt: skip
    with pytest.raises(UserError, match="holds no program"):
        train(
            tmp_path / "bin", tmp_path / "run", *chain.denoising, "--arch", "transformer_cft_tiny", *SMALL,
            "--criterion", "cross_entropy", "--max-epoch", 1,
        )  # fmt: skip


PLAIN = ("--task", "pseudocode_to_code", "--arch", "transformer_cft_tiny", *SMALL, "--criterion", "cross_entropy")


def refused(data, folder, *options) -> str:
    """The one sentence in which a training ends before it saves anything."""
    before = sorted(folder.glob("*.pt"))
    with pytest.raises(UserError) as caught:
        train(data, folder, *options, "--max-epoch", 1)
    assert "\n" not in str(caught.value) and sorted(folder.glob("*.pt")) == before
    return str(caught.value)


def test_data_that_are_not_there(chain, tmp_path):
    composed = composed_options(chain)
    assert "nowhere does not exist" in refused(tmp_path / "nowhere", tmp_path, *composed)
    assert "must be a folder of pairs" in refused(chain.programs, tmp_path, *composed)
    assert "no data split ood, but test, test1, train, valid;" in refused(
        chain.pairs, tmp_path, *PLAIN, "--valid-subset", "ood", "--ignore-unused-valid-subsets"
    )
    assert "no data split ood, but train, valid;" in refused(
        chain.programs, tmp_path, *chain.denoising, "--arch", "transformer_cft_tiny", *SMALL,
        "--criterion", "cross_entropy", "--train-subset", "ood",
    )  # fmt: skip


def test_folders_of_different_dictionaries(chain, tmp_path):
    """fairseq reads the first folder's alone."""
    for name, data, options in (("pairs", chain.pairs, PLAIN), ("programs", chain.programs, chain.denoising)):
        other = tmp_path / name
        shutil.copytree(data, other)
        for file in other.glob("dict*.txt"):
            lines = file.read_text().splitlines()
            file.write_text("\n".join([*lines[1::-1], *lines[2:], ""]))
        model = ("--arch", "transformer_cft_tiny", *SMALL, "--criterion", "cross_entropy")
        message = refused(f"{data}:{other}", tmp_path / "run", *options, *(() if options is PLAIN else model))
        assert "binarise all folders with one dict.txt" in message


def test_a_training_that_cannot_go_on_from_a_checkpoint(chain, tmp_path):
    """Each through fairseq-train: what is compared stands in unit/modules/test_continuing.py."""
    composed = composed_options(chain)
    plain = ("--finetune-from-model", chain.denoiser)
    assert "holds a plain model" in refused(chain.pairs, tmp_path, *composed, *plain)
    shutil.copy(chain.denoiser, tmp_path / "checkpoint_last.pt")
    assert f"--base-predictor-path {tmp_path}" in refused(chain.pairs, tmp_path, *composed)
    train(chain.pairs, tmp_path / "better", *PLAIN, "--max-update", 1, "--seed", 2, "--disable-validation")
    better = ("--denoiser-path", tmp_path / "better/checkpoint_last.pt")
    again = ("--restore-file", chain.composed, "--reset-optimizer", "--reset-dataloader", "--reset-meters")
    for way in (("--finetune-from-model", chain.composed), (*again, "--reset-lr-scheduler")):
        assert "holds another denoiser than" in refused(chain.pairs, tmp_path / "again", *composed, *better, *way)


def test_half_a_checkpoint(chain, tmp_path, capsys):
    half = tmp_path / "checkpoint_last.pt"
    half.write_bytes(chain.composed.read_bytes()[:20000])
    assert "is no readable fairseq checkpoint" in refused(chain.pairs, tmp_path, *composed_options(chain))
    with pytest.raises(UserError, match="is no readable fairseq checkpoint"):
        generate(chain.pairs, half, "--task", "pseudocode_to_code", capsys=capsys)
    with pytest.raises(UserError, match="does not exist"):
        generate(chain.pairs, tmp_path / "none.pt", "--task", "pseudocode_to_code", capsys=capsys)
    with pytest.raises(UserError, match="holds no data split ood, but test, test1, train, valid;"):
        generate(chain.pairs, chain.composed, "--task", "pseudocode_to_code", "--gen-subset", "ood", capsys=capsys)


def test_a_metric_that_is_not_logged(chain, tmp_path):
    message = refused(chain.pairs, tmp_path, *composed_options(chain), "--best-checkpoint-metric", "composed_los")
    assert "--best-checkpoint-metric composed_los" in message and "composed_loss" in message


def test_no_sentence_short_enough(chain, tmp_path):
    short = ("--max-tokens", 2, "--skip-invalid-size-inputs-valid-test")
    assert "all 40 are longer than" in refused(chain.pairs, tmp_path, *PLAIN, *short, "--disable-validation")


def test_the_best_checkpoint_alone_is_kept_where_scores_are_negative(chain, tmp_path):
    best = ("--best-checkpoint-metric", "reward", "--maximize-best-checkpoint-metric", "--keep-best-checkpoints", 1)
    train(chain.pairs, tmp_path, *composed_options(chain), *best, "--max-epoch", 3, "--no-epoch-checkpoints")
    assert len(list(tmp_path.glob("checkpoint.best_reward_-*.pt"))) == 1


def test_source_longer_than_the_positions(chain, capsys):
    options = ("--task", "pseudocode_to_code", "--gen-subset", "test", "--max-source-positions", 8, "--beam", 1)
    with pytest.raises(Exception, match=r"max_positions=\(8, \d+\)"):
        generate(chain.pairs, chain.composed, *options, capsys=capsys)
