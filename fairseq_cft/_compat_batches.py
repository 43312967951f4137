"""What breaks in fairseq's making of batches, and its mend; see ``_compat``."""

import atexit
import inspect
import queue
import threading
import time
import weakref
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

import numpy as np

from ._compat_mending import mends
from .errors import UserError


def keep_last_batch() -> None:
    """fairseq main since 2022-12 drops the last batch whose size is no multiple of ``required_batch_size_multiple``.

    fairseq issues 5036, 5094, 5351: with the default of 8, 20 sentences gave 16 translations, 7 gave an error.
    The wrapper appends what is missing as one more batch, cut by the same limits.
    """
    from fairseq.data import data_utils

    @mends(data_utils, "batch_by_size")
    def batch_by_size(original: Any, indices: Any, num_tokens_fn: Any, *args: Any, **kwargs: Any) -> list[Any]:
        indices = np.fromiter(indices, dtype=np.int64) if not isinstance(indices, np.ndarray) else indices
        if len(indices) == 0:  # fairseq main goes on to an IndexError
            return []
        batches = list(original(indices, num_tokens_fn, *args, **kwargs))
        kept = sum(len(batch) for batch in batches)
        fixed_shapes = kwargs.get("fixed_shapes", args[4] if len(args) > 4 else None)
        if kept < len(indices) and fixed_shapes is None:
            batches.append(indices[kept:])
        return batches


def keep_batches_after_resuming() -> None:
    """fairseq main seeds the making of batches by the epoch in which a training starts, or is resumed.

    A training resumed in a later epoch had other batches than one that never stopped: in the epoch under way some
    sentences came twice and others not at all. The wrapper orders sentences as for a start in the first epoch.
    """
    from fairseq.data import data_utils
    from fairseq.tasks import FairseqTask

    if "make_batches" not in FairseqTask.get_batch_iterator.__code__.co_varnames:  # 0.12.2 seeds by --seed alone
        return

    @mends(FairseqTask, "get_batch_iterator")
    def get_batch_iterator(original: Any, self: Any, dataset: Any, *args: Any, **kwargs: Any) -> Any:
        given = inspect.signature(original).bind(self, dataset, *args, **kwargs)
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


def say_why_nothing_is_left() -> None:
    """fairseq, every version, trains on no batch until it divides by their number; the cause is said instead.

    Only of a split of the data: fairseq-interactive and the hub skip lines that are too long, and go on without them.
    """
    from fairseq.tasks import FairseqTask

    @mends(FairseqTask, "get_batch_iterator")
    def get_batch_iterator(original: Any, self: Any, dataset: Any, *args: Any, **kwargs: Any) -> Any:
        iterator = original(self, dataset, *args, **kwargs)
        split = next((name for name, loaded in self.datasets.items() if loaded is dataset), None)
        if split is None or len(iterator.frozen_batches) > 0:
            return iterator
        if len(dataset) == 0:
            raise UserError(f"the data split {split} holds no sentence; is the file given to fairseq-preprocess empty?")
        limits = inspect.signature(original).bind(self, dataset, *args, **kwargs).arguments
        raise UserError(
            f"no sentence of the data split {split} is left: all {len(dataset)} are longer than the positions or "
            f"--max-tokens allow (positions {limits.get('max_positions')}, tokens a batch {limits.get('max_tokens')})"
        )


def read_uncached() -> None:
    """fairseq, every version, cannot read data of ``--dataset-impl lazy`` that were not fetched before ("cached").

    It takes every file of the older format for "cached", and who reads an item without fetching gets a ``KeyError``.
    The item is then read from the file.
    """
    from fairseq.data.indexed_dataset import IndexedCachedDataset, IndexedDataset

    @mends(IndexedCachedDataset, "__getitem__")
    def read(original: Any, self: Any, index: Any) -> Any:
        return original(self, index) if index in self.cache_index else IndexedDataset.__getitem__(self, index)
