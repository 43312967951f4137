"""What the reports read: outcomes program by program from results.json, and the denoiser's figures beside it."""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from ..errors import UserError, cannot
from ..evaluation.statistics import Comparison, Interval, bootstrap_interval, compare, rate_interval
from ..systems import in_order, place

BOOTSTRAP_SEED = 1
COLUMNS = {"correct": "correct_by_program", "compiles": "compiled_by_program"}


class Results:
    """Records on one data set. Outcomes are 0 and 1, for each seed of E programs."""

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
        self._outcomes = {key: dict(sorted(seeds.items())) for key, seeds in rows.items()}
        self._compared: dict[tuple[str, str, str], Comparison] = {}  # answers, sentences and the terminal want the same

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

    def by_seed(self, method: str, split: str, figure: str = "correct") -> dict[int, list[int]]:
        """E outcomes for each seed; empty where the method was not run on the split."""
        return self._outcomes.get((figure, method, split), {})

    def interval(self, method: str, split: str, figure: str = "correct") -> Interval | None:
        found = list(self.by_seed(method, split, figure).values())
        return bootstrap_interval(found, seed=BOOTSTRAP_SEED) if found else None

    def rate(self, method: str, split: str, figure: str = "correct") -> str:
        """The same as text for a table, '' where the method was not run on the split."""
        found = self.interval(method, split, figure)
        return "" if found is None else percent(found) + self.fewer_seeds(method, split)

    def fewer_seeds(self, method: str, split: str) -> str:
        """What to say of a method that was not run with all seeds."""
        count = len(self.by_seed(method, split))
        return f", {seeds(count)}" if 0 < count < len(self.seeds) else ""

    def common_seeds(self, first: str, second: str, split: str) -> list[int]:
        """Those that a comparison of two methods is on."""
        return sorted(self.by_seed(first, split).keys() & self.by_seed(second, split).keys())

    def comparison(self, first: str, second: str, split: str) -> Comparison | None:
        """Paired seed by seed, program by program; None where the methods have no seed in common."""
        seeds = self.common_seeds(first, second, split)
        if not seeds:
            return None
        if (first, second, split) not in self._compared:
            left, right = ([self.by_seed(method, split)[seed] for seed in seeds] for method in (first, second))
            self._compared[first, second, split] = compare(left, right, seed=BOOTSTRAP_SEED)
        return self._compared[first, second, split]


def read_results(files: Sequence[Path]) -> list[Results]:
    """The data sets of the files, in their order; a data set that several files have is put together."""
    records: dict[str, list[dict[str, Any]]] = {}
    beside: dict[str, Path] = {}
    for file in files:
        for record in read_records(file):
            missing = {"dataset", "split", "method", "seed", *COLUMNS.values()} - set(record)
            if missing:
                raise UserError(
                    f"a record of {file} has no {', '.join(sorted(missing))}; make it by fairseq-cft collect"
                )
            records.setdefault(record["dataset"], []).append(record)
            beside.setdefault(record["dataset"], file.parent)
    if not records:
        raise UserError(f"no records in {', '.join(map(str, files))}")
    return [Results(dataset, records[dataset], beside[dataset]) for dataset in records]


def read_records(path: Path) -> list[dict[str, Any]]:
    """The records of a results.json; UserError where it is none."""
    records = read_json(path)
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise UserError(f"{path} is no list of records as fairseq-cft collect writes it")
    return records


def read_json(path: Path) -> Any:
    """What a JSON file holds; UserError where it cannot be read, or is none."""
    try:
        return json.loads(path.read_bytes())
    except OSError as error:
        raise UserError(cannot("read", path, error)) from error
    except ValueError as error:
        raise UserError(f"{path} is no JSON ({error}); make it again") from error


def read_if_there(path: Path) -> Any:
    return read_json(path) if path.exists() else None


def bits(truths: Iterable[bool]) -> str:
    """Outcomes program by program as 0 and 1, so that results.json alone is enough for a report."""
    return "".join("01"[bool(truth)] for truth in truths)


def seeds(count: int) -> str:
    return "1 seed" if count == 1 else f"{count} seeds"


def share(rate: float, total: int) -> Interval:
    """A rate of `total` programs with its interval."""
    return rate_interval(round(rate * total), total)


def percent(interval: Interval) -> str:
    return f"{interval.value:.1%} ({interval.low:.1%} to {interval.high:.1%})"
