"""A user's mistakes through fairseq's own command lines: one sentence, status 1, no checkpoint left behind."""

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


def test_source_longer_than_the_positions(chain, capsys):
    options = ("--task", "pseudocode_to_code", "--gen-subset", "test", "--max-source-positions", 8, "--beam", 1)
    with pytest.raises(Exception, match=r"max_positions=\(8, \d+\)"):
        generate(chain.pairs, chain.composed, *options, capsys=capsys)
