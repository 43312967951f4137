"""Reads a results folder: logs of fairseq-generate and the evaluations that stand beside them."""

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import UserError
from ...evaluation.outputs import in_order, parse_log, parse_pairs
from ...evaluation.verdict import Verdict
from ...systems import place, read_name
from ..records import read_evaluation
from ..results import read_records

UNKNOWN = "<unk>"  # a sentence may differ where a system's dictionary lacks a piece of it


@dataclass(frozen=True)
class Run:
    """What one system wrote for one split and what became of it; all lists are in the order of the examples.

    `verdicts` are the entries of the evaluation. A source, a reference or an output that the log lacks is None.
    """

    path: Path
    method: str
    seed: int
    split: str
    signature: str
    verdicts: list[dict[str, Any]]
    sources: list[str | None]
    references: list[str | None]
    outputs: list[str | None]

    @property
    def counts(self) -> Counter[str]:
        """How often each verdict occurs."""
        return Counter(entry["verdict"] for entry in self.verdicts)


def read_results(folder: Path) -> list[Run]:
    """All evaluated runs of a benchmark's OUT folder (or of its `evaluations`), systems in the order of the reports.

    Raises UserError where files are missing or damaged, where they do not belong together, and where `results.json`
    of the folder has other counts than the evaluations.
    """
    evaluations = folder / "evaluations" if (folder / "evaluations").is_dir() else folder
    files = sorted(path for path in evaluations.glob("*.json") if path != folder / "results.json")
    if not files:
        raise UserError(f"{folder} holds no evaluations/METHOD.SEED.SPLIT.json: give the OUT folder of a benchmark")
    for log in sorted(set(evaluations.glob("*.log")) - {path.with_suffix(".log") for path in files}):
        print(f"left out, not evaluated yet: {log}", file=sys.stderr)
    runs = [read_run(path) for path in files]
    require_same_data(runs)
    require_same_counts(runs, folder / "results.json")
    return sorted(runs, key=lambda run: (place(run.method), run.seed, run.split))


def read_run(path: Path) -> Run:
    """One evaluation with the log beside it."""
    method, seed, split = read_name(path)
    evaluation = read_evaluation(path)
    verdicts = evaluation["verdicts"]
    log = path.with_suffix(".log")
    try:
        data = log.read_bytes()
    except OSError as error:
        raise UserError(f"cannot read {log}, the log that {path.name} was made from: {error.strerror}") from error
    hypotheses = in_order(parse_log(data, str(log)), len(verdicts), str(log))
    sources, references = parse_pairs(data)
    everyone = range(len(verdicts))
    return Run(
        *(path, method, seed, split, evaluation["signature"], verdicts),
        sources=[sources.get(index) for index in everyone],
        references=[references.get(index) for index in everyone],
        outputs=[texts[0] if texts else None for texts in hypotheses],
    )


def require_same_data(runs: Sequence[Run]) -> None:
    """Systems are compared example by example: raises UserError where two runs of a split hold different examples."""
    first: dict[tuple[int, str], Run] = {}
    for run in runs:
        other = first.setdefault((run.seed, run.split), run)
        if len(run.verdicts) != len(other.verdicts):
            raise UserError(
                f"{other.path} has {len(other.verdicts)} examples but {run.path} has {len(run.verdicts)}; "
                f"all systems must be evaluated on the same {run.split} set"
            )
        for mine, others in ((run.sources, other.sources), (run.references, other.references)):
            for index, (left, right) in enumerate(zip(mine, others, strict=True)):
                if left and right and left != right and UNKNOWN not in left + right:
                    raise UserError(
                        f"sentence {index} differs between the logs of {other.path.stem} and {run.path.stem}; "
                        f"all systems must be run on the same {run.split} set"
                    )


def _records(path: Path) -> list[dict[str, Any]]:
    records = read_records(path) if path.exists() else []
    keys = ("method", "seed", "split")
    return [{**record, "key": tuple(record[key] for key in keys)} for record in records if {*keys} <= {*record}]


def require_same_counts(runs: Sequence[Run], path: Path) -> None:
    """Raises UserError where results.json, if there is one, says something else than the verdicts themselves."""
    records = {record["key"]: record for record in _records(path)}
    for run in runs:
        record = records.get((run.method, run.seed, run.split), {})
        for verdict in map(str, Verdict):
            if record and record.get(verdict, 0) != run.counts[verdict]:
                raise UserError(
                    f"{path} counts {record.get(verdict, 0)} {verdict} where {run.path} has {run.counts[verdict]}; "
                    "run fairseq-cft collect again"
                )


def read_dataset(folder: Path) -> str:
    """The data sets that results.json names, else the folder's name."""
    names = sorted({str(record.get("dataset", "")) for record in _records(folder / "results.json")} - {""})
    return ", ".join(names) or folder.resolve().name
