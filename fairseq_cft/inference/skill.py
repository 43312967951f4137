"""How well models denoise: programs kept and restored, on held-out programs of a denoiser's data.

That of a denoiser says whether it is fit to be composed; that of models fine-tuned from it, what fine-tuning destroys.
"""

from pathlib import Path
from typing import Any

import numpy as np
from fairseq import checkpoint_utils, utils

from ..errors import UserError
from ..modules.denoiser import parts_of, read_state
from ..report.results import bits
from ..tasks.code_denoising import CodeDenoisingTask
from .training_run import Checkpoint, data_folder, find_subwords, shared_dictionary


def load_denoiser(path: Path, overrides: dict[str, Any]) -> tuple[Any, CodeDenoisingTask]:
    """The model, in eval mode, and its task; a checkpoint of another task is a UserError.

    Args:
        overrides: options of the task, where they are not what the checkpoint says: ``data``, ``subword_model``, ...
            Data and subword model are also found where they moved together with the checkpoint.
    """
    state = read_state(str(path), "--denoiser")
    checkpoint = Checkpoint(path, state, *parts_of(state))
    name = checkpoint.task_args.get("_name") or checkpoint.task_args.get("task")
    if name != "code_denoising":
        raise UserError(f"{path} was trained with task {name}; this needs a denoiser of code_denoising")
    data = data_folder(checkpoint, Path(overrides["data"]) if "data" in overrides else None)
    found = {"data": str(data)} if data != Path(checkpoint.task_args["data"].split(":")[0]) else {}
    if "subword_model" not in overrides and not Path(checkpoint.task_args["subword_model"]).is_file():
        found["subword_model"] = str(find_subwords(shared_dictionary(data), checkpoint, data, None))
    (model,), _, task = checkpoint_utils.load_model_ensemble_and_task([str(path)], {**overrides, **found})
    return model.eval(), task


def outcomes(model: Any, task: CodeDenoisingTask, split: str, max_tokens: int) -> dict[str, np.ndarray]:
    """Which programs of a loaded split are kept, broken and restored: (E,) bool each, in the order of the data."""
    batches = task.get_batch_iterator(task.dataset(split), max_tokens=max_tokens).next_epoch_itr(shuffle=False)
    device = next(model.parameters()).device
    rows: dict[str, np.ndarray] = {}
    for batch in batches:
        batch = utils.move_to_cuda(batch) if device.type == "cuda" else batch
        found = task.denoising_outcomes(model, batch["net_input"]["src_tokens"], batch["target"])
        for name, each in found.items():
            rows.setdefault(name, np.zeros(len(task.dataset(split)), bool))[batch["id"].cpu()] = each.cpu()
    return rows


def measure(path: Path, overrides: dict[str, Any], split: str, max_tokens: int) -> dict[str, float]:
    """Shares of clean programs kept and of corrupted ones restored, over a split of the denoiser's data."""
    model, task = load_denoiser(path, overrides)
    task.load_dataset(split)
    found = outcomes(model, task, split, max_tokens)
    broken = int(found["broken"].sum())
    return {
        "programs": len(found["kept"]),
        "broken": broken,
        "clean_kept": float(found["kept"].mean()),
        "restored": int(found["restored"].sum()) / max(broken, 1),
    }


def load_model(path: str, task: CodeDenoisingTask) -> Any:
    """A plain model of the denoiser's dictionary, in eval mode, for the denoiser's task."""
    try:
        (model,), _ = checkpoint_utils.load_model_ensemble([path], task=task)
    except (OSError, RuntimeError) as error:
        raise UserError(
            f"{path} cannot be read as a Transformer of the denoiser's dictionary ({str(error).splitlines()[0]}); "
            "give a model that was fine-tuned from this denoiser"
        ) from error
    return model.eval()


def skill_record(name: str, found: dict[str, np.ndarray]) -> dict[str, Any]:
    """Counts of a model called METHOD.SEED, and its outcomes as strings of 0 and 1: of all programs, of the broken."""
    method, _, seed = name.rpartition(".")
    if not method or not seed.isdecimal():
        raise UserError(f"{name} is not METHOD.SEED")
    restored = found["restored"][found["broken"]]
    return {
        "method": method,
        "seed": int(seed),
        "kept": int(found["kept"].sum()),
        "restored": int(restored.sum()),
        "kept_by_program": bits(found["kept"]),
        "restored_by_program": bits(restored),
    }
