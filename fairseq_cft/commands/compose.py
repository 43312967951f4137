"""Writes a composed checkpoint from trained models, without training: a denoiser, perhaps gated, behind a predictor."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from ..errors import UserError


def parser() -> argparse.ArgumentParser:
    root = argparse.ArgumentParser(
        prog="fairseq-cft compose",
        description="Writes a composed checkpoint from trained models, without any training: the denoiser behind a "
        "predictor at test time, with --gate only where the gate asks for it, for stock fairseq-generate and "
        "fairseq-interactive.",
        epilog="A composed model given as --base-predictor stands for its base predictor, and brings its denoiser.",
    )
    root.add_argument(
        "--base-predictor", required=True, metavar="FILE.pt", help="model from pseudocode to code, plain or composed"
    )
    root.add_argument(
        "--denoiser",
        metavar="FILE.pt",
        help="denoiser, trained on the same dictionary (default: that of a composed --base-predictor)",
    )
    root.add_argument("--gate", metavar="FILE.pt", help="gate trained on the denoiser's encoder (--arch denoiser_gate)")
    root.add_argument(
        "--gate-threshold",
        type=float,
        metavar="P",
        help="outputs that need denoising with at least this probability are denoised, the others left as they are; "
        "0: all are, above 1: none (default: 0.9, the paper's)",
    )
    root.add_argument("--data", type=Path, metavar="DIR", help="the base predictor's binarised data, if they moved")
    root.add_argument("--output", required=True, type=Path, metavar="FILE.pt", help="where to write it")
    return root


def main(arguments: Sequence[str] | None = None) -> None:
    options = parser().parse_args(arguments)
    if options.gate_threshold is not None and options.gate is None:
        raise UserError("--gate-threshold needs --gate, the checkpoint of a trained gate")
    from ..inference.composing import compose

    compose(
        options.base_predictor,
        options.denoiser,
        options.output,
        gate=options.gate,
        threshold=options.gate_threshold,
        data=options.data,
    )
    print(f"wrote {options.output}")
