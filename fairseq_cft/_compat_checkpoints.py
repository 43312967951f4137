"""What breaks in fairseq's handling of checkpoints, and its mend; see ``_compat``."""

import argparse
import inspect
import pickle
import re
from typing import Any

import numpy as np
import torch

from ._compat_mending import mends
from .errors import UserError


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


def copy_checkpoints_whole() -> None:
    """fairseq, every version, writes a checkpoint under a temporary name but then copies it in place.

    A training killed meanwhile leaves half a checkpoint_last.pt or checkpoint_best.pt, and cannot be resumed. The copy
    is made under a temporary name too.
    """
    from fairseq.file_io import PathManager

    @mends(PathManager, "copy")
    def copy(original: Any, src_path: str, dst_path: str, overwrite: bool = False) -> Any:
        if not PathManager.supports_rename(dst_path):
            return original(src_path, dst_path, overwrite)
        copied = original(src_path, f"{dst_path}.tmp", True)
        PathManager.rename(f"{dst_path}.tmp", dst_path)
        return copied


def name_unreadable_checkpoints() -> None:
    """fairseq, every version, ends in whatever error Python has for a checkpoint that is missing, cut off or no such.

    What a file cut off in its middle gives depends on where: OSError, RuntimeError, EOFError ...
    """
    from fairseq import checkpoint_utils

    @mends(checkpoint_utils, "load_checkpoint_to_cpu")
    def load_checkpoint_to_cpu(read: Any, path: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return read(path, *args, **kwargs)
        except (pickle.UnpicklingError, RuntimeError, EOFError, AttributeError, ValueError, OSError) as error:
            raise UserError(f"{path} is no readable fairseq checkpoint ({_reason(error)})") from error
        except KeyError as error:  # fairseq looks for the parts of its older formats
            raise UserError(f"{path} is no fairseq checkpoint: it has no model weights or no configuration") from error

    @mends(checkpoint_utils, "load_model_ensemble_and_task")
    def load_model_ensemble_and_task(load: Any, filenames: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return load(filenames, *args, **kwargs)
        except OSError as error:
            if not str(error).startswith("Model file not found"):
                raise
            raise UserError(f"the checkpoint {str(error).split(': ')[-1]} does not exist; check the path") from error


def _reason(error: Exception) -> str:
    """One line of a loading error; of torch's long refusal of a pickled class, the part that names the class."""
    refused = re.search(r"Unsupported [^\n]*?(?= was not an allowed|\. |\n|$)", str(error))
    lines = str(getattr(error, "strerror", None) or error).splitlines()
    return refused.group() if refused else lines[0] if lines else type(error).__name__


def check_what_training_goes_on_from() -> None:
    """fairseq, every version, gives a model the weights of a checkpoint but not the options that they came with.

    So a training that is resumed or starts from --finetune-from-model goes on with another dictionary, or another
    denoiser than it names, without a word; and for other tensors it only says that architectures must match.
    """
    from fairseq import checkpoint_utils
    from fairseq.trainer import Trainer

    from .modules.continuing import check_continued

    @mends(Trainer, "load_checkpoint")
    def load_checkpoint(original: Any, self: Any, filename: str, *args: Any, **kwargs: Any) -> Any:
        read = checkpoint_utils.load_checkpoint_to_cpu

        def read_and_check(*given: Any, **options: Any) -> Any:
            state = read(*given, **options)
            check_continued(self.get_model(), self.cfg.model, state, filename)
            return state

        checkpoint_utils.load_checkpoint_to_cpu = read_and_check
        try:
            return original(self, filename, *args, **kwargs)
        finally:
            checkpoint_utils.load_checkpoint_to_cpu = read


def keep_running_meters() -> None:
    """fairseq, every version, forgets its meters where a training is resumed at the beginning of an epoch.

    Else it goes on with others than those that it loaded and will save. What is called ``_running_...`` belongs to the
    whole training, and is kept.
    """
    from fairseq.logging import metrics
    from fairseq.trainer import Trainer

    from .modules.continuing import RUNNING

    @mends(Trainer, "load_checkpoint")
    def load_checkpoint(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
        extra_state = original(self, *args, **kwargs)
        metrics._active_aggregators["default"] = metrics._aggregators["default"]
        if extra_state and not inspect.signature(original).bind(self, *args, **kwargs).arguments.get("reset_meters"):
            for _, name, _, meter in extra_state.get("metrics", {}).get("default", []):
                if name.startswith(RUNNING) and metrics.get_meter("default", name) is None:
                    metrics.log_scalar(name, meter["val"])
        return extra_state


def find_negative_scores() -> None:
    """fairseq, every version, does not find its own checkpoint.best_METRIC_SCORE.pt where the score is below 0.

    --keep-best-checkpoints 1 then kept them all. What looks for the score in a file's name now knows the sign.
    """
    from fairseq import checkpoint_utils

    @mends(checkpoint_utils, "checkpoint_paths")
    def checkpoint_paths(
        original: Any, path: str, pattern: str = r"checkpoint(\d+)\.pt", *args: Any, **kwargs: Any
    ) -> Any:
        return original(path, pattern.replace(r"(\d+\.?\d*)", r"(-?\d+\.?\d*)"), *args, **kwargs)
