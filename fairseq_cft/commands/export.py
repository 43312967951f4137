"""Packs a trained model into a folder that `translate` and Python read: weights, dictionary, subwords, model card."""

import argparse
import logging
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

from ..formats.table import PROGRAMS, PSEUDOCODE, current_name, written


def parser() -> argparse.ArgumentParser:
    root = argparse.ArgumentParser(
        prog="fairseq-cft export",
        description="Packs a trained model into a folder that fairseq-cft translate and Python read.",
    )
    root.add_argument("run", type=Path, metavar="RUN", help="a training's --save-dir, or one of its checkpoints")
    root.add_argument("out", type=Path, metavar="OUT", help="the folder to write; an earlier export is replaced")
    root.add_argument("--half", action="store_true", help="weights in half precision: half the size")
    root.add_argument("--data", type=Path, metavar="DIR", help="the training's binarised data, if they moved")
    root.add_argument(
        "--subword-model", type=Path, metavar="FILE", help="their SentencePiece model, if it is not found"
    )
    root.add_argument(
        "--scores", type=Path, nargs="+", default=(), metavar="JSON", help="of fairseq-cft-evaluate, for the model card"
    )
    root.add_argument("--description", metavar="TEXT", help="for the model card: what the data are, say")
    root.add_argument("--licence", metavar="TEXT", help="for the model card: how the weights may be used")
    for what, formats in (("pseudocode", PSEUDOCODE), ("program", PROGRAMS)):
        root.add_argument(
            f"--{what}-format", type=current_name, choices=written(formats), help="if the data do not show it"
        )
    return root


def main(arguments: Sequence[str] | None = None) -> None:
    options = parser().parse_args(arguments)
    from ..inference.export import Sources, export

    logging.getLogger("fairseq").setLevel(logging.WARNING)
    sources = Sources(**{name.name: getattr(options, name.name) for name in fields(Sources)})
    path = export(options.run, options.out, half=options.half, sources=sources)
    size = sum(file.stat().st_size for file in options.out.iterdir())
    print(f"{path} -> {options.out}: {size / 1e6:.1f} MB ({path.stat().st_size / 1e6:.1f} MB before)")
