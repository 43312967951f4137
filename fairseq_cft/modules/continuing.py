"""What a training goes on from: whether the checkpoint that is resumed, or in --finetune-from-model, belongs to it."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from ..errors import UserError
from .architecture import FINGERPRINTS
from .denoiser import as_dict, close_numbers, is_placeholder, known_dictionaries, parts_of

RUNNING = "_running_"  # what the names of meters of the whole training start with
KINDS = {"composed": "a composed model", "gate": "a gate", "plain": "a plain model"}


def check_continued(model: nn.Module, options: Any, state: Mapping[str, Any], path: str) -> None:
    """Raises UserError unless a training of ``model``, built with ``options``, can go on from a checkpoint.

    Compared are the kind of model, both dictionaries, a composed model's denoiser, and of our models every tensor's
    shape: fairseq would go on without a word, or say in two tracebacks that architectures must match.
    """
    weights, theirs, task_args = parts_of(state)
    ours = as_dict(options)
    if _kind(theirs) != _kind(ours):
        start = ""
        if _kind(ours) == "composed":
            start = f", and to start the base predictor from that model --base-predictor-path {path}"
        raise UserError(
            f"{path} holds {KINDS[_kind(theirs)]} and this is the training of {KINDS[_kind(ours)]}; give it a "
            f"--save-dir of its own{start}"
        )
    known = known_dictionaries(theirs, task_args)
    for side, name in FINGERPRINTS.items():
        if known[side] and ours.get(name) and known[side] != ours[name]:
            raise UserError(
                f"{path} was trained with another {side} dictionary ({known[side]}) than this data ({ours[name]}); "
                "binarise the data with the dict.txt of its training"
            )
    if type(model).__module__.split(".")[0] == __name__.split(".")[0] and "fsdp_metadata" not in state:
        _check_tensors(model, weights, path, ours.get("denoiser_path"))


def _kind(options: Mapping[str, Any]) -> str:
    if options.get("base_predictor_shape"):
        return "composed"
    return "gate" if options.get("gate_shape") else "plain"


def _check_tensors(model: nn.Module, theirs: Mapping[str, Tensor], path: str, denoiser: Any) -> None:
    ours = {name: tensor for name, tensor in model.state_dict().items() if not is_placeholder(name)}
    for name in sorted({**ours, **theirs}, key=lambda name: not name.startswith("denoiser.")):
        mine, other = ours.get(name), theirs.get(name)
        same_shape = mine is not None and other is not None and mine.shape == other.shape
        if name.startswith("denoiser.") and not (same_shape and close_numbers(mine, other)):
            raise UserError(
                f"{path} holds another denoiser than --denoiser-path {denoiser}, which it would replace; to go on with "
                f"its base predictor in front of the one named, give --base-predictor-path {path} instead"
            )
        if not same_shape:
            shapes = ["missing" if each is None else "x".join(map(str, each.shape)) for each in (other, mine)]
            raise UserError(
                f"{path} does not fit this training's model: {name} is {shapes[0]} there and {shapes[1]} here; give "
                "the options that it was trained with, or this training a --save-dir of its own"
            )
