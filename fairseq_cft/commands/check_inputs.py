"""Stops where an input is made of pieces that no training sees: what a model makes of it says nothing."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from ..errors import UserError
from ..files import read_lines

UNKNOWN = "<unk>"


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="fairseq-cft check-inputs", description=__doc__)
    made.add_argument(
        "--train", type=Path, nargs="+", required=True, metavar="F", help="what is trained on, as subwords, both sides"
    )
    made.add_argument(
        "--inputs", type=Path, nargs="+", required=True, metavar="F.src", help="validation and test inputs, as subwords"
    )
    made.add_argument(
        "--most",
        type=float,
        default=0,
        metavar="SHARE",
        help="of a file's inputs that may have such a piece (default: none)",
    )
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    trained = {piece for path in options.train for line in read_lines(path) for piece in line.split()} - {UNKNOWN}
    for path in options.inputs:
        lines = read_lines(path)
        strange = [(number, sorted(set(line.split()) - trained)) for number, line in enumerate(lines, start=1)]
        strange = [(number, pieces) for number, pieces in strange if pieces]
        print(f"{path}: {len(strange)} of {len(lines)} inputs hold pieces that training never saw")
        if len(strange) > options.most * len(lines):
            number, pieces = strange[0]
            raise UserError(
                f"{path}, line {number} holds '{pieces[0]}', which training never saw, as do {len(strange)} of its "
                f"{len(lines)} inputs: results on them say nothing. Add such examples to the training data or to the "
                "unlabeled outputs, or take fewer pieces (--vocab-size), which cuts more words into what is trained"
            )
    return 0
