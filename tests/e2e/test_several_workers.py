"""torchrun with two workers on the CPU, through fairseq-train, is one process with twice the batches an update."""

import json
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest
import torch
from commands import ROOT, composed_options, train, train_options
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from fairseq_cft.modules import decoding

pytestmark = pytest.mark.xdist_group("chain")
WAYS = {
    "pytorch_ddp": ("--ddp-backend", "pytorch_ddp"),
    "legacy_ddp": ("--ddp-backend", "legacy_ddp"),
    "checkpointed": ("--ddp-backend", "pytorch_ddp", "--checkpoint-activations"),
}

# What differs between one process and two is left out: dropout's masks, and what is drawn (here the likeliest
# token is). Plain gradient descent, because Adam turns a rounding error in a gradient near zero into a whole step.
# 40 training pairs make 7 batches and 10 validation pairs 3, so that one worker ends on a dummy batch.
COMPARABLE = (
    *("--dropout", 0, "--attention-dropout", 0, "--activation-dropout", 0),
    *("--gradient-estimator", "reinforce", "--num-samples", 1),
    *("--optimizer", "sgd", "--lr", 0.05, "--clip-norm", 1, "--max-epoch", 1, "--seed", 4),
    *("--batch-size", 6, "--batch-size-valid", 4, "--required-batch-size-multiple", 1),
)
# One training after the other in the same two processes: starting them takes longer than training.
WORKER = """
import json, sys
import fairseq_cft
from fairseq_cft.modules import decoding
fairseq_cft.register()
decoding._draw = lambda logits: logits.argmax(-1)
from fairseq.checkpoint_utils import save_checkpoint
from fairseq.logging import progress_bar
from fairseq_cli.train import cli_main
for arguments in json.loads(sys.argv[1]):
    sys.argv[1:] = arguments
    cli_main()
    progress_bar._close_writers()
    progress_bar._tensorboard_writers.clear()
    vars(save_checkpoint).pop("best", None)
"""


@pytest.fixture(scope="module")
def runs(chain, tmp_path_factory) -> SimpleNamespace:
    """Folders of one process with --update-freq 2, and of two workers in each way."""
    folder = tmp_path_factory.mktemp("workers")
    options = [*composed_options(chain), *COMPARABLE]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decoding, "_draw", lambda logits: logits.argmax(-1))
        train(chain.pairs, folder / "alone", *options, "--update-freq", 2)
    (folder / "worker.py").write_text(WORKER)
    trainings = [
        train_options(
            chain.pairs, folder / way, *options, "--distributed-no-spawn", *flags,
            "--tensorboard-logdir", folder / way,
        )
        for way, flags in WAYS.items()
    ]  # fmt: skip
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    done = subprocess.run(
        [*command, str(folder / "worker.py"), json.dumps(trainings)],
        cwd=ROOT, capture_output=True, text=True, timeout=240,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return SimpleNamespace(folder=folder, log=done.stderr)


def state(folder):
    return torch.load(folder / "checkpoint_last.pt", weights_only=True)


@pytest.mark.parametrize("way", WAYS)
def test_two_workers_equal_one_process(chain, runs, way):
    alone, both = state(runs.folder / "alone"), state(runs.folder / way)
    assert both["cfg"]["distributed_training"]["distributed_world_size"] == 2
    assert [each["optimizer_history"][-1]["num_updates"] for each in (alone, both)] == [4, 4]
    start = torch.load(chain.denoiser, weights_only=True)["model"]
    moved = [(alone["model"][f"base_predictor.{name}"] - start[name]).abs().max() for name in start]
    assert max(moved) > 0.02
    for name, value in alone["model"].items():
        torch.testing.assert_close(both["model"][name], value, rtol=1e-3, atol=1e-4, msg=name)
    assert both["extra_state"]["val_loss"] == pytest.approx(alone["extra_state"]["val_loss"], abs=2e-4)


@pytest.mark.parametrize("way", WAYS)
def test_one_worker_writes_for_both(runs, way):
    """Rewards and rates are of all 10 validation pairs, in one file."""
    (file,) = (runs.folder / way / "valid").iterdir()
    valid = EventAccumulator(str(file), size_guidance={"histograms": 0}).Reload()
    assert [event.histogram_value.num for event in valid.Histograms("rewards")] == [10]
    assert {"exact", "base_exact", "changed", "reward"} <= set(valid.Tags()["scalars"])
