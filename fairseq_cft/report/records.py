"""Records of results.json, made from evaluations named METHOD.SEED.SPLIT.json."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from ..evaluation.verdict import NOT_COMPILED, Verdict
from ..systems import read_name
from .results import bits


def record(path: Path, dataset: str, root: Path) -> dict[str, Any]:
    """One record: counts and signature of an evaluation, and where its verdicts stand."""
    method, seed, split = read_name(path)
    evaluation = json.loads(path.read_bytes())
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
