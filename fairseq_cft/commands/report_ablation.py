"""Makes a table and a picture of an ablation."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from ..errors import UserError
from ..files import write_together
from ..report.ablation import draw, markdown, read_axis
from ..report.results import read_json, read_results


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="fairseq-cft report-ablation",
        description="Builds report.md and report.png of an ablation: composed and standard fine-tuning as one thing "
        "changes at a time.",
    )
    made.add_argument("results", type=Path, metavar="results.json", help="what `fairseq-cft collect` wrote")
    made.add_argument("--output-dir", type=Path, required=True, metavar="DIR", help="gets report.md and report.png")
    made.add_argument(
        "--axis", nargs="+", action="append", required=True, metavar="NAME VALUE=METHOD/BASELINE",
        help="what changes; each value with the composed method and the one that it started from",
    )  # fmt: skip
    made.add_argument(
        "--denoisers", nargs="*", default=[], metavar="NOISE=FILE.json", help="rates of each, as check-denoiser wrote"
    )
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    axes = [read_axis(words) for words in options.axis]
    results, *more = read_results([options.results])
    if more:
        raise UserError(f"{options.results} has several data sets; an ablation is on one")
    named = (denoiser.partition("=") for denoiser in options.denoisers)
    denoisers = {noise: read_json(Path(path)) for noise, _, path in named}
    text = markdown(results, axes, denoisers)
    with write_together(options.output_dir / "report.md") as (page,):
        page.write(text)
    draw(results, axes, options.output_dir / "report.png")
    print(text, end="")
    return 0
