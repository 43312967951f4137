"""The examples for fairseq-hydra-train: they run, and train what fairseq-train does with the same options."""

import json
import os
import subprocess
import sys

import pytest
import torch
from commands import ROOT, SMALL, composed_options, generate, train

pytestmark = pytest.mark.xdist_group("chain")

# Hydra takes over the process's logging and arguments, so it gets one of its own: one for all, to save time.
WORKER = """
import json, sys
from fairseq.checkpoint_utils import save_checkpoint
from fairseq_cli.hydra_train import cli_main
for arguments in json.loads(sys.argv[1]):
    sys.argv[1:] = arguments
    cli_main()
    vars(save_checkpoint).pop("best", None)
"""
QUICK = ("optimization.max_update=4", "optimization.lr=[0.005]", "dataset.max_tokens=1000", "dataset.num_workers=0")
QUICK_FLAGS = ("--max-update", 4, "--clip-norm", 1, "--seed", 1, "--adam-betas", "(0.9, 0.98)")
SMALL_MODEL = [
    f"+model.{flag[2:].replace('-', '_')}={size}" for flag, size in zip(SMALL[::2], SMALL[1::2], strict=True)
]
PLAIN = ("--arch", "transformer_cft_synthetic", *SMALL, "--criterion", "cross_entropy")


def overrides(chain) -> dict[str, list[str]]:
    """What is given on the command line besides the examples."""
    return {
        "denoiser": [
            f"task.data={chain.programs}", f"task.subword_model={chain.data}/bpe.model", *SMALL_MODEL,
            "+model.copy_attention=true", "+model.copy_dropout=0.5",
        ],
        "pretrained": [
            f"task.data={chain.pairs}", f"checkpoint.finetune_from_model={chain.denoiser}", *SMALL_MODEL,
        ],
        "composed": [
            f"task.data={chain.pairs}",
            f"model.denoiser_path={chain.denoiser}",
            f"model.base_predictor_path={chain.denoiser}",
        ],
        "gate": [
            f"task.data={chain.programs}", f"task.subword_model={chain.data}/bpe.model",
            f"model.denoiser_path={chain.denoiser}",
        ],
    }  # fmt: skip


def flags(chain) -> dict[str, tuple]:
    """The same for fairseq-train."""
    warmup = "--lr-scheduler", "inverse_sqrt", "--warmup-updates"
    return {
        "denoiser": (
            chain.programs, *chain.denoising, "--eval-denoising", *PLAIN, "--copy-attention", "--copy-dropout", 0.5,
            *warmup, 500,
        ),
        "pretrained": (
            chain.pairs, "--task", "pseudocode_to_code", "--eval-exact-match", *PLAIN,
            "--finetune-from-model", chain.denoiser, *warmup, 200,
            "--best-checkpoint-metric", "exact", "--maximize-best-checkpoint-metric",
        ),
        "composed": (
            chain.pairs, *composed_options(chain), "--base-predictor-path", chain.denoiser, *warmup, 100,
            "--best-checkpoint-metric", "composed_loss",
        ),
        "gate": (
            chain.programs, *chain.denoising, "--clean-share", 0.5, "--arch", "denoiser_gate", "--denoiser-path",
            chain.denoiser, "--criterion", "denoiser_gate",
            "--lr-scheduler", "polynomial_decay", "--warmup-updates", 50, "--total-num-update", 1200,
            "--clip-norm", 0, "--adam-betas", "(0.9, 0.999)",
        ),
    }  # fmt: skip


@pytest.fixture(scope="module")
def runs(chain, tmp_path_factory):
    folder = tmp_path_factory.mktemp("hydra")
    (folder / "worker.py").write_text(WORKER)
    trainings = [
        [
            *("--config-dir", str(ROOT / "examples/hydra"), "--config-name", name, *QUICK, *given),
            *(f"checkpoint.save_dir={folder}/{name}", f"common.user_dir={ROOT}/fairseq_cft"),
        ]
        for name, given in overrides(chain).items()
    ]
    done = subprocess.run(
        [sys.executable, str(folder / "worker.py"), json.dumps(trainings)],
        cwd=folder, capture_output=True, text=True, timeout=240,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "HYDRA_FULL_ERROR": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return folder


@pytest.mark.parametrize("name", ["denoiser", "pretrained", "composed", "gate"])
def test_hydra_trains_what_the_command_line_trains(chain, runs, tmp_path, name):
    data, *options = flags(chain)[name]
    train(data, tmp_path, *QUICK_FLAGS, *options)
    ours, theirs = (torch.load(folder / "checkpoint_last.pt", weights_only=True) for folder in (runs / name, tmp_path))
    assert ours["optimizer_history"][-1]["num_updates"] == 4
    assert ours["extra_state"]["val_loss"] == theirs["extra_state"]["val_loss"]
    assert ours["model"].keys() == theirs["model"].keys()
    for weight, value in theirs["model"].items():
        assert torch.equal(ours["model"][weight], value), weight


def test_a_composed_checkpoint_of_hydra_is_self_contained(chain, runs, capsys):
    """It carries the denoiser's shape and the dictionary's fingerprint, and generation may change its options."""
    options = ("--task", "pseudocode_to_code", "--gen-subset", "test", "--beam", 1)
    checkpoint = runs / "composed" / "checkpoint_last.pt"
    hidden = chain.denoiser.rename(chain.denoiser.with_suffix(".hidden"))
    try:
        composed = generate(chain.pairs, checkpoint, *options, capsys=capsys)
        base_stage = ("--model-overrides", str({"output_stage": "base"}))
        base = generate(chain.pairs, checkpoint, *options, *base_stage, capsys=capsys)
    finally:
        hidden.rename(chain.denoiser)
    assert len(composed) == len(base) == 17 and composed != base


def test_a_users_mistake_is_one_sentence(chain, tmp_path):
    """The command line itself, without HYDRA_FULL_ERROR."""
    given = ["--config-dir", ROOT / "examples/hydra", "--config-name", "composed", *QUICK]
    given += [*overrides(chain)["composed"]]
    given += [f"checkpoint.save_dir={tmp_path}", f"common.user_dir={ROOT}/fairseq_cft", "criterion.num_samples=0"]
    done = subprocess.run(
        [sys.executable, "-m", "fairseq_cli.hydra_train", *map(str, given)],
        cwd=tmp_path, capture_output=True, text=True, timeout=240, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 1 and "Traceback" not in done.stdout + done.stderr
    assert done.stderr.splitlines()[-1].startswith("fairseq_cft: error: --num-samples 0")


def test_a_denoiser_of_hydra_composes(chain, runs, tmp_path):
    trained = type("Chain", (), {"denoiser": runs / "denoiser" / "checkpoint_last.pt"})
    train(chain.pairs, tmp_path, *composed_options(trained), "--max-update", 1, "--disable-validation")
    model = torch.load(tmp_path / "checkpoint_last.pt", weights_only=True)["cfg"]["model"]
    assert model.denoiser_shape["encoder_layers"] == 1
