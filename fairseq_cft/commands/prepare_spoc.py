"""Makes binarised data of SPoC's tables: pairs, programs and single lines, with one dictionary."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from ..data.spoc_files import TOKENIZERS
from ..errors import UserError
from ..experiments.spoc import MAX_CHARS, Preparation, prepare
from ..experiments.starting import add_dry_run, execute, require_tools, whole_number
from .spoc import TOKENIZE


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="fairseq-cft prepare-spoc", description=__doc__)
    made.add_argument("data", type=Path, metavar="DATA", help="of SPoC: train/split/*.tsv and test/*.tsv")
    made.add_argument("out", type=Path, metavar="OUT", help="gets text, bpe.model and data-bin")
    for name, default, text in (
        ("vocab-size", 10000, "subword pieces at most"),
        ("max-chars", MAX_CHARS, "longer training programs are left out; test programs never are"),
        ("workers", 2, "of fairseq-preprocess"),
        ("held-out", 200, "programs that validate, where the main table of training is missing"),
    ):
        made.add_argument(
            f"--{name}", type=whole_number, default=default, metavar="N", help=f"{text} (default: %(default)s)"
        )
    made.add_argument(
        "--empty-lines",
        action="store_true",
        help="keep an empty step in the pseudocode for each line that nobody described: the lines of both are the same",
    )
    made.add_argument("--tokenize", choices=TOKENIZERS, help=TOKENIZE)
    made.add_argument(
        "--unlabeled",
        type=Path,
        metavar="F.tgt",
        help="more programs for the denoiser, one a line, as `code` makes them",
    )
    made.add_argument(
        "--segments",
        type=whole_number,
        default=0,
        metavar="N",
        help="also train on N runs of 1 to 8 lines of each program (default: whole programs alone)",
    )
    add_dry_run(made)
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    if options.unlabeled and not options.unlabeled.is_file():
        raise UserError(f"{options.unlabeled} does not exist; --unlabeled names a file of program lines")
    x = Preparation(
        data=options.data.resolve(),
        out=options.out.absolute(),
        vocabulary=options.vocab_size,
        max_chars=options.max_chars,
        held_out=options.held_out,
        workers=options.workers,
        tokenizer=options.tokenize,
        unlabeled=options.unlabeled.resolve() if options.unlabeled else None,
        segments=options.segments,
        empty_lines=options.empty_lines,
    )
    stages = [*prepare(x)]
    if not options.dry_run:
        require_tools("fairseq-preprocess")
        if x.tables().divided:
            print(
                f"{x.data} has no spoc-train-train.tsv: training on spoc-train-eval.tsv and spoc-train-test.tsv but "
                f"for {x.held_out} programs, evenly spread, which validate"
            )
    logs = [f"pairs.{name}" for name in ("train", "valid", *(part for part, _ in x.tables().tests))]
    return execute(stages, x.out, jobs=x.workers, dry_run=options.dry_run, logs=(*logs, "subwords", "inputs"))
