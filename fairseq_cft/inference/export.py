"""Packs a trained model into the folder that ``fairseq_cft.load_model`` reads."""

import argparse
import contextlib
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fairseq
import torch

from .. import __version__
from ..errors import UserError
from ..formats.table import PLAIN, PROGRAMS, PSEUDOCODE, current_name, detected
from ..modules.architecture import fingerprint
from ..modules.batches import MAX_LEN
from ..modules.denoiser import as_transformer
from . import training_run
from .config import CARD, CONFIG, DICTIONARY, SUBWORDS, WEIGHTS, ModelConfig, is_exported
from .folder import build, load_model, save_weights
from .model_card import model_card
from .training_run import Checkpoint, Split

# what a reader wants to know of a training, by the names of fairseq's options
TRAINING_OPTIONS = (
    *("task", "criterion", "noise", "clean_share", "errors", "gradient_estimator", "num_samples", "composed_weight"),
    *("ce_weight", "advantage_scale", "label_smoothing", "dropout", "attention_dropout", "activation_dropout"),
    *("optimizer", "lr", "lr_scheduler", "warmup_updates", "weight_decay", "clip_norm", "max_tokens", "update_freq"),
    *("best_checkpoint_metric", "seed"),
)


@dataclass(frozen=True)
class Sources:
    """Where the parts come from, where that is not what the checkpoint says; and what the model card quotes."""

    data: Path | None = None
    subword_model: Path | None = None
    scores: Sequence[Path] = ()
    description: str | None = None
    licence: str | None = None
    pseudocode_format: str | None = None
    program_format: str | None = None


def export(run: Path, out: Path, *, half: bool = False, sources: Sources | None = None) -> Path:
    """Writes the folder ``out`` from a training's folder or checkpoint, whole or not at all; returns the checkpoint.

    An earlier export in ``out`` is replaced; UserError where something else is there or a part cannot be found.
    """
    sources = sources or Sources()
    checkpoint = training_run.read_run(run)
    data = training_run.data_folder(checkpoint, sources.data)
    dictionary = training_run.shared_dictionary(data)
    subwords = training_run.find_subwords(dictionary, checkpoint, data, sources.subword_model)
    splits = list(training_run.splits(data, dictionary, checkpoint))
    scores = training_run.evaluations(run, list(sources.scores))
    config = _config(checkpoint, data, fingerprint(dictionary), splits, sources, half)
    model = build(config, dictionary)
    card = model_card(
        out.absolute().name,
        config,
        sum(parameter.numel() for parameter in model.parameters()),
        "/".join(data.absolute().parts[-2:]),
        splits,
        training_run.denoiser_rates(checkpoint.path),
        scores,
        description=sources.description,
        licence=sources.licence,
    )
    with whole_folder(out) as folder:
        save_weights(checkpoint.weights, folder / WEIGHTS, model, torch.float16 if half else torch.float32)
        dictionary.save(str(folder / DICTIONARY))
        if subwords is not None:
            shutil.copyfile(subwords, folder / SUBWORDS)
        (folder / CARD).write_text(card, encoding="utf-8")
        config.write(folder / CONFIG)
        load_model(folder)  # what cannot be read again is not exported
    return checkpoint.path


def _config(
    checkpoint: Checkpoint, data: Path, dictionary: str, splits: Sequence[Split], sources: Sources, half: bool
) -> ModelConfig:
    """What config.json says; ``dictionary`` is its fingerprint. UserError where it is not that of the training."""
    args, task = checkpoint.model_args, checkpoint.task_args
    recorded = args.get("dictionary_fingerprint")
    if recorded and recorded != dictionary:
        raise UserError(
            f"{checkpoint.path} was trained with another dictionary ({recorded}) than {data} has ({dictionary}); name "
            "the data that it was trained on: --data DIR"
        )
    if "base_predictor_shape" in args:
        kind, shapes = "composed", {stage: dict(args[f"{stage}_shape"]) for stage in ("base_predictor", "denoiser")}
        limits = args["base_max_len_a"], args["base_max_len_b"]
    else:
        kind = "denoiser" if task.get("_name", task.get("task")) == "code_denoising" else "translation"
        parts = checkpoint.weights, args, task
        shapes, limits = {"model": as_transformer(parts, str(checkpoint.path), "the model", "denoiser").shape}, MAX_LEN
    reads = PLAIN if kind == "denoiser" else _format("pseudocode", sources.pseudocode_format, splits, data)
    return ModelConfig(
        kind=kind,
        architecture=str(args.get("_name") or args.get("arch")),
        shapes=shapes,
        dictionary=dictionary,
        max_len_a=limits[0],
        max_len_b=limits[1],
        pseudocode_format=reads,
        program_format=_format("program", sources.program_format, splits, data),
        dtype="float16" if half else "float32",
        gate={name: args[f"gate_{name}"] for name in ("shape", "threshold") if args.get(f"gate_{name}") is not None},
        training=_training(checkpoint.state),
        versions={"fairseq_cft": __version__, "fairseq": fairseq.__version__, "torch": torch.__version__},
    )


def _format(what: str, given: str | None, splits: Sequence[Split], data: Path) -> str:
    """Of pseudocode or programs: as given, else as their lines show it."""
    lines = [line for split in splits if (split.side == "source") == (what == "pseudocode") for line in split.lines]
    if not (given or lines):
        raise UserError(
            f"{data} holds no {what} that shows its format; name the binarised data, --data DIR, or the format, "
            f"--{what}-format NAME"
        )
    return current_name(given) if given else detected(lines, PSEUDOCODE if what == "pseudocode" else PROGRAMS)


def _training(state: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of the training as plain values, from a configuration in sections or from one Namespace."""
    found: dict[str, Any] = {}
    sections = state.get("cfg") or {"args": state["args"]}
    for name, section in sections.items():
        values = vars(section) if isinstance(section, argparse.Namespace) else section
        if isinstance(values, Mapping):
            found |= {key: value for key, value in values.items() if value is not None}
            if name in ("task", "criterion", "optimizer", "lr_scheduler") and "_name" in values:
                found[name] = values["_name"]
    chosen = {name: _plain(found[name]) for name in TRAINING_OPTIONS if name in found}
    history = state.get("optimizer_history") or [{}]
    epoch = (state.get("extra_state") or {}).get("train_iterator", {}).get("epoch")
    updates = {"updates": history[-1].get("num_updates"), "epoch": epoch}
    return {**chosen, **{name: value for name, value in updates.items() if value is not None}}


def _plain(value: Any) -> Any:
    """A value of fairseq's configuration as JSON has them."""
    if isinstance(value, (bool, int, float, str)):
        return value
    values = [_plain(item) for item in value] if isinstance(value, Sequence) else [str(value)]
    return values[0] if len(values) == 1 else values


@contextlib.contextmanager
def whole_folder(out: Path) -> Iterator[Path]:
    """A new folder to fill, which is called ``out`` when the block ends well; an earlier export there is replaced."""
    if out.exists() and not is_exported(out) and not (out.is_dir() and not any(out.iterdir())):
        raise UserError(f"{out} exists and is no exported model; name a new folder")
    fresh, old = (out.absolute().with_name(f".{out.name}.{os.getpid()}.{what}") for what in ("tmp", "old"))
    try:
        fresh.mkdir(parents=True)
        yield fresh
        if out.exists():
            out.rename(old)
        fresh.rename(out)
    except OSError as error:
        raise UserError(f"cannot write {out}: {(error.strerror or str(error)).lower()}") from error
    finally:
        if old.exists() and not out.exists():  # stopped between the two
            old.rename(out)
        for folder in (fresh, old):
            shutil.rmtree(folder, ignore_errors=True)
