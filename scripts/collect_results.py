"""Turns evaluations named METHOD.SPLIT.json into results.json, the list of records that report.py reads."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any


def record(path: Path, dataset: str, seed: int, root: Path) -> dict[str, Any]:
    """One record: counts and signature of an evaluation, and where its verdicts stand."""
    method, split = path.name.removesuffix(".json").rsplit(".", 1)
    evaluation = json.loads(path.read_text(encoding="utf-8"))
    return {
        "dataset": dataset,
        "split": split,
        "method": method,
        "seed": seed,
        "n": len(evaluation["verdicts"]),
        **evaluation["counts"],
        "signature": evaluation["signature"],
        "evaluation": str(path.resolve().relative_to(root.resolve())),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("evaluations", type=Path, nargs="+", help="files METHOD.SPLIT.json of fairseq-cft-evaluate")
    parser.add_argument("--dataset", required=True, help="name of the data set")
    parser.add_argument("--seed", type=int, required=True, help="seed of the trainings")
    parser.add_argument("--output", type=Path, required=True, metavar="results.json")
    options = parser.parse_args()
    records = [record(path, options.dataset, options.seed, options.output.parent) for path in options.evaluations]
    temporary = options.output.with_suffix(".tmp")
    temporary.write_text(json.dumps(records, indent=1) + "\n", encoding="utf-8")
    temporary.replace(options.output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
