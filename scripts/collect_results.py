"""Turns evaluations named METHOD.SEED.SPLIT.json into results.json, the list of records that report.py reads."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any


def record(path: Path, dataset: str, root: Path) -> dict[str, Any]:
    """One record: counts and signature of an evaluation, and where its verdicts stand."""
    parts = path.name.removesuffix(".json").rsplit(".", 2)
    if len(parts) != 3 or not parts[1].isdecimal():
        raise SystemExit(f"collect_results.py: {path} is not named METHOD.SEED.SPLIT.json")
    method, seed, split = parts
    evaluation = json.loads(path.read_text(encoding="utf-8"))
    return {
        "dataset": dataset,
        "split": split,
        "method": method,
        "seed": int(seed),
        "n": len(evaluation["verdicts"]),
        **evaluation["counts"],
        "signature": evaluation["signature"],
        "evaluation": str(path.resolve().relative_to(root.resolve())),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("evaluations", type=Path, nargs="+", help="METHOD.SEED.SPLIT.json of fairseq-cft-evaluate")
    parser.add_argument("--dataset", required=True, help="name of the data set")
    parser.add_argument("--output", type=Path, required=True, metavar="results.json")
    options = parser.parse_args()
    records = [record(path, options.dataset, options.output.parent) for path in options.evaluations]
    temporary = options.output.with_suffix(".tmp")
    temporary.write_text(json.dumps(records, indent=1) + "\n", encoding="utf-8")
    temporary.replace(options.output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
