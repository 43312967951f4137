"""Times evaluating against the published way, on the same programs, and says where the time goes."""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from ..evaluation import TestCaseFolder
from ..evaluation.testcases import read_ids
from ..experiments.evaluation_speed import measure
from ..files import read_lines
from ..formats.table import PROGRAMS, program_format


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="fairseq-cft evaluation-speed",
        description=__doc__,
        epilog="About 4 minutes for 25 programs of SPoC on 2 cores, nearly all of it for the published way. The exit "
        "status is 1 where the ways disagree about a program.",
    )
    made.add_argument("--programs", type=Path, required=True, metavar="P.tgt", help="one program line each")
    made.add_argument("--ids", type=Path, required=True, metavar="P.id", help="ids of the programs")
    made.add_argument("--testcases", type=Path, required=True, metavar="DIR", help="SPoC's test cases")
    made.add_argument("--every", type=int, default=40, metavar="K", help="take each K-th (default: %(default)s)")
    made.add_argument("--decode", choices=list(PROGRAMS), default="lossless", help="line format (default: %(default)s)")
    made.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)), help="workers (default: all cores)")
    made.add_argument("--allow-unsafe", action="store_true", help="also where no sandbox works")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    ids, lines = read_ids(options.ids)[:: options.every], read_lines(options.programs)[:: options.every]
    folder = TestCaseFolder(options.testcases)
    sources = [program_format(options.decode).decode(line) for line in lines]
    cases = [folder.of(each.problem) for each in ids]
    found = measure(sources, cases, options.jobs, allow_unsafe=options.allow_unsafe)
    print(f"{len(sources)} programs, {sum(map(len, cases))} test cases")
    print(f"{'':52}{'compile':>9}{'run':>9}{'all':>9}{'times':>8}{'correct':>9}")
    for each in found:
        rates = f"{each.compile_seconds:8.2f}s{each.run_seconds:8.2f}s{each.seconds:8.2f}s"
        print(f"{each.what:52}{rates}{found[0].seconds / each.seconds:8.1f}{sum(each.correct):9}")
    agree = all(each.correct == found[0].correct for each in found)
    print("all ways agree about every program" if agree else "THE WAYS DO NOT AGREE")
    return 0 if agree else 1
