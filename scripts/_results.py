"""What the reports read: outcomes program by program from results.json, and the denoiser's figures beside it."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fairseq_cft._errors import UserError
from fairseq_cft.evaluation.statistics import Comparison, Interval, bootstrap_interval, compare, rate_interval
from fairseq_cft.methods import in_order, place

BOOTSTRAP_SEED = 1
COLUMNS = {"correct": "correct_by_program", "compiles": "compiled_by_program"}


class Results:
    """Records on one data set. Outcomes are (S, E) arrays of 0 and 1: S seeds, E programs."""

    def __init__(self, dataset: str, records: Sequence[dict[str, Any]], beside: Path) -> None:
        self.dataset, self.records = dataset, records
        self.denoiser = read_if_there(beside / "denoiser.json")
        self.destroyed = read_if_there(beside / "destroyed.json")
        rows: dict[tuple[str, str, str], dict[int, list[int]]] = defaultdict(dict)
        for record in records:
            for figure, column in COLUMNS.items():
                place_of_it = rows[figure, record["method"], record["split"]]
                if record["seed"] in place_of_it:
                    raise UserError(
                        f"{dataset} has two results of {record['method']}, seed {record['seed']}, {record['split']}; "
                        "give each results.json once, and other data another --dataset"
                    )
                place_of_it[record["seed"]] = [int(bit) for bit in record[column]]
        self._outcomes = {key: [seeds[seed] for seed in sorted(seeds)] for key, seeds in rows.items()}

    @property
    def words(self) -> tuple[str, str]:
        """What is counted, and what a valid one does; what a checker of a user file judges is no program."""
        if all(str(record.get("signature", "")).startswith("checker:") for record in self.records):
            return "outputs that are right", "is valid"
        return "programs that compile and print the right answer", "compiles"

    @property
    def splits(self) -> list[str]:
        return in_order(record["split"] for record in self.records)

    @property
    def methods(self) -> list[str]:
        return sorted({record["method"] for record in self.records}, key=place)

    @property
    def seeds(self) -> list[int]:
        return sorted({record["seed"] for record in self.records})

    def outcomes(self, method: str, split: str, figure: str = "correct") -> np.ndarray | None:
        """(S, E); None where the method was not run on the split."""
        found = self._outcomes.get((figure, method, split))
        return None if found is None else np.array(found, dtype=float)

    def interval(self, method: str, split: str, figure: str = "correct") -> Interval | None:
        found = self.outcomes(method, split, figure)
        return None if found is None else bootstrap_interval(found, seed=BOOTSTRAP_SEED)

    def comparison(self, first: str, second: str, split: str) -> Comparison | None:
        left, right = (self.outcomes(method, split) for method in (first, second))
        return None if left is None or right is None else compare(left, right, seed=BOOTSTRAP_SEED)


def read_results(files: Sequence[Path]) -> list[Results]:
    """The data sets of the files, in their order; a data set that several files have is put together."""
    records: dict[str, list[dict[str, Any]]] = {}
    beside: dict[str, Path] = {}
    for file in files:
        for record in json.loads(file.read_text(encoding="utf-8")):
            missing = {"dataset", "split", "method", "seed", *COLUMNS.values()} - set(record)
            if missing:
                raise UserError(
                    f"a record of {file} has no {', '.join(sorted(missing))}; make it by collect_results.py"
                )
            records.setdefault(record["dataset"], []).append(record)
            beside.setdefault(record["dataset"], file.parent)
    if not records:
        raise UserError(f"no records in {', '.join(map(str, files))}")
    return [Results(dataset, records[dataset], beside[dataset]) for dataset in records]


def read_if_there(path: Path) -> dict[str, Any] | None:
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def share(rate: float, total: int) -> Interval:
    """A rate of `total` programs with its interval."""
    return rate_interval(round(rate * total), total, seed=BOOTSTRAP_SEED)


def percent(interval: Interval) -> str:
    return f"{interval.value:.1%} ({interval.low:.1%} to {interval.high:.1%})"
