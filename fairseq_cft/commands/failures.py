"""Counts how the outputs of a results folder fail, by kind, and what denoising made right and wrong."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from ..report.browser import read_results
from ..report.failures import MOST, markdown


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="fairseq-cft failures",
        description="Prints tables of the most frequent kinds of failure by system and split (compile errors by the "
        "compiler's message without its names), and an example each of a repair that helped and of one that harmed.",
    )
    made.add_argument(
        "--results", type=Path, required=True, metavar="DIR", help="OUT of the quickstart or of a benchmark"
    )
    made.add_argument("--most", type=int, default=MOST, metavar="N", help="kinds a table (default: %(default)s)")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    print(markdown(read_results(options.results), options.most), end="")
    return 0
