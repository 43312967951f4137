"""fairseq of 2022-2024 on today's Python, torch and numpy: each workaround with what breaks, since when, and the mend.

Every function is a no-op where its fault does not occur. They run once, when fairseq is imported.
"""

from __future__ import annotations

import argparse
import atexit
import inspect
import os
import queue
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import wraps
from pathlib import Path
from typing import Any

import numpy as np
import torch

from .errors import UserError


def apply_all(package_path: list[str]) -> None:
    """Applies every workaround; ``package_path`` is the ``__path__`` of this package."""
    allow_fairseq_checkpoints()
    keep_last_batch()
    disable_encoder_fastpath()
    copy_checkpoints_whole()
    keep_batches_after_resuming()
    end_batch_makers()
    follow_torchrun()
    wrap_models_on_the_cpu()
    accept_every_spelling(package_path)


def allow_fairseq_checkpoints() -> None:
    """torch >= 2.6 loads with ``weights_only=True`` and refuses the few plain classes that fairseq pickles.

    They are allow-listed by name; the check itself stays on, so a checkpoint from a stranger still cannot run code.
    """
    if tuple(int(part) for part in torch.__version__.split(".")[:2]) < (2, 6):
        return
    multiarray = getattr(np, "_core", None) or np.core  # renamed in numpy 2.0; both spellings stand in checkpoints
    reconstruct, scalar = multiarray.multiarray._reconstruct, multiarray.multiarray.scalar
    allowed: list[Any] = [argparse.Namespace, np.ndarray, np.dtype, reconstruct, scalar]
    allowed += [type(np.dtype(kind)) for kind in ("f4", "f8", "i4", "i8", "u4", "u8", "?")]
    for module in ("numpy.core.multiarray", "numpy._core.multiarray"):
        allowed += [(reconstruct, f"{module}._reconstruct"), (scalar, f"{module}.scalar")]
    torch.serialization.add_safe_globals(allowed)


def keep_last_batch() -> None:
    """fairseq main since 2022-12 drops the last batch whose size is no multiple of ``required_batch_size_multiple``.

    fairseq issues 5036, 5094, 5351: with the default of 8, 20 sentences gave 16 translations, 7 gave an error.
    The wrapper appends what is missing as one more batch, cut by the same limits.
    """
    from fairseq.data import data_utils

    original = data_utils.batch_by_size
    if getattr(original, "_keeps_last_batch", False):
        return

    @wraps(original)
    def batch_by_size(indices: Any, num_tokens_fn: Callable[[int], int], *args: Any, **kwargs: Any) -> list[Any]:
        indices = np.fromiter(indices, dtype=np.int64) if not isinstance(indices, np.ndarray) else indices
        if len(indices) == 0:  # fairseq goes on to an IndexError or a ZeroDivisionError
            raise UserError(
                "a data split has no sentence left to batch; is the file given to fairseq-preprocess empty?"
            )
        batches = list(original(indices, num_tokens_fn, *args, **kwargs))
        kept = sum(len(batch) for batch in batches)
        fixed_shapes = kwargs.get("fixed_shapes", args[4] if len(args) > 4 else None)
        if kept < len(indices) and fixed_shapes is None:
            batches.append(indices[kept:])
        return batches

    batch_by_size._keeps_last_batch = True  # type: ignore[attr-defined]
    data_utils.batch_by_size = batch_by_size


def disable_encoder_fastpath() -> None:
    """fairseq 0.12.2 only: its encoder layers call a fused torch kernel that now fails on their padding masks.

    The kernel is used where ``can_use_fastpath`` is true ("Mask Type should be defined" since torch 1.13).
    """
    from fairseq.modules import transformer_layer

    layer = transformer_layer.TransformerEncoderLayerBase
    if "can_use_fastpath" not in layer.__init__.__code__.co_names:
        return
    original = layer.__init__

    @wraps(original)
    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        self.can_use_fastpath = False

    layer.__init__ = init


def copy_checkpoints_whole() -> None:
    """fairseq, every version, writes a checkpoint under a temporary name but then copies it in place.

    A training killed meanwhile leaves half a checkpoint_last.pt or checkpoint_best.pt, and cannot be resumed. The copy
    is made under a temporary name too.
    """
    from fairseq.file_io import PathManager

    original = PathManager.copy
    if getattr(original, "_copies_whole", False):
        return

    @wraps(original)
    def copy(src_path: str, dst_path: str, overwrite: bool = False) -> Any:
        if not PathManager.supports_rename(dst_path):
            return original(src_path, dst_path, overwrite)
        copied = original(src_path, f"{dst_path}.tmp", True)
        PathManager.rename(f"{dst_path}.tmp", dst_path)
        return copied

    copy._copies_whole = True  # type: ignore[attr-defined]
    PathManager.copy = staticmethod(copy)


def keep_batches_after_resuming() -> None:
    """fairseq main seeds the making of batches by the epoch in which a training starts, or is resumed.

    A training resumed in a later epoch had other batches than one that never stopped: in the epoch under way some
    sentences came twice and others not at all. The wrapper orders sentences as for a start in the first epoch.
    """
    from fairseq.data import data_utils
    from fairseq.tasks import FairseqTask

    original = FairseqTask.get_batch_iterator
    if "make_batches" not in original.__code__.co_varnames:  # 0.12.2 seeds by --seed alone
        return
    parameters = inspect.signature(original)

    @wraps(original)
    def get_batch_iterator(self: Any, dataset: Any, *args: Any, **kwargs: Any) -> Any:
        given = parameters.bind(self, dataset, *args, **kwargs)
        given.apply_defaults()
        ordered_indices = dataset.ordered_indices

        def first_epochs_indices() -> Any:
            with data_utils.numpy_seed(given.arguments["seed"] + 1):
                return ordered_indices()

        dataset.ordered_indices = first_epochs_indices
        try:
            return original(self, dataset, *args, **kwargs)
        finally:
            del dataset.ordered_indices

    FairseqTask.get_batch_iterator = get_batch_iterator


def end_batch_makers() -> None:
    """fairseq, every version, leaves the thread that makes batches ahead of training running when the process ends.

    Python kills it wherever it is, and inside torch that aborts ("terminate called without an active exception",
    status 134), after a training that went well. At exit the threads are now told to stop, and waited for.
    """
    from fairseq.data import iterators

    original = iterators.BackgroundConsumer
    if original.__module__ == __name__:
        return
    at_exit = threading.Event()
    started: weakref.WeakSet[Any] = weakref.WeakSet()

    def until_exit(batches: Iterable[Any]) -> Iterator[Any]:
        for batch in batches:
            if at_exit.is_set():
                return
            yield batch

    class BatchMaker(original):  # type: ignore[misc, valid-type]
        def __init__(self, room: Any, batches: Iterable[Any], *args: Any) -> None:
            super().__init__(room, until_exit(batches), *args)
            started.add(self)

        def run(self) -> None:
            try:
                super().run()
            finally:
                self._source.close()  # not read to its end; it holds the epoch's workers

    @atexit.register
    def end_all() -> None:
        at_exit.set()
        deadline = time.monotonic() + 10  # a batch takes milliseconds; who waits for a dead worker is left behind
        for maker in list(started):
            while maker.is_alive() and time.monotonic() < deadline:
                with suppress(queue.Empty):
                    maker._queue.get(timeout=0.01)  # it may be waiting for room

    iterators.BackgroundConsumer = BatchMaker


def follow_torchrun() -> None:
    """fairseq, every version, asks the GPUs of this machine how many workers ``torchrun`` started.

    Where they are fewer than two (no GPU, or several machines with one each) every worker trained alone, without a
    word, all writing the same checkpoints; ``--distributed-world-size 2`` without a GPU divided by zero.
    """
    from fairseq.distributed import utils as distributed

    original = distributed.infer_init_method
    if getattr(original, "_follows_torchrun", False):
        return

    @wraps(original)
    def infer_init_method(cfg: Any, force_distributed: bool = False) -> None:
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

    infer_init_method._follows_torchrun = True  # type: ignore[attr-defined]
    distributed.infer_init_method = infer_init_method


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
