"""The denoiser inside a composed model: loaded from its checkpoint, never trained, always in eval mode."""

from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from fairseq import checkpoint_utils
from fairseq.data import Dictionary
from fairseq.models import ARCH_MODEL_REGISTRY
from fairseq.models.transformer import TransformerModelBase, base_architecture
from fairseq.tasks import FairseqTask
from torch import Tensor

from ..errors import UserError
from .architecture import FINGERPRINTS, fingerprint, shape_of
from .transformer import Transformer
from .unsupported import in_file

# Tensors that fairseq 0.12.2 writes for every encoder layer and never uses; fairseq main refuses them.
_UNUSED_TENSORS = {f"{part}_{kind}" for part in ("in_proj", "out_proj", "fc1", "fc2") for kind in ("weight", "bias")}


class TransformerCheckpoint(NamedTuple):
    """Weights of a plain Transformer, the options that decide its shape, and what is known of its dictionaries."""

    path: str
    weights: dict[str, Tensor]
    shape: dict[str, Any]
    dictionaries: dict[str, str | None]


class FrozenDenoiser(Transformer):
    """A Transformer without gradients that stays in eval mode whatever its parent does.

    Cast to half precision (--fp16, --bf16) it computes in half precision, and gives its state in the numbers that it
    had before: a training writes the denoiser that it read.
    """

    def __init__(self, args: Namespace, encoder: Any, decoder: Any) -> None:
        super().__init__(args, encoder, decoder)
        self.requires_grad_(False)
        self.eval()
        encoder.refuses_cut_off = False  # an output of the base predictor may be
        self._exact: dict[str, Tensor] = {}  # float32 weights on the CPU, once they are cast
        self._register_state_dict_hook(_put_exact)

    def _apply(self, function: Any, *args: Any, **options: Any) -> "FrozenDenoiser":
        before = {name: parameter.detach() for name, parameter in self.named_parameters(remove_duplicate=False)}
        super()._apply(function, *args, **options)
        for name, parameter in self.named_parameters(remove_duplicate=False):
            if parameter.dtype != before[name].dtype and before[name].dtype == torch.float32:
                self._exact.setdefault(name, before[name].cpu())
        return self

    def train(self, mode: bool = True) -> "FrozenDenoiser":
        # test_composed_transformer.py::test_denoiser_stays_in_eval_mode breaks without this override
        return super().train(False)


def _put_exact(module: FrozenDenoiser, state: dict[str, Any], prefix: str, _: Any) -> None:
    for name, exact in module._exact.items():
        if prefix + name in state and state[prefix + name].dtype != exact.dtype:
            state[prefix + name] = exact


def build_transformer(
    cls: type[Transformer], task: FairseqTask, shape: Mapping[str, Any], options: Mapping[str, Any] | None = None
) -> Any:
    """Builds a Transformer of ``shape`` (see ``shape_of``); ``options`` add dropout rates and the like."""
    args = Namespace(**{**(options or {}), **shape})
    base_architecture(args)
    return cls.build_model(args, task)


def read_transformer(path: str, role: str, stage: str) -> TransformerCheckpoint:
    """Reads a fairseq checkpoint of a plain Transformer, or of a composed model: its ``stage`` then.

    ``stage`` is "denoiser" or "base_predictor". Raises UserError as ``read_checkpoint`` does, and for other models.
    """
    return as_transformer(read_checkpoint(path, role), path, role, stage)


def as_transformer(
    parts: tuple[dict[str, Tensor], dict[str, Any], dict[str, Any]], path: str, role: str, stage: str
) -> TransformerCheckpoint:
    """The same of what ``read_checkpoint`` gave."""
    weights, model_args, task_args = parts
    name = model_args.get("_name") or model_args.get("arch")
    model_class = ARCH_MODEL_REGISTRY.get(name)
    if model_class is None or not issubclass(model_class, TransformerModelBase):
        raise UserError(
            f"{role} {path} holds a model of architecture '{name}'; it must be a plain encoder-decoder Transformer, or "
            "a composed model"
        )
    if unsupported := in_file(model_args):
        raise UserError(f"{role} {path} was trained with {', '.join(unsupported)}, which the composed model lacks")
    shape = model_args.get(f"{stage}_shape")
    if shape:
        prefix = f"{stage}."
        weights = {key.removeprefix(prefix): value for key, value in weights.items() if key.startswith(prefix)}
    else:
        args = Namespace(**{name: value for name, value in model_args.items() if value is not None})
        base_architecture(args)
        shape = shape_of(args)
    shape = {"copy_attention": False, "line_symbol": "", **shape}  # older checkpoints do not name them
    return TransformerCheckpoint(path, weights, shape, known_dictionaries(model_args, task_args))


def read_checkpoint(path: str, role: str) -> tuple[dict[str, Tensor], dict[str, Any], dict[str, Any]]:
    """Weights, without placeholders, options of the model and options of the task from a fairseq checkpoint.

    Raises UserError as ``read_state`` does.
    """
    return parts_of(read_state(path, role))


def read_state(path: str, role: str) -> dict[str, Any]:
    """Everything that fairseq-train wrote, read without running code of the file.

    Raises UserError where ``path`` is no file or no fairseq checkpoint. ``role`` names the option in those messages.
    """
    if not Path(path).is_file():
        raise UserError(f"{role} {path} does not exist; give the .pt file that fairseq-train wrote")
    try:
        state = checkpoint_utils.load_checkpoint_to_cpu(path)
    except UserError as error:
        raise UserError(f"{role} {error}") from error
    if not isinstance(state.get("model"), Mapping) or not (state.get("cfg") or state.get("args")):
        raise UserError(f"{role} {path} is no fairseq checkpoint: it has no model weights or no configuration")
    return state


def parts_of(state: Mapping[str, Any]) -> tuple[dict[str, Tensor], dict[str, Any], dict[str, Any]]:
    """What ``read_checkpoint`` gives, of a state that was read, old (one Namespace) or new (nested configuration)."""
    weights = {name: tensor for name, tensor in state["model"].items() if not is_placeholder(name)}
    sections = state.get("cfg") or dict.fromkeys(("model", "task"), state.get("args"))
    return weights, as_dict(sections["model"]), as_dict(sections["task"])


def is_placeholder(name: str) -> bool:
    """Whether a tensor is one of those that fairseq 0.12.2 writes and never uses."""
    return name.rsplit(".", 1)[-1] in _UNUSED_TENSORS


def as_dict(config: Any) -> dict[str, Any]:
    """Options of a model or task as a dictionary, whichever form fairseq keeps them in."""
    return dict(vars(config)) if isinstance(config, Namespace) else dict(config)


def check_dictionary(checkpoint: TransformerCheckpoint, dictionary: Dictionary, role: str) -> None:
    """Raises UserError unless the checkpoint was trained with exactly this dictionary.

    On both sides: by what ``known_dictionaries`` finds, at least by size.
    """
    ours = fingerprint(dictionary)
    for side, part in (("source", "encoder"), ("target", "decoder")):
        size = checkpoint.weights[f"{part}.embed_tokens.weight"].size(0)
        unknown = ours if size == len(dictionary) else f"{size} symbols"
        theirs = checkpoint.dictionaries[side] or unknown
        if ours != theirs:
            raise UserError(
                f"{role} {checkpoint.path} was trained with another dictionary ({theirs}, {side} side) than this data "
                f"({ours}); binarise both with the same dict.txt: fairseq-preprocess --srcdict ... --tgtdict ..."
            )


def known_dictionaries(model_args: Mapping[str, Any], task_args: Mapping[str, Any]) -> dict[str, str | None]:
    """Fingerprints of a checkpoint's dictionaries by side, None where nothing tells.

    Our models note them. Others' stand beside the data of the training, if those are still there and, where one side is
    noted, unchanged.
    """
    noted = {side: model_args.get(name) for side, name in FINGERPRINTS.items()}
    if "denoiser_shape" in model_args:  # a composed model or a gate has one dictionary
        return dict.fromkeys(FINGERPRINTS, noted["target"])
    beside = {side: _fingerprint_beside_data(task_args, f"{side}_lang") for side in FINGERPRINTS}
    if noted["target"] not in (None, beside["target"]):
        return noted
    return {side: noted[side] or beside[side] for side in FINGERPRINTS}


def _fingerprint_beside_data(task_args: Mapping[str, Any], language: str) -> str | None:
    if not (data := task_args.get("data")):
        return None
    name = f"dict.{task_args[language]}.txt" if task_args.get(language) else "dict*.txt"
    files = sorted(Path(data.split(":")[0]).glob(name))
    found = {fingerprint(Dictionary.load(str(file))) for file in files}
    return found.pop() if len(found) == 1 else None


def load_weights(model: torch.nn.Module, checkpoint: TransformerCheckpoint, role: str) -> None:
    """Copies the checkpoint's weights into ``model``; UserError names the first tensor that does not fit."""
    try:
        model.load_state_dict(dict(checkpoint.weights), strict=True)
    except RuntimeError as error:
        reason = str(error).splitlines()[1].strip() if "\n" in str(error) else str(error)
        raise UserError(f"{role} {checkpoint.path} does not fit the model: {reason}") from error


def close_numbers(mine: Any, other: Any) -> bool:
    """Whether two tensors of one shape are the same denoiser's: up to half precision and the rounding of averages."""
    if not mine.is_floating_point():
        return torch.equal(mine.cpu(), other.cpu())
    dtype = min(mine.dtype, other.dtype, key=lambda dtype: torch.finfo(dtype).bits)
    mine, other = (each.detach().cpu().to(dtype).float() for each in (mine, other))
    return torch.allclose(mine, other, rtol=1e-5, atol=1e-7)
