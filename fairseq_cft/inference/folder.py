"""An exported model's folder: weights in safetensors, all else as text. Loading it runs no code of the folder."""

from argparse import Namespace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from fairseq.data import Dictionary
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

from ..data.subwords import Subwords
from ..errors import UserError
from ..files import read_lines
from ..models.composed_transformer import ComposedTransformerModel
from ..modules.architecture import fingerprint
from ..modules.denoiser import build_transformer
from ..modules.transformer import Transformer
from .config import CONFIG, DICTIONARY, SUBWORDS, WEIGHTS, ModelConfig, no_configuration, read_config
from .translator import Translator


def load_model(folder: Path | str) -> Translator:
    """The model of an exported folder, on the CPU and in float32; UserError where a part is missing or damaged."""
    folder = Path(folder)
    config = read_config(folder / CONFIG)
    dictionary = read_dictionary(folder / DICTIONARY)
    if fingerprint(dictionary) != config.dictionary:
        raise UserError(
            f"{folder / DICTIONARY} is not the dictionary that the model was trained with (it has "
            f"{fingerprint(dictionary)}, the model {config.dictionary}); export the model again"
        )
    subwords = Subwords.load(folder / SUBWORDS) if (folder / SUBWORDS).exists() else None
    try:
        model = build(config, dictionary)
    except Exception as error:  # whatever torch and fairseq make of impossible shapes
        raise no_configuration(folder / CONFIG, f"{type(error).__name__}: {_one_line(error)}") from error
    load_weights(model, folder / WEIGHTS)
    return Translator(model.eval(), dictionary, subwords, config)


def read_dictionary(path: Path) -> Dictionary:
    """fairseq's dict.txt; UserError where there is none or it is damaged."""
    read_lines(path)  # for fairseq raises a bare Exception where the text is no UTF-8
    try:
        return Dictionary.load(str(path))
    except (ValueError, RuntimeError) as error:
        raise UserError(f"{path} is no dictionary of fairseq: {error}") from error


def build(config: ModelConfig, dictionary: Dictionary) -> Any:
    """The model without its weights."""
    task: Any = SimpleNamespace(source_dictionary=dictionary, target_dictionary=dictionary)
    if config.kind != "composed":
        return build_transformer(Transformer, task, config.shapes["model"])
    args = Namespace(
        **{f"{stage}_shape": shape for stage, shape in config.shapes.items()},
        dictionary_fingerprint=config.dictionary,
        base_max_len_a=config.max_len_a,
        base_max_len_b=config.max_len_b,
        **{f"gate_{name}": value for name, value in config.gate.items()},
    )
    return ComposedTransformerModel.build_model(args, task)


def save_weights(weights: dict[str, Tensor], path: Path, model: Any, dtype: torch.dtype) -> None:
    """Writes the tensors, numbers in this precision, each once: not those that are another one in ``model``."""
    tied = tied_weights(model)
    kept = {name: tensor.contiguous() for name, tensor in weights.items() if name not in tied}
    path.write_bytes(save({name: x.to(dtype) if x.is_floating_point() else x for name, x in kept.items()}))


def tied_weights(model: Any) -> dict[str, str]:
    """Names of parameters that are another one, and the name under which that came first.

    By the model as it is built, not by a checkpoint's memory: that of a training on a GPU holds a copy for each name.
    """
    first: dict[Tensor, str] = {}
    names = {name: first.setdefault(each, name) for name, each in model.named_parameters(remove_duplicate=False)}
    return {name: kept for name, kept in names.items() if name != kept}


def load_weights(model: Any, path: Path) -> None:
    """Fills every parameter of ``model`` from the file, in the model's own precision."""
    try:
        weights = load_file(str(path))
        tied = {name: weights[kept] for name, kept in tied_weights(model).items()}
        model.load_state_dict(tied | weights, strict=True)
    except (OSError, SafetensorError) as error:
        raise UserError(f"cannot read the weights {path}: {error}; copy or export the folder again") from error
    except (KeyError, RuntimeError) as error:
        raise UserError(
            f"{path} does not fit {path.parent / CONFIG}: {_one_line(error)}; export the model again"
        ) from error


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
