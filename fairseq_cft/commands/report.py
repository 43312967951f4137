"""Makes a table and a picture of results.json."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ..files import write_together
from ..report.comparisons import answers
from ..report.pictures import draw
from ..report.results import read_results
from ..report.tables import plain_table, section


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="fairseq-cft report",
        description="Builds report.md and report.png from results.json: rates with intervals, paired comparisons, "
        "training curves.",
        epilog="Of several data sets each gets a section. denoiser.json and destroyed.json are read from beside each "
        "results.json.",
    )
    made.add_argument("results", type=Path, nargs="+", metavar="results.json", help="what `fairseq-cft collect` wrote")
    made.add_argument("--output-dir", type=Path, required=True, metavar="DIR", help="gets report.md and report.png")
    made.add_argument("--curves", nargs="*", default=[], metavar="NAME=LOG", help="training logs to draw")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    datasets = read_results(options.results)
    curves = {name: Path(log) for name, _, log in (each.partition("=") for each in options.curves)}
    for log in (log for log in curves.values() if not log.exists()):  # of a model trained before logs were kept
        print(f"{log} does not exist: no curve", file=sys.stderr)
    curves = {name: log for name, log in curves.items() if log.exists()}
    with write_together(options.output_dir / "report.md") as (page,):
        page.write("\n\n".join("\n".join(section(results)) for results in datasets) + "\n")
    draw(datasets, curves, options.output_dir / "report.png")
    for results in datasets:
        print("\n".join([plain_table(results), "", *(line.replace("**", "") for line in answers(results))]))
    return 0
