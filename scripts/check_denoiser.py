"""Is a denoiser fit to be composed? Measures clean kept and corrupted restored on held-out programs.

A denoiser that changes clean programs can only hurt the outputs it is composed with: below a bound the program fails.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from fairseq import checkpoint_utils, utils

from fairseq_cft.errors import UserError
from fairseq_cft.files import write_together
from fairseq_cft.tasks.code_denoising import CodeDenoisingTask


def load_denoiser(path: Path, overrides: dict[str, Any]) -> tuple[Any, CodeDenoisingTask]:
    """The model, in eval mode, and its task; a checkpoint of another task is a UserError."""
    models, cfg, task = checkpoint_utils.load_model_ensemble_and_task([str(path)], overrides)
    if not isinstance(task, CodeDenoisingTask):
        raise UserError(f"{path} was trained with task {cfg.task._name}; this needs a denoiser of code_denoising")
    return models[0].eval(), task


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


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--denoiser", type=Path, required=True, metavar="FILE.pt", help="checkpoint of code_denoising")
    parser.add_argument("--data", help="binarised programs, if they moved since training")
    parser.add_argument("--user-file", metavar="FILE.py", help="where its noise is registered, if the file moved")
    parser.add_argument("--split", default="valid", help="held-out programs (default: %(default)s)")
    parser.add_argument(
        "--min-clean-kept", type=float, default=0.98, metavar="SHARE", help="least share (default: %(default)s)"
    )
    parser.add_argument("--max-tokens", type=int, default=4000, help="tokens a batch (default: %(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rates here")
    options = parser.parse_args()
    moved = {"data": options.data, "user_file": options.user_file}
    overrides = {name: value for name, value in moved.items() if value}
    rates = measure(options.denoiser, overrides, options.split, options.max_tokens)
    print(f"clean kept {rates['clean_kept']:.2%}, corrupted restored {rates['restored']:.2%}")
    if options.json:
        with write_together(options.json) as (file,):
            file.write(json.dumps(rates) + "\n")
    if rates["clean_kept"] < options.min_clean_kept:
        raise UserError(
            f"the denoiser keeps only {rates['clean_kept']:.2%} of clean programs, less than "
            f"{options.min_clean_kept:.0%}: composed with it, a predictor gets worse; train it longer or with a larger "
            "--clean-share, or lower --min-clean-kept to go on all the same"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
