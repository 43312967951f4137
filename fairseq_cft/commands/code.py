"""Turns C++ source files as people publish them into programs in SPoC's manner, one a line."""

import argparse
import os
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from ..data.code.clang_format import find_clang_format
from ..data.code.collecting import Collection, Collector, collect, keep_compiling
from ..data.code.sources import find_sources
from ..data.compiling import FailsToCompile
from ..errors import UserError
from ..files import read_lines, write_together


def parser() -> argparse.ArgumentParser:
    root = argparse.ArgumentParser(prog="fairseq-cft code", description=__doc__)
    root.add_argument(
        "--input", type=Path, nargs="+", required=True, metavar="PATH", help="folders, archives (zip, tar) or files"
    )
    root.add_argument("--output", type=Path, required=True, metavar="F.tgt", help="programs, one a line")
    root.add_argument(
        "--max-chars", type=int, default=1000, metavar="N", help="longest line, in characters (default: %(default)s)"
    )
    root.add_argument("--compile", action="store_true", help="keep what g++ compiles")
    root.add_argument(
        "--exclude",
        type=Path,
        nargs="+",
        default=[],
        metavar="F.tgt",
        help="leave out what equals a program of these, up to names and layout: test sets",
    )
    root.add_argument(
        "--jobs", type=int, default=len(os.sched_getaffinity(0)), metavar="J", help="processes (default: one a core)"
    )
    return root


def main(arguments: Sequence[str] | None = None) -> None:
    root = parser()
    options = root.parse_args(arguments)
    for name in ("max_chars", "jobs"):
        if getattr(options, name) < 1:
            root.error(f"--{name.replace('_', '-')} must be 1 or more, not {getattr(options, name)}")
    result = collected(options)
    if not result.lines:
        raise UserError(f"no program is left: {result.summary()}")
    with write_together(options.output) as (stream,):
        stream.writelines(f"{line}\n" for line in result.lines)
    print(f"{options.output}: {result.summary()}")


def collected(options: argparse.Namespace) -> Collection:
    """The programs that the options ask for."""
    collector = Collector(find_clang_format(), options.max_chars)
    excluded = [line for path in options.exclude for line in read_lines(path)]
    fails = FailsToCompile.asked_for("--compile") if options.compile else None
    unread: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="cft-code-") as scratch:
        paths = find_sources(options.input, Path(scratch), unread)
        with _bar(len(paths), " files") as bar:
            result = collect(collector, paths, excluded=excluded, jobs=options.jobs, step=bar.update)
    result.left_out += unread
    if fails is not None:
        with _bar(len(result.lines), " programs compiled") as bar:
            keep_compiling(result, fails, jobs=options.jobs, step=bar.update)
    return result


def _bar(total: int, unit: str) -> tqdm:
    return tqdm(total=total, unit=unit, disable=None, leave=False)  # None: silent where stderr is no terminal
