"""Writes a composed checkpoint from trained models, without any training: the denoiser behind a predictor at test time,
with --gate only where the gate asks for it, for stock fairseq-generate and fairseq-interactive.

A composed model given as --base-predictor stands for its base predictor, and brings its denoiser."""

from __future__ import annotations

import argparse
import sys
from argparse import Namespace
from pathlib import Path

from fairseq import checkpoint_utils, tasks
from fairseq.dataclass.utils import convert_namespace_to_omegaconf
from omegaconf import OmegaConf

from fairseq_cft.errors import UserError
from fairseq_cft.models.composed_transformer import ComposedTransformerModel, composed_architecture
from fairseq_cft.modules.denoiser import read_checkpoint
from fairseq_cft.modules.gate import THRESHOLD, add_gate, read_gate


def model_options(base_predictor: str, denoiser: str | None) -> Namespace:
    """Options of the composed model: from which checkpoints, and within which limits it decodes."""
    _, base_args, task_args = read_checkpoint(base_predictor, "--base-predictor")
    is_composed = "base_predictor_shape" in base_args
    if denoiser is None and not is_composed:
        raise UserError(f"{base_predictor} is no composed model, which would have a denoiser; give --denoiser")
    limits = {name: base_args[name] for name in ("base_max_len_a", "base_max_len_b") if is_composed}
    limits |= {name: task_args[name] for name in ("max_source_positions", "max_target_positions")}
    args = Namespace(
        arch="composed_transformer",
        denoiser_path=denoiser or base_predictor,
        base_predictor_path=base_predictor,
        **limits,
    )
    composed_architecture(args)
    return args


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--base-predictor", required=True, metavar="FILE.pt", help="model from pseudocode to code, plain or composed"
    )
    parser.add_argument(
        "--denoiser",
        metavar="FILE.pt",
        help="denoiser, trained on the same dictionary (default: that of a composed --base-predictor)",
    )
    parser.add_argument(
        "--gate", metavar="FILE.pt", help="gate trained on the denoiser's encoder (--arch denoiser_gate)"
    )
    parser.add_argument(
        "--gate-threshold",
        type=float,
        metavar="P",
        help="outputs that need denoising with at least this probability are denoised, the others left as they are; "
        f"0: all are, above 1: none (default: {THRESHOLD}, the paper's)",
    )
    parser.add_argument("--output", required=True, type=Path, metavar="FILE.pt", help="where to write it")
    options = parser.parse_args()
    if options.gate_threshold is not None and options.gate is None:
        raise UserError("--gate-threshold needs --gate, the checkpoint of a trained gate")

    args = model_options(options.base_predictor, options.denoiser)
    state = checkpoint_utils.load_checkpoint_to_cpu(options.base_predictor)
    cfg = state["cfg"] if state.get("cfg") else convert_namespace_to_omegaconf(state["args"])
    model = ComposedTransformerModel.build_model(args, tasks.setup_task(cfg.task))
    if options.gate is not None:
        threshold = THRESHOLD if options.gate_threshold is None else options.gate_threshold
        add_gate(model, read_gate(options.gate, "--gate"), threshold, "--gate")
    cfg = OmegaConf.to_container(cfg, resolve=True, enum_to_str=True)
    cfg["model"] = args
    composed = {**state, "cfg": cfg, "model": model.state_dict(), "last_optimizer_state": None}
    checkpoint_utils.torch_persistent_save(composed, str(options.output))  # by a temporary name
    print(f"wrote {options.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
