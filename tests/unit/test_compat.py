"""Each workaround of _compat.py, against the fault it mends."""

import argparse
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from fairseq import checkpoint_utils
from fairseq.data import FairseqDataset, data_utils
from fairseq.dataclass.configs import DistributedTrainingConfig
from fairseq.distributed import utils as distributed
from fairseq.file_io import PathManager
from fairseq.logging import metrics
from fairseq.tasks import FairseqTask
from omegaconf import OmegaConf

import fairseq_cft
from fairseq_cft.errors import UserError

fairseq_cft.register()  # whichever tests came before

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("count", range(1, 18))
@pytest.mark.parametrize("limits", [{"max_tokens": 40}, {"max_sentences": 8}, {"max_tokens": 40, "max_sentences": 5}])
def test_no_sentence_is_dropped(count, limits):
    sizes = np.arange(count) % 7 + 1
    batches = data_utils.batch_by_size(
        np.arange(count), lambda i: sizes[i], num_tokens_vec=sizes, required_batch_size_multiple=8, **limits
    )
    assert sorted(index for batch in batches for index in batch) == list(range(count))
    for batch in batches:
        assert len(batch) <= limits.get("max_sentences", count)
        assert len(batch) * sizes[list(batch)].max() <= limits.get("max_tokens", 10**9)


STOPS_EARLY = """
import torch
import fairseq_cft
fairseq_cft.register()
from fairseq.data.iterators import BufferedIterator

class Batches(list):
    def __iter__(self):
        while True:
            yield torch.randn(300000).sort()

next(BufferedIterator(10, Batches(range(1000))))
"""


def test_a_process_may_end_while_batches_are_made():
    done = subprocess.run([sys.executable, "-c", STOPS_EARLY], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


EPOCHS = """
import gc, multiprocessing, sys, time
import fairseq_cft
fairseq_cft.register()
from fairseq.data import ListDataset
from fairseq.data.iterators import EpochBatchIterator

gc.disable()
left = int(sys.argv[1])
data, samples = ListDataset(list(range(40))), [[each] for each in range(40)]
batches = EpochBatchIterator(data, list, samples, num_workers=1, buffer_size=9, persistent_workers=left == 1)
for _ in range(3):
    assert len(list(batches.next_epoch_itr())) == 40
deadline = time.monotonic() + 20
while len(multiprocessing.active_children()) > left and time.monotonic() < deadline:
    time.sleep(0.05)
print(len(multiprocessing.active_children()))
"""


@pytest.mark.parametrize("left", ["1", "0"], ids=["workers stay for the next epoch", "workers go"])
def test_the_workers_of_an_epoch_end_with_it(left):
    command = [sys.executable, "-W", "ignore", "-c", EPOCHS, left]  # torch warns of memory that it cannot pin
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr, done.stdout.split()) == (0, "", [left])


class Sentences(FairseqDataset):
    """Sentences of so many tokens."""

    def __init__(self, *sizes):
        self.lengths = np.array(sizes, dtype=np.int64)

    def __len__(self):
        return len(self.lengths)

    def num_tokens(self, index):
        return self.lengths[index]

    size = num_tokens

    def ordered_indices(self):
        return np.arange(len(self))

    def filter_indices_by_size(self, indices, max_sizes):
        return indices[self.lengths <= max_sizes], indices[self.lengths > max_sizes].tolist()

    def __getitem__(self, index):
        return index

    def collater(self, samples):
        return samples


LIMITS = {"max_tokens": 9, "max_positions": 5, "ignore_invalid_inputs": True, "required_batch_size_multiple": 8}


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ((), "the data split train holds no sentence; is the file given to fairseq-preprocess empty?"),
        ((6, 7, 8), r"no sentence of the data split train is left: all 3 are .*\(positions 5, tokens a batch 9\)"),
    ],
)
def test_why_nothing_is_left_to_batch(sizes, message):
    task = FairseqTask(argparse.Namespace())
    task.datasets["train"] = Sentences(*sizes)
    with pytest.raises(UserError, match=message):
        task.get_batch_iterator(task.datasets["train"], **LIMITS)


@pytest.mark.parametrize("sizes", [(6, 7, 8), ()])
def test_inputs_that_are_all_skipped_give_no_batch(sizes):
    """Lines of fairseq-interactive and of the hub, which are no split of the task's data."""
    iterator = FairseqTask(argparse.Namespace()).get_batch_iterator(Sentences(*sizes), **LIMITS)
    assert list(iterator.next_epoch_itr(shuffle=False)) == []


def test_data_of_the_older_format_can_be_read_item_by_item(tmp_path):
    from fairseq.data.indexed_dataset import IndexedDatasetBuilder

    builder = IndexedDatasetBuilder(str(tmp_path / "train.bin"))
    for length in (2, 3, 4):
        builder.add_item(torch.arange(length))
    builder.finalize(str(tmp_path / "train.idx"))
    data = data_utils.load_indexed_dataset(str(tmp_path / "train"))
    assert type(data).__name__ == "IndexedCachedDataset"
    data.prefetch([1])
    assert [data[place].tolist() for place in (2, 1, 0)] == [[0, 1, 2, 3], [0, 1, 2], [0, 1]]


def test_a_checkpoint_cut_off_anywhere_is_one_sentence(tmp_path):
    state = {"model": {"weight": torch.ones(3000)}, "cfg": {}, "args": argparse.Namespace(a=1), "optimizer_history": []}
    torch.save(state, tmp_path / "whole.pt")
    content = (tmp_path / "whole.pt").read_bytes()
    for part in range(40):
        (tmp_path / "half.pt").write_bytes(content[: part * len(content) // 40])
        with pytest.raises(UserError, match=r"half.pt is no readable fairseq checkpoint \(.+\)$"):
            checkpoint_utils.load_checkpoint_to_cpu(str(tmp_path / "half.pt"))


def test_a_checkpoint_that_is_missing_or_none(tmp_path):
    with pytest.raises(UserError, match=r"the checkpoint .*nowhere.pt does not exist"):
        checkpoint_utils.load_model_ensemble([str(tmp_path / "nowhere.pt")])
    with pytest.raises(UserError, match="is no readable fairseq checkpoint"):
        checkpoint_utils.load_model_ensemble([str(tmp_path)])
    torch.save({"weight": torch.ones(3)}, tmp_path / "weights.pt")
    with pytest.raises(UserError, match="is no fairseq checkpoint"):
        checkpoint_utils.load_model_ensemble([str(tmp_path / "weights.pt")])


def test_best_checkpoints_of_negative_scores_are_found_and_sorted(tmp_path):
    for score in ("-2.5001", "-12.0000", "3.1000"):
        (tmp_path / f"checkpoint.best_reward_{score}.pt").touch()
    pattern = r"checkpoint\.best_reward_(\d+\.?\d*)\.pt"  # as save_checkpoint asks
    found = [Path(path).stem.rsplit("_")[-1] for path in checkpoint_utils.checkpoint_paths(str(tmp_path), pattern)]
    assert found == ["3.1000", "-2.5001", "-12.0000"]


def test_a_metric_that_is_not_logged_is_named_with_those_that_are():
    with metrics.aggregate(new_root=True) as logged:
        metrics.log_scalar("loss", 1.0)
        metrics.log_scalar("base_loss", 2.0)
    stats = logged.get_smoothed_values()
    assert stats["loss"] == 1.0 and stats.get("los") is None
    with pytest.raises(UserError, match=r"--best-checkpoint-metric los: .* no such metric, but base_loss, loss;"):
        stats["los"]


def test_hydra_shows_a_users_mistake_as_one_sentence(capsys):
    from hydra.core.utils import JobReturn, JobStatus

    def result(value, status=JobStatus.FAILED):
        return JobReturn(status=status, _return_value=value).return_value

    with pytest.raises(SystemExit) as ended:
        result(UserError("do that instead"))
    assert ended.value.code == 1 and capsys.readouterr().err == "fairseq_cft: error: do that instead\n"
    with pytest.raises(ValueError, match="ours"):
        result(ValueError("ours"))
    assert result(3, JobStatus.COMPLETED) == 3


def test_fairseqs_own_classes_load_with_the_check_on(tmp_path):
    content = {"args": argparse.Namespace(lr=[0.1]), "best": np.float64(3.5), "array": np.arange(3), "n": np.int64(4)}
    torch.save(content, tmp_path / "state.pt")
    loaded = torch.load(tmp_path / "state.pt", weights_only=True)
    assert loaded["args"].lr == [0.1] and loaded["best"] == 3.5 and loaded["array"].tolist() == [0, 1, 2]


def test_a_copy_of_a_checkpoint_is_whole_or_not_made(tmp_path, monkeypatch):
    new, last = tmp_path / "checkpoint1.pt", tmp_path / "checkpoint_last.pt"
    new.write_text("new and whole")
    last.write_text("old")
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr("shutil.copyfile", killed_half_way)
        PathManager.copy(str(new), str(last), overwrite=True)
    assert last.read_text() == "old"
    assert PathManager.copy(str(new), str(last), overwrite=True)
    assert last.read_text() == "new and whole"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint1.pt", "checkpoint_last.pt"]


def killed_half_way(source, target):
    Path(target).write_text(Path(source).read_text()[:5])
    raise KeyboardInterrupt


class Shuffled(FairseqDataset):
    """Twenty sentences of one token in random order."""

    def __len__(self):
        return 20

    def num_tokens(self, index):
        return 1

    def ordered_indices(self):
        return np.random.permutation(20)

    def collater(self, samples):
        return samples


@pytest.mark.parametrize("seed", [1, 7])
def test_batches_do_not_depend_on_the_epoch_of_a_start(seed):
    task = FairseqTask(argparse.Namespace())
    batches = {}
    for epoch in (1, 3):
        iterator = task.get_batch_iterator(Shuffled(), max_sentences=8, seed=seed, epoch=epoch)
        batches[epoch] = [list(batch) for batch in iterator.frozen_batches]
    assert batches[1] == batches[3]
    # as fairseq main orders them in a first epoch, and 0.12.2 in every one
    orders = [np.random.RandomState(number).permutation(20).tolist() for number in (seed + 1, seed)]
    assert np.concatenate(batches[1]).tolist() in orders


@pytest.mark.parametrize("given", [1, 2])
def test_torchruns_workers_are_taken_without_a_gpu(monkeypatch, given):
    started_by_torchrun(monkeypatch, workers=2, rank=1, gpus=0)
    training = distributed_training(given)
    distributed.infer_init_method(training)
    assert (training.distributed_init_method, training.distributed_no_spawn) == ("env://", True)
    assert (training.distributed_world_size, training.distributed_rank, training.device_id) == (2, 1, 0)
    assert training.distributed_backend == "gloo"


def test_torchruns_workers_are_taken_with_one_gpu_a_machine(monkeypatch):
    started_by_torchrun(monkeypatch, workers=4, rank=3, gpus=1)
    training = distributed_training(1)  # fairseq's default: the GPUs of this machine
    distributed.infer_init_method(training)
    assert (training.distributed_world_size, training.distributed_rank, training.device_id) == (4, 3, 0)
    assert (training.distributed_init_method, training.distributed_backend) == ("env://", "nccl")


def test_a_training_of_its_own_stays_alone(monkeypatch):
    training = distributed_training(1)
    distributed.infer_init_method(training)
    started_by_torchrun(monkeypatch, workers=1, rank=0, gpus=0)
    distributed.infer_init_method(training)
    assert training.distributed_init_method is None and training.distributed_world_size == 1


def distributed_training(world_size):
    training = DistributedTrainingConfig(distributed_world_size=world_size)
    return OmegaConf.create({"common": {"tpu": False}, "distributed_training": training}).distributed_training


def started_by_torchrun(monkeypatch, workers, rank, gpus):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpus > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
    set_by_torchrun = {"RANK": rank, "WORLD_SIZE": workers, "MASTER_ADDR": "localhost", "MASTER_PORT": 1}
    for name, value in (set_by_torchrun | {"TORCHELASTIC_RUN_ID": "none"}).items():
        monkeypatch.setenv(name, str(value))
