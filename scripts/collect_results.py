"""Turns evaluations named METHOD.SEED.SPLIT.json into results.json, the list of records that report.py reads."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

from _results import bits

from fairseq_cft.evaluation.verdict import NOT_COMPILED, Verdict
from fairseq_cft.files import write_together
from fairseq_cft.systems import read_name


def record(path: Path, dataset: str, root: Path) -> dict[str, Any]:
    """One record: counts and signature of an evaluation, and where its verdicts stand."""
    method, seed, split = read_name(path)
    evaluation = json.loads(path.read_text(encoding="utf-8"))
    verdicts = [verdict["verdict"] for verdict in evaluation["verdicts"]]
    return {
        "dataset": dataset,
        "split": split,
        "method": method,
        "seed": seed,
        "n": len(verdicts),
        **evaluation["counts"],
        "signature": evaluation["signature"],
        "correct_by_program": bits(verdict == "correct" for verdict in verdicts),
        "compiled_by_program": bits(Verdict(verdict) not in NOT_COMPILED for verdict in verdicts),
        "evaluation": os.path.relpath(path.resolve(), root.resolve()),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("evaluations", type=Path, nargs="+", help="METHOD.SEED.SPLIT.json of fairseq-cft-evaluate")
    parser.add_argument("--dataset", required=True, help="name of the data set")
    parser.add_argument("--output", type=Path, required=True, metavar="results.json")
    options = parser.parse_args()
    records = [record(path, options.dataset, options.output.parent) for path in options.evaluations]
    with write_together(options.output) as (file,):
        file.write(json.dumps(records, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
