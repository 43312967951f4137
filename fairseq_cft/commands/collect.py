"""Turns evaluations into results.json."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from ..files import write_together
from ..report.records import record


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="fairseq-cft collect",
        description="Turns evaluations named METHOD.SEED.SPLIT.json into results.json, the list of records that "
        "`fairseq-cft report` reads.",
    )
    made.add_argument("evaluations", type=Path, nargs="+", help="METHOD.SEED.SPLIT.json of fairseq-cft-evaluate")
    made.add_argument("--dataset", required=True, help="name of the data set")
    made.add_argument("--output", type=Path, required=True, metavar="results.json", help="where to write it")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    records = [record(path, options.dataset, options.output.parent) for path in options.evaluations]
    with write_together(options.output) as (file,):
        file.write(json.dumps(records, indent=1) + "\n")
    return 0
