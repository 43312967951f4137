"""A training killed by SIGKILL in the middle of an epoch and started again by the same command loses nothing."""

import signal
import subprocess
import sys

import pytest
import torch
from commands import ROOT, SMALL, composed_options, train, train_options

pytestmark = pytest.mark.xdist_group("chain")

# Five updates an epoch: saved after 4 and 8 updates, killed before the 10th, in the middle of the second of 3 epochs.
AN_EPOCH, SAVED, KILLED_BEFORE, ALL = 5, (4, 8), 10, 15
EXACT_BATCHES = ("--required-batch-size-multiple", 1, "--max-tokens", 4000)
SAVING = ("--save-interval-updates", SAVED[0], "--max-epoch", 3, "--seed", 5)
KILLED_TRAINING = f"""
import os, signal
from fairseq.trainer import Trainer
from fairseq_cli.train import cli_main

step = Trainer.train_step
def train_step(trainer, *args, **kwargs):
    if trainer.get_num_updates() == {KILLED_BEFORE - 1}:
        os.kill(os.getpid(), signal.SIGKILL)
    return step(trainer, *args, **kwargs)
Trainer.train_step = train_step
cli_main()
"""


def composed(chain):
    return chain.pairs, (*composed_options(chain), "--batch-size", 8, *EXACT_BATCHES)


def composed_over_two_batches(chain):
    return chain.pairs, (*composed_options(chain), "--batch-size", 4, "--update-freq", 2)


def denoising_with_a_worker(chain):
    model = ("--arch", "transformer_cft_tiny", *SMALL, "--criterion", "cross_entropy")
    return chain.programs, (*chain.denoising, *model, "--batch-size", 24, *EXACT_BATCHES, "--num-workers", 1)


def position(state: dict) -> tuple[int, int, int]:
    """Updates, epoch and batches of the epoch that a checkpoint has seen."""
    iterator = state["extra_state"]["train_iterator"]
    return state["optimizer_history"][-1]["num_updates"], iterator["epoch"], iterator["iterations_in_epoch"]


def test_resumed_at_the_end_of_an_epoch(chain, tmp_path):
    """Where fairseq forgets its meters: the running scale of the advantages is of the whole training."""
    data, options = composed(chain)
    for epochs in (1, 2):
        train(data, tmp_path / "parts", *options, "--seed", 5, "--max-epoch", epochs)
    train(data, tmp_path / "whole", *options, "--seed", 5, "--max-epoch", 2)
    whole, resumed = (torch.load(tmp_path / name / "checkpoint_last.pt")["model"] for name in ("whole", "parts"))
    assert all(torch.equal(resumed[name], value) for name, value in whole.items())


@pytest.mark.parametrize("training", [composed, composed_over_two_batches, denoising_with_a_worker])
def test_killed_and_resumed_equals_uninterrupted(chain, tmp_path, training):
    data, options = training(chain)
    options = (*options, *SAVING)
    train(data, tmp_path / "whole", *options)

    parts = tmp_path / "parts"
    command = [sys.executable, "-c", KILLED_TRAINING, *train_options(data, parts, *options)]
    with (tmp_path / "log").open("w") as log:
        killed = subprocess.run(command, cwd=ROOT, stdout=log, stderr=log, timeout=120)
    assert killed.returncode == -signal.SIGKILL, (tmp_path / "log").read_text()
    left = torch.load(parts / "checkpoint_last.pt")
    batches_an_update = 2 if training is composed_over_two_batches else 1
    assert position(left) == (SAVED[1], 2, (SAVED[1] - AN_EPOCH) * batches_an_update)
    (parts / f"checkpoint_1_{SAVED[0]}.pt").unlink()

    train(data, parts, *options)
    assert not (parts / f"checkpoint_1_{SAVED[0]}.pt").exists()  # it went on, it did not begin again
    whole, resumed = (torch.load(folder / "checkpoint_last.pt") for folder in (tmp_path / "whole", parts))
    assert position(whole)[0] == position(resumed)[0] == ALL
    assert resumed["extra_state"]["val_loss"] == whole["extra_state"]["val_loss"]
    for name, value in whole["model"].items():
        assert torch.equal(resumed["model"][name], value), name
