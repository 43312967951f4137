#!/usr/bin/env python3
"""Turn SPoC's tables into pairs of pseudocode and programs, or print one program of such a file as C++ again."""

from __future__ import annotations

import argparse
import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path

if importlib.util.find_spec("fairseq_cft") is None:  # run from a checkout that is not installed
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from fairseq_cft.data.spoc_files import convert, moses_tokenizer, program_at, write
from fairseq_cft.files import run_program


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The command line: either --tsv with --output-prefix, or --program with --line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tsv", type=Path, nargs="+", metavar="FILE", help="tables: text code workerid probid ...")
    parser.add_argument("--output-prefix", type=Path, metavar="P", help="write P.src, P.tgt, P.id (and P.rejects)")
    parser.add_argument(
        "--max-chars", type=int, metavar="N", help="leave out longer programs, in line format (no limit)"
    )
    parser.add_argument("--strict", action="store_true", help="stop at the first damaged row instead of noting it")
    parser.add_argument("--moses", action="store_true", help="tokenize the pseudocode as Moses does")
    parser.add_argument("--single-lines", action="store_true", help="also write P.lines, each line of code on its own")
    parser.add_argument("--program", type=Path, metavar="P.tgt", help="print a program of this file as C++")
    parser.add_argument("--line", type=int, metavar="K", help="which one, from 1")
    options = parser.parse_args(arguments)
    if (options.tsv is None) == (options.program is None):
        parser.error("give either --tsv FILE --output-prefix P, or --program P.tgt --line K")
    if options.tsv is not None and options.output_prefix is None:
        parser.error("--tsv needs --output-prefix P")
    if options.program is not None and options.line is None:
        parser.error("--program needs --line K")
    if options.max_chars is not None and options.max_chars < 1:
        parser.error(f"--max-chars must be 1 or more, not {options.max_chars}")
    return options


def main(arguments: Sequence[str]) -> None:
    """Convert tables, or print one program."""
    options = parse(arguments)
    if options.program is not None:
        print(program_at(options.program, options.line), end="")
        return
    result = convert(
        options.tsv,
        max_chars=options.max_chars,
        strict=options.strict,
        tokenize_text=moses_tokenizer() if options.moses else None,
    )
    write(result, options.output_prefix, single_lines=options.single_lines)
    print(f"{options.output_prefix}: {result.summary()}")


if __name__ == "__main__":
    sys.exit(run_program(main))
