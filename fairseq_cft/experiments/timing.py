"""Trainers, batches and clocks for speed.py.

Everything is measured in this process, side by side: the repeats of all cases are interleaved, so that what disturbs
the machine disturbs them all, and medians are reported with the fastest and the slowest repeat.
"""

import gc
import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from fairseq import options, tasks
from fairseq.dataclass.utils import convert_namespace_to_omegaconf
from fairseq.trainer import Trainer

import fairseq_cft

from .stages import PACKAGE

Batch = dict[str, Any]

# Published dropout of the synthetic experiments. The learning rate changes no weight to speak of: each step of each
# case sees the same model, as well trained at the end as at the beginning.
TRAINING = (
    *("--optimizer", "adam", "--lr", "1e-12", "--clip-norm", "1", "--log-format", "none"),
    *("--dropout", "0.1", "--attention-dropout", "0.2", "--activation-dropout", "0.2"),
)


@dataclass(frozen=True)
class Timing:
    """Seconds of one case, a repeat each."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    def record(self, name: str, **more: Any) -> dict[str, Any]:
        """JSON-able: median, fastest and slowest, to four figures."""
        found = {"median": self.median, "fastest": min(self.seconds), "slowest": max(self.seconds)}
        rounded = {f"seconds_{key}": float(f"{value:.4g}") for key, value in found.items()}
        return {"name": name, **rounded, "repeats": len(self.seconds), **more}


def side_by_side(
    cases: Mapping[str, Callable[[], object]], repeats: int, wait: Callable[[], None]
) -> dict[str, Timing]:
    """Runs each case once to warm up, then ``repeats`` times in turn; ``wait`` waits for the device."""
    seconds: dict[str, list[float]] = {name: [] for name in cases}
    for repeat in range(repeats + 1):
        for name, case in cases.items():
            gc.collect()
            wait()
            began = time.perf_counter()
            case()
            wait()
            if repeat:
                seconds[name].append(time.perf_counter() - began)
    return {name: Timing(tuple(found)) for name, found in seconds.items()}


def trainer_of(data: Path, task: str, device: str, *more: str) -> Trainer:
    """fairseq's own trainer, as fairseq-train builds it from the same options; bf16 on a GPU."""
    fairseq_cft.register()  # fairseq reads --user-dir from the process's own command line only
    precision = ("--bf16",) if device == "cuda" else ("--cpu",)
    parser = options.get_training_parser()
    words = [str(data), "--user-dir", str(PACKAGE), "--task", task, *TRAINING, *precision, *more]
    args = options.parse_args_and_arch(parser, words)
    cfg = convert_namespace_to_omegaconf(args)
    made = tasks.setup_task(cfg.task)
    torch.manual_seed(1)
    trainer = Trainer(cfg, made, made.build_model(cfg.model), made.build_criterion(cfg.criterion))
    trainer.begin_epoch(1)
    return trainer


def batches_of(trainer: Trainer, max_tokens: int, count: int) -> list[Batch]:
    """The same ``count`` shuffled training batches for every case."""
    trainer.task.load_dataset("train")
    iterator = trainer.task.get_batch_iterator(trainer.task.dataset("train"), max_tokens=max_tokens, seed=1)
    epoch = iterator.next_epoch_itr(shuffle=True)
    return [batch for _, batch in zip(range(count), epoch, strict=False)]


def steps(trainer: Trainer, batches: Iterable[Batch]) -> Callable[[], None]:
    """A case: one training step a batch."""

    def run() -> None:
        for batch in batches:
            trainer.train_step([batch])

    return run


def artificial_batch(task: Any, count: int, length: int) -> Batch:
    """``count`` pairs of random symbols, all of ``length`` tokens: (N, T) sources and targets."""
    words = task.target_dictionary
    generator = torch.Generator().manual_seed(length)
    rows = torch.randint(words.nspecial, len(words), (2, count, length), generator=generator)
    rows[:, :, -1] = words.eos()
    source, target = rows
    previous = torch.cat([target[:, -1:], target[:, :-1]], 1)
    net_input = {"src_tokens": source, "src_lengths": torch.full((count,), length), "prev_output_tokens": previous}
    return {
        "id": torch.arange(count),
        "nsentences": count,
        "ntokens": count * length,
        "net_input": net_input,
        "target": target,
    }


def target_tokens(batches: Sequence[Batch]) -> int:
    return sum(int(batch["ntokens"]) for batch in batches)


def peak_memory(device: str) -> int:
    """Bytes: the process's resident memory at its highest, or on a GPU what torch allocated."""
    if device == "cuda":
        return torch.cuda.max_memory_allocated()
    # not getrusage: its maximum includes that of the process that started this one
    status = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:"))
