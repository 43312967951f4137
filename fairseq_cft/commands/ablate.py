"""Measures what each choice in composed fine-tuning is worth, one at a time, on the synthetic language."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from ..experiments import ablation
from ..experiments.scales import SYNTHETIC
from ..experiments.starting import add_benchmark_options, benchmark

ALL = ",".join(ablation.axes("tiny"))


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="fairseq-cft ablate", description=__doc__)
    made.add_argument(
        "out", type=Path, metavar="OUT", help="perhaps of benchmark-synthetic: what it trained is not trained again"
    )
    made.add_argument("--scale", choices=sorted(SYNTHETIC), required=True, help="as of benchmark-synthetic")
    made.add_argument("--only", default=ALL, metavar="A,B", help="what changes (default: %(default)s)")
    add_benchmark_options(made)
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    out = options.out.absolute()
    chosen = ablation.chosen_axes(options.scale, options.only)
    x = ablation.experiment(out, options.scale, seeds=options.seeds, allow_unsafe=options.allow_unsafe)
    stages = [*ablation.stages(x, options.scale, chosen, options.min_clean_kept)]
    about = f"ablate: scale {options.scale}, {options.seeds} seeds, {options.only}, into {out}/ablation"
    return benchmark(stages, out, options, about, jobs=options.jobs, logs=("ablation_report",))
