"""How much faster evaluating is than the published way, on the same programs, and where the time goes.

The published way compiles with plain `g++ FILE`, one program after the other, and runs each case by `timeout 2` with
pipes; it stops at the first case that fails.
"""

import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..evaluation import Settings, TestCase, evaluate
from ..evaluation.languages.toolchain import prologue_of

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
            text.write_text(prologue_of(source) + source)
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


def measure(sources: list[str], cases: Sequence[Cases], jobs: int, *, allow_unsafe: bool) -> list[Measured]:
    """All ways, one after the other, after what is built once has been built."""
    base = Settings(decode="plain", allow_unsafe=allow_unsafe)
    evaluate(sources[:1], cases[:1], base, jobs=1)
    plain = Settings(decode="plain", allow_unsafe=allow_unsafe, plain_compiler=True)
    return [
        published_way(sources, cases),
        ours("ours, plain g++ -std=gnu++11 -O0, one worker", sources, cases, plain, 1),
        ours("ours, one worker", sources, cases, base, 1),
        ours(f"ours, {jobs} workers", sources, cases, base, jobs),
    ]
