#!/usr/bin/env python3
"""How much faster fairseq-cft-evaluate is than the published way, on the same programs, and where the time goes.

needs:   g++, coreutils' timeout, programs with their ids and test cases (preprocess/spoc.py makes P.tgt and P.id)
runs:    scripts/benchmark_evaluation.py --programs P.tgt --ids P.id --testcases DIR --every 40
expects: about 4 minutes for 25 SPoC programs on 2 cores, nearly all of it for the published way; 8 times or better

The published way compiles with plain `g++ FILE`, one program after the other, and runs each case by `timeout 2` with
pipes; it stops at the first case that fails.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from fairseq_cft.evaluation import Settings, TestCase, TestCaseFolder, UsageError, evaluate
from fairseq_cft.evaluation.languages.toolchain import PROLOGUE
from fairseq_cft.evaluation.testcases import read_ids
from fairseq_cft.files import read_lines
from fairseq_cft.formats.table import PROGRAMS, program_format

Cases = Sequence[TestCase]


@dataclass(frozen=True)
class Measured:
    """Seconds for all programs, and whether each is correct."""

    what: str
    compile_seconds: float
    run_seconds: float
    correct: list[bool]

    @property
    def seconds(self) -> float:
        return self.compile_seconds + self.run_seconds


def published_way(sources: Sequence[str], cases: Sequence[Cases]) -> Measured:
    """Plain `g++`, one after the other, `timeout 2` for each case; without any protection, as it is."""
    compiling = running = 0.0
    correct = []
    for source, own in zip(sources, cases, strict=True):
        with tempfile.TemporaryDirectory(prefix="cft-benchmark-") as name:
            text, program = Path(name, "main.cpp"), Path(name, "main")
            text.write_text(PROLOGUE + source)
            started = time.monotonic()
            compiled = subprocess.run(["g++", str(text), "-o", str(program)], capture_output=True).returncode == 0
            compiling += time.monotonic() - started
            started = time.monotonic()
            correct.append(compiled and bool(own) and all(_passes(program, case) for case in own))
            running += time.monotonic() - started
    return Measured("published: g++ FILE, timeout 2 a case, one worker", compiling, running, correct)


def _passes(program: Path, case: TestCase) -> bool:
    done = subprocess.run(["timeout", "2", str(program)], input=case.stdin, capture_output=True)
    return done.returncode == 0 and done.stdout == case.expected


def ours(what: str, sources: Sequence[str], cases: Sequence[Cases], settings: Settings, jobs: int) -> Measured:
    """Once without cases, to see what compiling takes, and once with them."""
    started = time.monotonic()
    evaluate(sources, None, settings, jobs=jobs)
    compiling = time.monotonic() - started
    started = time.monotonic()
    report = evaluate(sources, cases, settings, jobs=jobs)
    total = time.monotonic() - started
    correct = [str(judgement.verdict) == "correct" for judgement in report.judgements]
    return Measured(what, compiling, max(0.0, total - compiling), correct)


def main() -> int:
    """Prints a table; exit status 1 when the two ways disagree about a program."""
    root = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    root.add_argument("--programs", type=Path, required=True, metavar="P.tgt", help="one program line each")
    root.add_argument("--ids", type=Path, required=True, metavar="P.id", help="ids of the programs")
    root.add_argument("--testcases", type=Path, required=True, metavar="DIR", help="SPoC's test cases")
    root.add_argument("--every", type=int, default=40, metavar="K", help="take each K-th (default: %(default)s)")
    root.add_argument("--decode", choices=list(PROGRAMS), default="lossless", help="line format (default: %(default)s)")
    root.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)), help="workers (default: all cores)")
    root.add_argument("--allow-unsafe", action="store_true", help="also where no sandbox works")
    options = root.parse_args()
    try:
        ids, lines = read_ids(options.ids)[:: options.every], read_lines(options.programs)[:: options.every]
        folder = TestCaseFolder(options.testcases)
        sources = [program_format(options.decode).decode(line) for line in lines]
        cases = [folder.of(each.problem) for each in ids]
        found = measure(sources, cases, options)
    except UsageError as error:
        print(f"benchmark_evaluation: {error}", file=sys.stderr)
        return 2
    baseline = found[0].seconds
    print(f"{len(sources)} programs, {sum(map(len, cases))} test cases")
    print(f"{'':52}{'compile':>9}{'run':>9}{'all':>9}{'times':>8}{'correct':>9}")
    for each in found:
        rates = f"{each.compile_seconds:8.2f}s{each.run_seconds:8.2f}s{each.seconds:8.2f}s"
        print(f"{each.what:52}{rates}{baseline / each.seconds:8.1f}{sum(each.correct):9}")
    agree = all(each.correct == found[0].correct for each in found)
    print("all ways agree about every program" if agree else "THE WAYS DO NOT AGREE")
    return 0 if agree else 1


def measure(sources: list[str], cases: list[Cases], options: argparse.Namespace) -> list[Measured]:
    """All ways, one after the other, after what is built once has been built."""
    base = Settings(decode="plain", allow_unsafe=options.allow_unsafe)
    evaluate(sources[:1], cases[:1], base, jobs=1)
    plain = Settings(decode="plain", allow_unsafe=options.allow_unsafe, plain_compiler=True)
    return [
        published_way(sources, cases),
        ours("ours, plain g++ -std=gnu++11 -O0, one worker", sources, cases, plain, 1),
        ours("ours, one worker", sources, cases, base, 1),
        ours(f"ours, {options.jobs} workers", sources, cases, base, options.jobs),
    ]


if __name__ == "__main__":
    sys.exit(main())
