#!/usr/bin/env python3
"""Write a synthetic data set: pseudocode, C++, inputs, expected outputs, and unlabeled programs."""

from __future__ import annotations

import argparse
import importlib.util
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

if importlib.util.find_spec("fairseq_cft") is None:  # run from a checkout that is not installed
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from fairseq_cft.data.synthetic import PRESETS, TooFewProgramsError, make_corpus
from fairseq_cft.files import InputError, run_program, write_together

COUNTS = ("labeled", "valid", "test", "ood", "unlabeled")


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="directory for the files")
    parser.add_argument("--seed", type=int, required=True, metavar="N", help="from 0 up; the same seed, the same bytes")
    parser.add_argument("--preset", choices=sorted(PRESETS), default="paper", help="size of the language")
    for name in COUNTS:
        defaults = ", ".join(f"{preset}: {getattr(values, name)}" for preset, values in PRESETS.items())
        parser.add_argument(f"--{name}", type=int, metavar="N", help=f"number of programs (default: {defaults})")
    options = parser.parse_args(arguments)
    for name in ("seed", *COUNTS):
        value = getattr(options, name)
        if value is not None and value < 0:
            parser.error(f"--{name} must be 0 or more, not {value}")
    return options


def main(arguments: Sequence[str]) -> None:
    """Write ``{train,valid,test,ood}.{src,tgt,inp,out}`` and ``unlabeled.tgt``."""
    options = parse(arguments)
    counts = {name: getattr(options, name) for name in COUNTS if getattr(options, name) is not None}
    try:
        corpus = make_corpus(replace(PRESETS[options.preset], **counts), options.seed)
    except TooFewProgramsError as error:
        raise InputError(f"--preset {options.preset}: {error}") from error
    columns = {"unlabeled.tgt": corpus.unlabeled}
    for split, examples in corpus.labeled.items():
        columns[f"{split}.src"] = [example.source for example in examples]
        columns[f"{split}.tgt"] = [example.target for example in examples]
        columns[f"{split}.inp"] = [example.inputs for example in examples]
        columns[f"{split}.out"] = [example.output for example in examples]
    with write_together(*(options.out / name for name in columns)) as streams:
        for stream, lines in zip(streams, columns.values(), strict=True):
            stream.writelines(f"{line}\n" for line in lines)
    sizes = ", ".join(f"{split} {len(examples)}" for split, examples in corpus.labeled.items())
    print(f"{options.out}: {sizes}, unlabeled {len(corpus.unlabeled)}")


if __name__ == "__main__":
    sys.exit(run_program(main))
