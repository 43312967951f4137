"""Writes corrupted variants of programs beside the clean ones, to train a denoiser on or to measure it with."""

import argparse
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tqdm import tqdm

from ..data.compiling import FailsToCompile
from ..data.variants import Variants
from ..errors import UserError
from ..files import read_lines, write_together
from ..noise import error_range, make_noise, noise_names
from ..user_files import HELP as USER_FILE_HELP
from ..user_files import read_user_files


def parser() -> argparse.ArgumentParser:
    root = argparse.ArgumentParser(prog="fairseq-cft corrupt", description=__doc__)
    root.add_argument("--input", type=Path, required=True, metavar="F.tgt", help="clean programs, one a line")
    root.add_argument("--output-prefix", required=True, metavar="P", help="writes P.src (corrupted) and P.tgt (clean)")
    root.add_argument(
        "--noise",
        required=True,
        metavar="NAME",
        help=f"kind of corruption: {', '.join(noise_names())}, or one of --user-file",
    )
    root.add_argument("--user-file", metavar="FILE.py", help=USER_FILE_HELP)
    root.add_argument("--copies", type=int, required=True, metavar="K", help="variants of each program")
    root.add_argument("--seed", type=int, required=True, metavar="N", help="from 0 up; the same seed, the same bytes")
    root.add_argument("--errors", metavar="A-B", help="faults in a corrupted program, a number or such as 1-6")
    root.add_argument("--clean-share", type=float, metavar="S", help="share of variants that stay clean, 0 to 1")
    root.add_argument(
        "--jobs", type=int, default=len(os.sched_getaffinity(0)), metavar="J", help="processes (default: one a core)"
    )
    root.add_argument(
        "--compiler", choices=("g++", "none"), default="none", help="keep corrupted variants only if it refuses them"
    )
    return root


def read_options(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line; ``variants`` is what makes the variants."""
    root = parser()
    options = root.parse_args(arguments)
    for name, least in (("copies", 1), ("seed", 0), ("jobs", 1)):
        if getattr(options, name) < least:
            root.error(f"--{name} must be {least} or more, not {getattr(options, name)}")
    read_user_files(options.user_file)
    try:
        errors = error_range(options.errors) if options.errors else None
        noise = make_noise(options.noise, clean_share=options.clean_share, errors=errors)
    except ValueError as error:
        root.error(str(error))
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
            raise UserError(f"{options.input}: every corrupted program still compiles; give --compiler none")
    return written, clean


def main(arguments: Sequence[str] | None = None) -> None:
    """Writes the two files."""
    options = read_options(arguments)
    programs = read_lines(options.input)
    if not programs:
        raise UserError(f"{options.input} is empty; give a file with one program a line")
    variants: Variants = options.variants
    if options.compiler != "none":
        fails = FailsToCompile.asked_for(f"--compiler {options.compiler}", options.compiler)
        variants = replace(variants, accept=fails)
    written, clean = write(variants, programs, options)
    prefix = options.output_prefix
    left_out = len(programs) * options.copies - written
    print(f"{prefix}.src, {prefix}.tgt: {written} pairs, {clean} of them clean, {left_out} left out")
