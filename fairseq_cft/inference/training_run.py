"""What an export needs from where a model was trained: checkpoint, binarised data, dictionary, subwords, scores."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from fairseq.data import Dictionary, data_utils
from torch import Tensor

from ..data.subwords import SPACE, Subwords
from ..errors import UserError
from ..modules.architecture import fingerprint
from ..modules.denoiser import parts_of, read_state
from ..modules.text import spelled
from .folder import read_dictionary

CHECKPOINTS = ("checkpoint_best.pt", "checkpoint_last.pt")
SPLIT = re.compile(r"(train|valid|test)\d*(\.(?P<source>\w+)-(?P<target>\w+)\.(?P<side>\w+))?\.idx")
SAMPLE = 100  # lines that show in which format the data are


class Checkpoint(NamedTuple):
    """A training's file: all that fairseq wrote, and of it the weights and the options of model and task."""

    path: Path
    state: dict[str, Any]
    weights: dict[str, Tensor]
    model_args: dict[str, Any]
    task_args: dict[str, Any]


class Evaluation(NamedTuple):
    """One JSON of ``fairseq-cft-evaluate``: the name of its file without ending, and its content."""

    name: str
    report: dict[str, Any]


def read_run(run: Path) -> Checkpoint:
    """The best checkpoint of a training's folder, else its last; or the file itself."""
    path = _checkpoint_file(run) if run.is_dir() else run
    state = read_state(str(path), "the model")
    return Checkpoint(path, state, *parts_of(state))


def _checkpoint_file(run: Path) -> Path:
    for name in CHECKPOINTS:
        if (run / name).is_file():
            return run / name
    raise UserError(
        f"{run} holds neither {' nor '.join(CHECKPOINTS)}; give the --save-dir of a training, or a .pt file"
    )


def data_folder(checkpoint: Checkpoint, given: Path | None) -> Path:
    """The binarised data: as given, where the checkpoint says, or there relative to a training that was moved."""
    if given is not None:
        if not given.is_dir():
            raise UserError(f"--data {given} is no folder; give the binarised data of the training")
        return given
    recorded = str(checkpoint.task_args.get("data") or "").split(":")[0]
    candidates = [Path(recorded)] if recorded else []
    if recorded and (save_dir := _save_dir(checkpoint)):
        candidates.append(Path(os.path.normpath(checkpoint.path.parent / os.path.relpath(recorded, save_dir))))
    for folder in candidates:
        if folder.is_dir():
            return folder
    raise UserError(
        f"the data of {checkpoint.path} are gone from {recorded or 'a place that it does not name'}; "
        "name the folder that has their dictionary: --data DIR"
    )


def _save_dir(checkpoint: Checkpoint) -> str | None:
    configuration = checkpoint.state.get("cfg") or {}
    if not configuration:
        return getattr(checkpoint.state.get("args"), "save_dir", None)
    return (configuration.get("checkpoint") or {}).get("save_dir")


def shared_dictionary(data: Path) -> Dictionary:
    """The one dictionary of both sides; UserError where they differ."""
    files = sorted(data.glob("dict*.txt"))
    if not files:
        raise UserError(f"{data} holds no dict.txt or dict.LANGUAGE.txt; name the binarised data: --data DIR")
    dictionaries = [read_dictionary(file) for file in files]
    if len({fingerprint(dictionary) for dictionary in dictionaries}) > 1:
        raise UserError(
            f"{files[0]} and {files[-1]} differ; a model is exported with one dictionary for pseudocode and code"
        )
    return dictionaries[0]


def find_subwords(dictionary: Dictionary, checkpoint: Checkpoint, data: Path, given: Path | None) -> Path | None:
    """The SentencePiece model whose pieces the dictionary holds; None where the data are no subwords.

    Looked for where the denoiser's task names it, and beside the data.
    """
    pieces = {symbol for symbol in dictionary.symbols[dictionary.nspecial :] if not symbol.startswith("madeupword")}
    if given is not None:
        strange = pieces - set(Subwords.load(given).vocabulary())
        if strange:
            raise UserError(
                f"--subword-model {given} knows no piece '{min(strange)}', which the dictionary of {data} holds; "
                "give the model that the data were encoded with"
            )
        return given
    if not any(SPACE in piece for piece in pieces):
        return None
    named = checkpoint.task_args.get("subword_model")
    folders = [data, data.parent, data.parent.parent]
    beside = [
        file for folder in folders for place in (folder, folder / "data") for file in sorted(place.glob("*.model"))
    ]
    for file in [*([Path(named)] if named else []), *beside]:
        if file.is_file() and _can_spell(file, pieces):
            return file
    raise UserError(f"found no subword model for {data} there or beside it; name it: --subword-model FILE")


def _can_spell(file: Path, pieces: set[str]) -> bool:
    try:
        return pieces <= set(Subwords.load(file).vocabulary())
    except UserError:
        return False


class Split(NamedTuple):
    """One binarised file: its split, its side (source, target or only), and what it holds."""

    name: str
    side: str
    size: int
    lines: list[str]


def splits(data: Path, dictionary: Dictionary, checkpoint: Checkpoint) -> Iterator[Split]:
    """The binarised files in the order of their names, with the first lines of each."""
    asked = checkpoint.task_args.get("source_lang")
    for file in sorted(data.glob("*.idx")):
        match = SPLIT.fullmatch(file.name)
        if match is None:
            continue
        rows = data_utils.load_indexed_dataset(str(file.with_suffix("")), dictionary)
        side = (
            "only" if match["side"] is None else "source" if match["side"] == (asked or match["source"]) else "target"
        )
        lines = [spelled(rows[index], dictionary) for index in range(min(SAMPLE, len(rows)))]
        yield Split(file.name.split(".")[0], side, len(rows), lines)


def evaluations(run: Path, given: list[Path]) -> list[Evaluation]:
    """Scores: as given, or those that the quickstart and the benchmarks keep for this training."""
    files = given or sorted(_kept_evaluations(run))
    return [Evaluation(file.stem, _read_evaluation(file)) for file in files]


def _kept_evaluations(run: Path) -> Iterator[Path]:
    """OUT/models/SYSTEM.SEED[/checkpoint] -> OUT/evaluations/SYSTEM[:base].SEED.SPLIT.json"""
    run = Path(os.path.normpath(run.absolute()))
    if run.suffix == ".pt" and run.name.startswith("checkpoint"):
        run = run.parent
    system, _, seed = run.name.removesuffix(".pt").rpartition(".")
    if system:
        for file in (run.parent.parent / "evaluations").glob("*.json"):
            if re.fullmatch(rf"{re.escape(system)}(:base)?\.{re.escape(seed)}\.\w+", file.stem):
                yield file


def _read_evaluation(file: Path) -> dict[str, Any]:
    try:
        report = json.loads(file.read_bytes())
        report["n"], report["correct_rate"], report["compile_rate"], report["signature"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"{file} is no evaluation ({error!r}); give what fairseq-cft-evaluate --json wrote") from error
    return report


def denoiser_rates(run: Path) -> dict[str, float]:
    """What ``fairseq-cft check-denoiser`` measured for the quickstart's and the benchmarks' denoiser, where it did."""
    for folder in run.absolute().parents[:3]:
        try:
            return dict(json.loads((folder / "denoiser.json").read_bytes()))
        except (OSError, ValueError, TypeError):
            continue
    return {}
