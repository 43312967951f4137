"""Composed checkpoints from trained models, without any training."""

from argparse import Namespace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from fairseq import checkpoint_utils
from fairseq.dataclass.utils import convert_namespace_to_omegaconf
from omegaconf import OmegaConf

from ..errors import UserError
from ..models.composed_transformer import ComposedTransformerModel, composed_architecture
from ..modules.denoiser import parts_of, read_state
from ..modules.gate import THRESHOLD, add_gate, read_gate
from .training_run import Checkpoint, data_folder, shared_dictionary


def compose(
    base_predictor: str,
    denoiser: str | None,
    output: Path,
    *,
    gate: str | None = None,
    threshold: float | None = None,
    data: Path | None = None,
) -> None:
    """Writes the checkpoint of a composed model for stock fairseq-generate and fairseq-interactive.

    Args:
        base_predictor: checkpoint of a plain model, or of a composed one: its base predictor then.
        denoiser: checkpoint of one trained on the same dictionary; None: that of a composed `base_predictor`.
        gate: checkpoint of a gate trained on the denoiser's encoder; None: all outputs are denoised.
        threshold: least probability that a gated output needs denoising, 0 to 1; None: the paper's.
        data: binarised data of the base predictor; None: where its checkpoint says.
    """
    state = read_state(base_predictor, "--base-predictor")
    base = Checkpoint(Path(base_predictor), state, *parts_of(state))
    options = model_options(base, denoiser)
    folder = data_folder(base, data)
    words = shared_dictionary(folder)
    task: Any = SimpleNamespace(source_dictionary=words, target_dictionary=words)
    model = ComposedTransformerModel.build_model(options, task)
    if gate is not None:
        add_gate(model, read_gate(gate, "--gate"), THRESHOLD if threshold is None else threshold, "--gate")
    cfg = state["cfg"] if state.get("cfg") else convert_namespace_to_omegaconf(state["args"])
    cfg = OmegaConf.to_container(cfg, resolve=True, enum_to_str=True)
    cfg["model"] = options
    if data is not None:
        cfg["task"]["data"] = str(data)
    composed = {**state, "cfg": cfg, "model": model.state_dict(), "last_optimizer_state": None}
    output.parent.mkdir(parents=True, exist_ok=True)
    checkpoint_utils.torch_persistent_save(composed, str(output))  # by a temporary name


def model_options(base: Checkpoint, denoiser: str | None) -> Namespace:
    """Options of the composed model: from which checkpoints, and within which limits it decodes."""
    is_composed = "base_predictor_shape" in base.model_args
    if denoiser is None and not is_composed:
        raise UserError(f"{base.path} is no composed model, which would have a denoiser; give --denoiser")
    limits = {name: base.model_args[name] for name in ("base_max_len_a", "base_max_len_b") if is_composed}
    limits |= {name: base.task_args[name] for name in ("max_source_positions", "max_target_positions")}
    args = Namespace(
        arch="composed_transformer",
        denoiser_path=denoiser or str(base.path),
        base_predictor_path=str(base.path),
        **limits,
    )
    composed_architecture(args)
    return args
