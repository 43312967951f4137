"""Measures the paper's theory in two-layer ReLU networks: how large a predictor must be with a denoiser behind it."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from ..files import write_together


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="fairseq-cft theory", description=__doc__)
    made.add_argument(
        "--output-dir", type=Path, required=True, metavar="DIR", help="gets relu_theory.json, .md and .png"
    )
    made.add_argument("--seeds", type=int, default=3, help="data sets and initialisations (default: %(default)s)")
    made.add_argument("--margin", type=float, default=0.2, help="to a cell's border, in steps (default: %(default)s)")
    made.add_argument("--updates", type=int, default=4000, help="of trained networks (default: %(default)s)")
    made.add_argument("--weight-decay", type=float, default=1e-5, help="of trained networks (default: %(default)s)")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    root = parser()
    options = root.parse_args(arguments)
    if not 0 <= options.margin < 0.25:
        root.error(f"--margin {options.margin}: no line stays that far from the border; give 0 to 0.25")
    if options.seeds < 1:
        root.error(f"--seeds {options.seeds}: at least 1 is needed")
    import torch

    from ..experiments.theory import STEPS, draw, markdown, run

    torch.set_num_threads(1)  # the tensors are small: threads would only wait for each other
    records = [
        record for steps in STEPS for seed in range(1, options.seeds + 1) for record in run(steps, seed, options)
    ]
    text = markdown(records, options)
    files = [options.output_dir / f"relu_theory.{ending}" for ending in ("json", "md")]
    with write_together(*files) as (table, page):
        table.write(json.dumps(records, indent=1) + "\n")
        page.write(text)
    draw(records, options, options.output_dir / "relu_theory.png")
    print(text)
    return 0
