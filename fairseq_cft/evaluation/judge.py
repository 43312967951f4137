"""Judges one program: prepare, run case after case in one jail, stop at the first failure."""

import contextlib
import functools
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from ..errors import InfraError, UsageError
from .compare import Comparison
from .languages.language import CANARY_OUTPUT, Language, Prepared, Rejected
from .sandbox.jail import CPU_TIME, TOTAL_MEMORY, WALL_CLOCK, Jail, JailDiedError, Outcome
from .sandbox.limits import MIB, Limits
from .sandbox.tiers import Sandbox
from .sandbox.workfolder import work_folder
from .testcases import TestCase, excerpt
from .verdict import NOT_COMPILED, Verdict

NEAR_MEMORY_LIMIT = 0.8  # a failed program that came this near has most likely been refused more memory


@dataclass(frozen=True)
class Judgement:
    """What became of one program; `case` is the first failed case, from 1, or 0; times are those of the runs."""

    verdict: Verdict
    detail: str = ""
    case: int = 0
    passed: int = 0
    total: int = 0
    cpu_seconds: float = 0.0
    wall_seconds: float = 0.0

    @property
    def compiled(self) -> bool:
        """Whether there is a program and the compiler accepted it."""
        return self.verdict not in NOT_COMPILED

    def as_json(self) -> dict[str, Any]:
        """Plain values; the inverse of `from_json`."""
        return {**asdict(self), "verdict": str(self.verdict)}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Judgement":
        """Unknown keys are passed over, so that a record with more about the example can be read as well."""
        known = {name: values[name] for name in cls.__dataclass_fields__ if name in values}
        return cls(**{**known, "verdict": Verdict(known["verdict"])})


@dataclass(frozen=True)
class Judge:
    """Everything that a verdict depends on besides the program and its cases."""

    language: Language
    sandbox: Sandbox
    limits: Limits
    compare: Comparison
    all_cases: bool = False

    def __call__(self, source: str, cases: Sequence[TestCase]) -> Judgement:
        """Raises InfraError when the evaluator fails; the folder of the job is removed in any case."""
        with self.prepared(source) as program:
            if isinstance(program, Rejected):
                return Judgement(program.verdict, program.detail, total=len(cases))
            if not cases:
                return Judgement(Verdict.NO_TESTCASES)
            limits = self.limits_for(cases)
            with self.open(program, limits) as jail:
                return self._run(jail, cases, limits)

    @contextlib.contextmanager
    def prepared(self, source: str) -> Iterator[Prepared | Rejected]:
        """The program, compiled; its folder is there within the block."""
        with work_folder("cft-job-") as folder:
            try:
                program = self.language.prepare(source, folder, self.sandbox)
            except JailDiedError as error:
                error.preparing = True
                raise
            yield program

    def limits_for(self, cases: Sequence[TestCase]) -> Limits:
        """The limits of a program's runs: what it must write does not count against the limit of its output."""
        longest = max((len(case.expected) for case in cases), default=0)
        return replace(self.limits, output_bytes=self.limits.output_bytes + longest)

    def open(self, program: Prepared, limits: Limits) -> Jail:
        """The jail of a program; it may write a byte more than `limits` say, which shows that it went over them."""
        more = replace(limits, output_bytes=limits.output_bytes + 1)
        return self.sandbox.open(
            program.command, more, program=True, read=program.read, environment=program.environment
        )

    def ready(self, again: bool = False) -> None:
        """Raises InfraError where not even a program that is right is judged correct, and UsageError where only these
        limits are to blame. What was seen once holds, unless `again`."""
        check = require_canary.__wrapped__ if again else require_canary
        check(self, tempfile.gettempdir())

    def signature(self) -> str:
        """Names everything here that a verdict depends on."""
        limits = self.limits
        parts = [
            f"lang:{self.language.signature}",
            f"cpu:{limits.cpu_seconds:g}s|wall:{limits.wall_seconds:g}s",
            f"mem:{limits.memory_bytes // MIB}M|out:expected+{limits.output_bytes // MIB}M",
            f"sandbox:{self.sandbox.tier}",
        ]
        return "|".join(parts)

    def _run(self, jail: Jail, cases: Sequence[TestCase], limits: Limits) -> Judgement:
        times: list[tuple[float, float]] = []

        def ask(case: TestCase) -> tuple[Verdict, str]:
            outcome = jail.run(case.stdin)
            times.append((outcome.cpu_seconds, outcome.wall_seconds))
            return verdict_of(outcome, case, limits, self.compare)

        judgement = judge_cases(ask, cases, self.all_cases)
        cpu, wall = (round(sum(each), 3) for each in zip(*times, strict=True))
        return replace(judgement, cpu_seconds=cpu, wall_seconds=wall)


def judge_cases(
    ask: Callable[[TestCase], tuple[Verdict, str]], cases: Sequence[TestCase], all_cases: bool
) -> Judgement:
    """Asks for the verdict on each case, up to the first failure unless `all_cases`."""
    judgement, passed = Judgement(Verdict.CORRECT), 0
    for number, case in enumerate(cases, start=1):
        verdict, detail = ask(case)
        if verdict is Verdict.CORRECT:
            passed += 1
        elif judgement.verdict is Verdict.CORRECT:
            judgement = Judgement(verdict, detail, number)
            if not all_cases:
                break
    return replace(judgement, passed=passed, total=len(cases))


@functools.lru_cache(maxsize=16)
def require_canary(judge: Judge, _folder: str) -> None:
    """Judges a program that is known to be right, once for each folder of temporary files.

    A jail that cannot run anything (files that may not be executed, say) must end the evaluation with an InfraError
    instead of making every program wrong; and so must limits under which no program can run.
    """
    case = TestCase(b"", CANARY_OUTPUT)
    easy = Limits()
    judgement = replace(judge, limits=easy)(judge.language.canary, [case])
    if judgement.verdict is not Verdict.CORRECT:
        raise InfraError(
            f"a program that is right was judged {judgement.verdict} ({judgement.detail.strip() or 'no detail'}): "
            "the sandbox or the folder of temporary files ($TMPDIR) cannot be used"
        )
    for _ in range(2):  # a time-out may be the machine's
        judgement = judge(judge.language.canary, [case])
        if judgement.verdict is Verdict.CORRECT:
            return
    limits = judge.limits
    raise UsageError(
        f"under these limits ({limits.cpu_seconds:g} s of CPU, {limits.wall_seconds:g} s, "
        f"{limits.memory_bytes // MIB} MiB) a program that only prints a word ends as {judgement.verdict} "
        f"({judgement.detail.strip() or 'no detail'}): raise them"
    )


def verdict_of(outcome: Outcome, case: TestCase, limits: Limits, compare: Comparison) -> tuple[Verdict, str]:
    """The verdict on one run, and a few words about it; how it ended comes before what it wrote."""
    failed = failure_of(outcome, limits)
    if failed is not None:
        return failed
    if not compare(case.expected, outcome.stdout):
        return Verdict.WRONG_OUTPUT, excerpt(outcome.stdout)
    return Verdict.CORRECT, ""


def failure_of(outcome: Outcome, limits: Limits) -> tuple[Verdict, str] | None:
    """The verdict on a run that did not end well, and a few words about it."""
    if len(outcome.stdout) > limits.output_bytes:  # SIGXFSZ alone says nothing: a program can send it to itself
        return Verdict.OUTPUT_LIMIT, f"over {limits.output_bytes} bytes of output"
    if outcome.stopped == TOTAL_MEMORY:
        return Verdict.MEMORY_LIMIT, f"over {limits.memory_bytes} bytes in all its processes"
    if outcome.stopped == WALL_CLOCK:
        return Verdict.TIME_LIMIT, f"over {limits.wall_seconds:g} s of wall clock"
    if outcome.stopped == CPU_TIME or outcome.cpu_seconds > limits.cpu_seconds:  # nor does SIGXCPU
        return Verdict.TIME_LIMIT, f"over {limits.cpu_seconds:g} s of CPU time"
    if outcome.unstartable is not None:
        return Verdict.RUNTIME_ERROR, f"cannot be started: {os.strerror(outcome.unstartable)}"
    if outcome.exit_code != 0:
        how = outcome.signal_name or f"exit {outcome.exit_code}"
        if outcome.peak_bytes >= NEAR_MEMORY_LIMIT * limits.memory_bytes:
            return Verdict.MEMORY_LIMIT, how
        return Verdict.RUNTIME_ERROR, how
    return None
