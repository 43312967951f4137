"""Compares systems on the synthetic language, with several seeds, in and out of distribution."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from ..experiments import synthetic
from ..experiments.plan import chosen_systems
from ..experiments.scales import SYNTHETIC
from ..experiments.starting import add_benchmark_options, add_systems_option, benchmark, whole_number


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="fairseq-cft benchmark-synthetic", description=__doc__)
    made.add_argument("out", type=Path, metavar="OUT", help="where everything goes; done stages are skipped")
    made.add_argument("--scale", choices=sorted(SYNTHETIC), required=True, help="tiny: minutes; paper: for a GPU")
    made.add_argument(
        "--references",
        type=whole_number,
        default=0,
        metavar="N",
        help="composed training takes the nearest of N equal spellings of each target (default: the target alone)",
    )
    add_systems_option(made)
    add_benchmark_options(made)
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    out, systems = options.out.absolute(), chosen_systems(options.systems)
    how = {name: getattr(options, name) for name in ("seeds", "references", "min_clean_kept", "allow_unsafe")}
    stages = synthetic.benchmark(out, options.scale, systems, **how)
    about = f"benchmark-synthetic: scale {options.scale}, {options.seeds} seeds, {' '.join(systems)}, into {out}"
    return benchmark(stages, out, options, about, jobs=options.jobs)
