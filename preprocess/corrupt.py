#!/usr/bin/env python3
"""Write corrupted variants of programs beside the clean ones, to train a denoiser on or to measure it with."""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

if importlib.util.find_spec("fairseq_cft") is None:  # run from a checkout that is not installed
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from fairseq_cft.data.compiling import FailsToCompile
from fairseq_cft.data.variants import Variants, WorkerDiedError
from fairseq_cft.errors import UsageError
from fairseq_cft.evaluation.errors import InfraError
from fairseq_cft.evaluation.languages.toolchain import find_toolchain
from fairseq_cft.files import InputError, read_lines, run_program, write_together
from fairseq_cft.noise import error_range, make_noise, noise_names
from fairseq_cft.user_files import HELP as USER_FILE_HELP
from fairseq_cft.user_files import read_user_files


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The command line; ``variants`` is what makes the variants."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--input", type=Path, required=True, metavar="F.tgt", help="clean programs, one a line")
    parser.add_argument(
        "--output-prefix", required=True, metavar="P", help="writes P.src (corrupted) and P.tgt (clean)"
    )
    parser.add_argument(
        "--noise",
        required=True,
        metavar="NAME",
        help=f"kind of corruption: {', '.join(noise_names())}, or one of --user-file",
    )
    parser.add_argument("--user-file", metavar="FILE.py", help=USER_FILE_HELP)
    parser.add_argument("--copies", type=int, required=True, metavar="K", help="variants of each program")
    parser.add_argument("--seed", type=int, required=True, metavar="N", help="from 0 up; the same seed, the same bytes")
    parser.add_argument("--errors", metavar="A-B", help="faults in a corrupted program, a number or such as 1-6")
    parser.add_argument("--clean-share", type=float, metavar="S", help="share of variants that stay clean, 0 to 1")
    parser.add_argument(
        "--jobs", type=int, default=len(os.sched_getaffinity(0)), metavar="J", help="processes (default: one a core)"
    )
    parser.add_argument(
        "--compiler", choices=("g++", "none"), default="none", help="keep corrupted variants only if it refuses them"
    )
    options = parser.parse_args(arguments)
    for name, least in (("copies", 1), ("seed", 0), ("jobs", 1)):
        if getattr(options, name) < least:
            parser.error(f"--{name} must be {least} or more, not {getattr(options, name)}")
    read_user_files(options.user_file)
    try:
        errors = error_range(options.errors) if options.errors else None
        noise = make_noise(options.noise, clean_share=options.clean_share, errors=errors)
    except ValueError as error:
        parser.error(str(error))
    options.variants = Variants(noise, options.copies, options.seed)
    return options


def write(variants: Variants, programs: Sequence[str], options: argparse.Namespace) -> tuple[int, int]:
    """Write the pairs; how many there are and how many of them are clean."""
    written = clean = 0
    prefix = options.output_prefix
    # disable=None: silent where standard error is no terminal
    bar = tqdm(total=len(programs) * options.copies, unit=" variants", disable=None, leave=False)
    with bar, write_together(f"{prefix}.src", f"{prefix}.tgt") as (source, target):
        for variant in variants.of_all(programs, options.jobs):
            source.write(f"{variant.corrupted}\n")
            target.write(f"{variant.clean}\n")
            written += 1
            clean += variant.corrupted == variant.clean
            bar.update()
        if not written:
            raise InputError(f"{options.input}: every corrupted program still compiles; give --compiler none")
    return written, clean


def main(arguments: Sequence[str]) -> None:
    """Write the two files."""
    options = parse(arguments)
    programs = read_lines(options.input)
    if not programs:
        raise InputError(f"{options.input} is empty; give a file with one program a line")
    variants: Variants = options.variants
    if options.compiler != "none":
        try:
            toolchain = find_toolchain(compiler=options.compiler)
        except (InfraError, UsageError) as error:
            raise InputError(f"--compiler {options.compiler}: {error}; or give --compiler none") from error
        variants = Variants(variants.noise, variants.copies, variants.seed, FailsToCompile(toolchain))
    try:
        written, clean = write(variants, programs, options)
    except WorkerDiedError as error:
        raise InputError("a process was killed, perhaps for want of memory; run it again with fewer --jobs") from error
    prefix = options.output_prefix
    left_out = len(programs) * options.copies - written
    print(f"{prefix}.src, {prefix}.tgt: {written} pairs, {clean} of them clean, {left_out} left out")


if __name__ == "__main__":
    sys.exit(run_program(main))
