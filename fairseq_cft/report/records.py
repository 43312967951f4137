"""Records of results.json, made from evaluations named METHOD.SEED.SPLIT.json."""

import os
from pathlib import Path
from typing import Any

from ..errors import UserError
from ..evaluation.verdict import NOT_COMPILED, Verdict
from ..systems import read_name
from .results import bits, read_json


def read_evaluation(path: Path) -> dict[str, Any]:
    """What fairseq-cft-evaluate wrote, with verdicts that exist; UserError for another file."""
    evaluation = read_json(path)
    try:
        verdicts = [{**entry, "verdict": str(Verdict(entry["verdict"]))} for entry in evaluation["verdicts"]]
        return {"counts": {}, **evaluation, "verdicts": verdicts, "signature": str(evaluation["signature"])}
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path} is no evaluation that fairseq-cft-evaluate --json wrote ({error!r})") from error


def record(path: Path, dataset: str, root: Path) -> dict[str, Any]:
    """One record: counts and signature of an evaluation, and where its verdicts stand."""
    method, seed, split = read_name(path)
    evaluation = read_evaluation(path)
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
