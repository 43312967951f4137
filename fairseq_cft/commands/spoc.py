"""Turns SPoC's tables into pairs of pseudocode and programs, or prints one program of such a file as C++ again."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from ..data.spoc_files import TOKENIZERS, convert, program_at, write

TOKENIZE = (
    "set the tokens of the pseudocode apart as those of the program are, so that they can be copied, or as Moses does "
    "(default: as written)"
)


def parser() -> argparse.ArgumentParser:
    """Either --tsv with --output-prefix, or --program with --line."""
    root = argparse.ArgumentParser(prog="fairseq-cft spoc", description=__doc__)
    root.add_argument("--tsv", type=Path, nargs="+", metavar="FILE", help="tables: text code workerid probid ...")
    root.add_argument("--output-prefix", type=Path, metavar="P", help="write P.src, P.tgt, P.id (and P.rejects)")
    root.add_argument("--max-chars", type=int, metavar="N", help="leave out longer programs, in line format (no limit)")
    root.add_argument("--strict", action="store_true", help="stop at the first damaged row instead of noting it")
    root.add_argument("--tokenize", choices=TOKENIZERS, help=TOKENIZE)
    root.add_argument(
        "--empty-lines", action="store_true", help="keep a step that says nothing for a line that nobody described"
    )
    root.add_argument("--single-lines", action="store_true", help="also write P.lines, each line of code on its own")
    root.add_argument(
        "--segments",
        type=int,
        default=0,
        metavar="N",
        help="also write P.segments.src and P.segments.tgt: N runs of 1 to 8 lines of each program",
    )
    root.add_argument(
        "--seed", type=int, default=1, metavar="N", help="of --segments, from 0 up (default: %(default)s)"
    )
    root.add_argument("--program", type=Path, metavar="P.tgt", help="print a program of this file as C++")
    root.add_argument("--line", type=int, metavar="K", help="which one, from 1")
    return root


def main(arguments: Sequence[str] | None = None) -> None:
    """Converts tables, or prints one program."""
    root = parser()
    options = root.parse_args(arguments)
    if (options.tsv is None) == (options.program is None):
        root.error("give either --tsv FILE --output-prefix P, or --program P.tgt --line K")
    if options.tsv is not None and options.output_prefix is None:
        root.error("--tsv needs --output-prefix P")
    if options.program is not None and options.line is None:
        root.error("--program needs --line K")
    if options.max_chars is not None and options.max_chars < 1:
        root.error(f"--max-chars must be 1 or more, not {options.max_chars}")
    for name in ("segments", "seed"):
        if getattr(options, name) < 0:
            root.error(f"--{name} must be 0 or more, not {getattr(options, name)}")
    if options.program is not None:
        print(program_at(options.program, options.line), end="")
        return
    result = convert(
        options.tsv,
        max_chars=options.max_chars,
        strict=options.strict,
        tokenize_text=TOKENIZERS[options.tokenize]() if options.tokenize else None,
        segments=options.segments,
        seed=options.seed,
        empty=options.empty_lines,
    )
    write(result, options.output_prefix, single_lines=options.single_lines)
    print(f"{options.output_prefix}: {result.summary()}")
