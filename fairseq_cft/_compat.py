"""fairseq of 2022-2024 on today's Python, torch and numpy: each workaround with what breaks, since when, and the mend.

Every function is a no-op where its fault does not occur. All of them run once, on ``import fairseq_cft``.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import numpy as np
import torch

# fairseq advises every importer to install tensorboardX for its text-to-speech task
logging.getLogger("fairseq.tasks.text_to_speech").setLevel(logging.WARNING)

from fairseq.data import data_utils  # noqa: E402

from ._errors import UserError  # noqa: E402


def apply_all(package_path: list[str]) -> None:
    """Applies every workaround; ``package_path`` is the ``__path__`` of this package."""
    allow_fairseq_checkpoints()
    keep_last_batch()
    disable_encoder_fastpath()
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
