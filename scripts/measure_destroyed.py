"""What fine-tuning destroys: how well fine-tuned models still denoise, beside the denoiser that they started from.

All are judged on the same held-out programs with the same corruptions. Writes counts, and outcomes program by program.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from _results import bits
from check_denoiser import load_denoiser, outcomes
from fairseq import checkpoint_utils

from fairseq_cft.errors import UserError
from fairseq_cft.files import write_together
from fairseq_cft.tasks.code_denoising import CodeDenoisingTask


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


def record(name: str, found: dict[str, np.ndarray]) -> dict[str, Any]:
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


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--denoiser", type=Path, required=True, metavar="FILE.pt", help="checkpoint of code_denoising")
    parser.add_argument(
        "--models", nargs="+", required=True, metavar="METHOD.SEED=FILE.pt", help="models fine-tuned from it"
    )
    parser.add_argument("--output", type=Path, required=True, metavar="FILE.json", help="where to write it")
    parser.add_argument("--data", help="binarised programs, if they moved since training")
    parser.add_argument("--split", default="valid", help="held-out programs (default: %(default)s)")
    parser.add_argument("--max-tokens", type=int, default=4000, help="a batch (default: %(default)s)")
    options = parser.parse_args()
    model, task = load_denoiser(options.denoiser, {"data": options.data} if options.data else {})
    task.load_dataset(options.split)
    before = outcomes(model, task, options.split, options.max_tokens)
    records = [record("denoiser.0", before)]
    for each in options.models:
        name, _, path = each.partition("=")
        records.append(record(name, outcomes(load_model(path, task), task, options.split, options.max_tokens)))
    programs, broken = len(before["kept"]), int(before["broken"].sum())
    content = {"split": options.split, "programs": programs, "broken": broken, "models": records}
    with write_together(options.output) as (file,):
        file.write(json.dumps(content, indent=1) + "\n")
    for each in records:
        print(
            f"{each['method']}, seed {each['seed']}: {each['kept']} of {programs} clean programs kept, "
            f"{each['restored']} of {broken} corrupted ones restored"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
