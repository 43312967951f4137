"""Makes a page of HTML to browse what the systems of a results folder wrote."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from ..files import write_together
from ..report.browser import page_data, read_dataset, read_results, render


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="fairseq-cft browse",
        description="Makes one page of HTML to browse what the systems of a results folder wrote; it opens in any "
        "browser, offline.",
    )
    made.add_argument(
        "--results", type=Path, required=True, metavar="DIR", help="OUT of the quickstart or of a benchmark"
    )
    made.add_argument("--output", type=Path, required=True, metavar="page.html", help="the page, whole or not at all")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    data = page_data(read_results(options.results), read_dataset(options.results))
    with write_together(options.output) as (page,):
        page.write(render(data))
    examples = sum(len(group["ids"]) for group in data["groups"])
    size = options.output.stat().st_size / 1e6
    print(f"{options.output}: {examples} examples, {len(data['systems'])} systems, {size:.1f} MB")
    return 0
