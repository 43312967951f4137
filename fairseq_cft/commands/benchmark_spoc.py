"""Compares systems on SPoC, on new workers and on new problems."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from ..errors import UsageError, UserError
from ..experiments import denoising, spoc
from ..experiments.plan import chosen_systems
from ..experiments.spoc_scales import SPOC
from ..experiments.starting import add_benchmark_options, add_systems_option, benchmark, whole_number


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="fairseq-cft benchmark-spoc", description=__doc__)
    made.add_argument("out", type=Path, metavar="OUT", help="where everything goes; done stages are skipped")
    made.add_argument(
        "--data", type=Path, required=True, metavar="DIR", help="of SPoC: train/split, test and testcases"
    )
    made.add_argument("--scale", choices=sorted(SPOC), required=True, help="tiny: minutes; paper: for a GPU")
    made.add_argument("--prepared", type=Path, metavar="PREPARED", help="what prepare-spoc made (default: made here)")
    made.add_argument(
        "--denoiser",
        type=Path,
        metavar="FILE.pt",
        help="of train-denoiser at this scale, on PREPARED; at cpu with start.pt beside it (default: trained here)",
    )
    made.add_argument(
        "--limit", type=whole_number, default=0, metavar="N", help="programs of each test set, evenly drawn (all)"
    )
    add_systems_option(made)
    add_benchmark_options(made)
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    systems = chosen_systems(options.systems)
    made = [options.prepared / "bpe.model"] if options.prepared else []
    made += [options.denoiser, denoising.start(options.scale, options.denoiser)] if options.denoiser else []
    for path in (*made, options.data / "testcases"):
        if not path.exists():
            raise UserError(
                f"{path} does not exist; fairseq-cft prepare-spoc and train-denoiser make the last two of --data, "
                "--prepared and --denoiser"
            )
    if options.denoiser and not options.prepared:
        raise UsageError("--denoiser needs --prepared, the data that it was trained on")
    x = spoc.Benchmark(
        data=options.data.resolve(),
        out=options.out.absolute(),
        scale=options.scale,
        prepared=options.prepared and options.prepared.resolve(),
        denoiser=options.denoiser and options.denoiser.resolve(),
        limit=options.limit,
        seeds=options.seeds,
        min_clean_kept=options.min_clean_kept,
        allow_unsafe=options.allow_unsafe,
    )
    stages = [*spoc.benchmark(x, systems)]
    about = f"benchmark-spoc: scale {x.scale}, {x.seeds} seeds, {' '.join(systems)}, into {x.out}"
    return benchmark(stages, x.out, options, about, jobs=options.jobs)
