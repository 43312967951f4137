"""Writes a synthetic data set: pseudocode, C++, inputs, expected outputs, and unlabeled programs."""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..data.references import references_line
from ..data.synthetic import PRESETS, TooFewProgramsError, draw_spellings, make_corpus, to_code
from ..errors import UserError
from ..files import write_together

COUNTS = ("labeled", "valid", "test", "ood", "unlabeled")


def parser() -> argparse.ArgumentParser:
    root = argparse.ArgumentParser(prog="fairseq-cft synthetic", description=__doc__)
    root.add_argument("--out", type=Path, required=True, metavar="DIR", help="directory for the files")
    root.add_argument("--seed", type=int, required=True, metavar="N", help="from 0 up; the same seed, the same bytes")
    root.add_argument("--preset", choices=sorted(PRESETS), default="paper", help="size of the language")
    for name in COUNTS:
        defaults = ", ".join(f"{preset}: {getattr(values, name)}" for preset, values in PRESETS.items())
        root.add_argument(f"--{name}", type=int, metavar="N", help=f"number of programs (default: {defaults})")
    root.add_argument(
        "--references",
        type=int,
        default=0,
        metavar="N",
        help="also write train.refs: at most N equal spellings of each training program, set apart by tabs",
    )
    return root


def main(arguments: Sequence[str] | None = None) -> None:
    """Writes ``{train,valid,test,ood}.{src,tgt,inp,out}`` and ``unlabeled.tgt``."""
    root = parser()
    options = root.parse_args(arguments)
    for name in ("seed", "references", *COUNTS):
        value = getattr(options, name)
        if value is not None and value < 0:
            root.error(f"--{name} must be 0 or more, not {value}")
    counts = {name: getattr(options, name) for name in COUNTS if getattr(options, name) is not None}
    try:
        corpus = make_corpus(replace(PRESETS[options.preset], **counts), options.seed)
    except TooFewProgramsError as error:
        raise UserError(f"--preset {options.preset}: {error}") from error
    columns = {"unlabeled.tgt": corpus.unlabeled}
    for split, examples in corpus.labeled.items():
        columns[f"{split}.src"] = [example.source for example in examples]
        columns[f"{split}.tgt"] = [example.target for example in examples]
        columns[f"{split}.inp"] = [example.inputs for example in examples]
        columns[f"{split}.out"] = [example.output for example in examples]
    if options.references:
        rng = np.random.default_rng(options.seed)
        columns["train.refs"] = [
            references_line(map(to_code, draw_spellings(example.program, options.references, rng)))
            for example in corpus.labeled["train"]
        ]
    with write_together(*(options.out / name for name in columns)) as streams:
        for stream, lines in zip(streams, columns.values(), strict=True):
            stream.writelines(f"{line}\n" for line in lines)
    if not options.references:
        (options.out / "train.refs").unlink(missing_ok=True)  # of an earlier run
    sizes = ", ".join(f"{split} {len(examples)}" for split, examples in corpus.labeled.items())
    print(f"{options.out}: {sizes}, unlabeled {len(corpus.unlabeled)}")
