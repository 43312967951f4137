"""fairseq of 2022-2024 on today's Python, torch and numpy: each workaround with what breaks, since when, and the mend.

Every function is a no-op where its fault does not occur. They run once, when fairseq is imported. Those of batches
stand in ``_compat_batches``, those of checkpoints in ``_compat_checkpoints``.
"""

import os
import sys
from collections import OrderedDict
from functools import wraps
from pathlib import Path
from typing import Any

import torch

from ._compat_batches import (
    end_batch_makers,
    keep_batches_after_resuming,
    keep_last_batch,
    read_uncached,
    say_why_nothing_is_left,
)
from ._compat_checkpoints import (
    allow_fairseq_checkpoints,
    check_what_training_goes_on_from,
    copy_checkpoints_whole,
    find_negative_scores,
    keep_running_meters,
    name_unreadable_checkpoints,
)
from ._compat_mending import mends
from .errors import UserError, sentence


def apply_all(package_path: list[str]) -> None:
    """Applies every workaround; ``package_path`` is the ``__path__`` of this package."""
    allow_fairseq_checkpoints()
    name_unreadable_checkpoints()
    check_what_training_goes_on_from()
    keep_running_meters()
    copy_checkpoints_whole()
    find_negative_scores()
    keep_last_batch()
    keep_batches_after_resuming()
    say_why_nothing_is_left()
    end_batch_makers()
    read_uncached()
    disable_encoder_fastpath()
    follow_torchrun()
    wrap_models_on_the_cpu()
    count_groups_within_a_batch()
    name_missing_metrics()
    show_sentences_under_hydra()
    accept_every_spelling(package_path)


def disable_encoder_fastpath() -> None:
    """fairseq 0.12.2 only: its encoder layers call a fused torch kernel that now fails on their padding masks.

    The kernel is used where ``can_use_fastpath`` is true ("Mask Type should be defined" since torch 1.13).
    """
    from fairseq.modules import transformer_layer

    layer = transformer_layer.TransformerEncoderLayerBase
    if "can_use_fastpath" not in layer.__init__.__code__.co_names:
        return

    @mends(layer, "__init__")
    def init(original: Any, self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        self.can_use_fastpath = False


def follow_torchrun() -> None:
    """fairseq, every version, asks the GPUs of this machine how many workers ``torchrun`` started.

    Where they are fewer than two (no GPU, or several machines with one each) every worker trained alone, without a
    word, all writing the same checkpoints; ``--distributed-world-size 2`` without a GPU divided by zero.
    """
    from fairseq.distributed import utils as distributed

    @mends(distributed, "infer_init_method")
    def infer_init_method(original: Any, cfg: Any, force_distributed: bool = False) -> None:
        workers = int(os.environ["WORLD_SIZE"]) if "TORCHELASTIC_RUN_ID" in os.environ else 1
        mine = workers > 1 and cfg.distributed_init_method is None
        if mine:
            cfg.distributed_world_size = workers
        if mine and not torch.cuda.is_available():
            cfg.distributed_rank = int(os.environ["RANK"])
            cfg.distributed_init_method, cfg.distributed_no_spawn = "env://", True
            cfg.distributed_backend = "gloo"  # the default, nccl, needs GPUs
        else:
            original(cfg, force_distributed)


def wrap_models_on_the_cpu() -> None:
    """fairseq, every version, names a GPU when it wraps a model by --ddp-backend pytorch_ddp, the default.

    torch refuses that for a model on the CPU ("device_ids and output_device arguments only work with ...").
    """
    from fairseq.models import distributed_fairseq_model as wrapping

    original = wrapping.DistributedDataParallel
    if not isinstance(original, type):
        return

    @wraps(original, updated=())
    def wrap(module: torch.nn.Module, device_ids: Any = None, output_device: Any = None, **options: Any) -> Any:
        if any(parameter.device.type == "cpu" for parameter in module.parameters()):
            device_ids = output_device = None
        return original(module=module, device_ids=device_ids, output_device=output_device, **options)

    wrapping.DistributedDataParallel = wrap


def count_groups_within_a_batch() -> None:
    """fairseq, every version, takes a sentence's number in the data for its place in the batch (--diverse-beam-groups).

    Any batch but the data's first ends in an ``IndexError``, and one sorted by length mixes up its sentences.
    """
    from fairseq.search import DiverseBeamSearch

    @mends(DiverseBeamSearch, "step")
    def step(original: Any, self: Any, number: int, lprobs: Any, scores: Any, previous: Any, sentences: Any) -> Any:
        if number == 0:
            self._sentences = sentences
        places = sentences.unsqueeze(1).eq(self._sentences).int().argmax(1)
        return original(self, number, lprobs, scores, previous, places)


class _Metrics(OrderedDict[str, Any]):
    def __missing__(self, name: str) -> Any:
        raise UserError(
            f"--best-checkpoint-metric {name}: validation logs no such metric, but {', '.join(sorted(self))}; in "
            "--task pseudocode_to_code --eval-exact-match adds exact and --eval-programs correct_rate"
        )


def name_missing_metrics() -> None:
    """fairseq, every version, ends in ``KeyError`` where --best-checkpoint-metric names what validation does not log.

    That comes after the epoch, which is lost: nothing has been saved.
    """
    from fairseq.logging.meters import MetersDict

    @mends(MetersDict, "get_smoothed_values")
    def get_smoothed_values(original: Any, self: Any) -> _Metrics:
        return _Metrics(original(self))


def show_sentences_under_hydra() -> None:
    """hydra >= 1.1 prints a traceback for every error of a job, before the interpreter's own hook has its turn."""
    from hydra.core import utils as hydra_utils

    original = vars(hydra_utils.JobReturn).get("return_value")
    if not isinstance(original, property) or original.fget is None or original.fget.__module__ == __name__:
        return
    read = original.fget

    def return_value(self: Any) -> Any:
        if isinstance(self._return_value, UserError):
            print(f"fairseq_cft: error: {sentence(self._return_value)}", file=sys.stderr)
            raise SystemExit(1)
        return read(self)

    setattr(hydra_utils.JobReturn, "return_value", property(return_value, original.fset))  # noqa: B010  (for mypy)


def accept_every_spelling(package_path: list[str]) -> None:
    """Lets ``--user-dir`` name this package by any path after it was imported by name.

    fairseq compares the absolute path of ``--user-dir`` with ``__path__`` as text, and takes another spelling of the
    same folder (a symbolic link, the working directory, site-packages) for a second plugin of the same name.
    """
    here = Path(package_path[0])
    spellings = [here.resolve(), Path.cwd() / here.name, here.absolute()]
    for spelling in spellings:
        if str(spelling) not in package_path and spelling.exists() and spelling.samefile(here):
            package_path.append(str(spelling))
