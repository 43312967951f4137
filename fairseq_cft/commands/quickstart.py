"""Makes data, trains a denoiser and compares ways to train in minutes on two cores: a table and a picture."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from ..experiments.starting import add_running_options, add_seeds, benchmark
from ..experiments.synthetic import quickstart


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="fairseq-cft quickstart", description=__doc__)
    made.add_argument(
        "out", nargs="?", type=Path, default=Path("out/quickstart"), metavar="OUT", help="(default: %(default)s)"
    )
    add_seeds(made)
    add_running_options(made)
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    out = options.out.absolute()
    stages = quickstart(out, seeds=options.seeds, allow_unsafe=options.allow_unsafe)
    return benchmark(stages, out, options, f"quickstart: compares three ways to train on 2 cores, into {out}")
