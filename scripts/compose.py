"""Writes a composed checkpoint from two trained models, without any training: the denoiser behind a predictor at test
time, for stock fairseq-generate and fairseq-interactive."""

from __future__ import annotations

import argparse
import sys
from argparse import Namespace
from pathlib import Path

from fairseq import checkpoint_utils
from fairseq.dataclass.utils import convert_namespace_to_omegaconf
from omegaconf import OmegaConf

from fairseq_cft.models.composed_transformer import ComposedTransformerModel, composed_architecture


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base-predictor", required=True, metavar="FILE.pt", help="model from pseudocode to code")
    parser.add_argument("--denoiser", required=True, metavar="FILE.pt", help="denoiser, trained on the same dictionary")
    parser.add_argument("--output", required=True, type=Path, metavar="FILE.pt", help="where to write it")
    options = parser.parse_args()

    state = checkpoint_utils.load_checkpoint_to_cpu(options.base_predictor)
    cfg = state["cfg"] if state.get("cfg") else convert_namespace_to_omegaconf(state["args"])
    args = Namespace(
        **{
            "arch": "composed_transformer",
            "denoiser_path": options.denoiser,
            "base_predictor_path": options.base_predictor,
            "max_source_positions": cfg.task.max_source_positions,
            "max_target_positions": cfg.task.max_target_positions,
        }
    )
    composed_architecture(args)
    from fairseq import tasks

    model = ComposedTransformerModel.build_model(args, tasks.setup_task(cfg.task))
    cfg = OmegaConf.to_container(cfg, resolve=True, enum_to_str=True)
    cfg["model"] = args
    composed = {**state, "cfg": cfg, "model": model.state_dict(), "last_optimizer_state": None}
    checkpoint_utils.torch_persistent_save(composed, str(options.output))  # by a temporary name
    print(f"wrote {options.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
