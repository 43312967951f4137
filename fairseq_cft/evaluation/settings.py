"""What decides a verdict, and the signature that names it beside a number."""

import functools
from dataclasses import dataclass
from pathlib import Path

from ..errors import UsageError, UserError
from ..formats.table import LOSSLESS, PLAIN, current_name, program_format
from ..user_files import read_user_files
from .compare import COMPARISONS
from .judge import Judge
from .languages.registry import find_language
from .languages.toolchain import Toolchain, find_toolchain
from .sandbox.limits import Limits
from .sandbox.selftest import find_sandbox
from .user_checker import CheckerJudge, checker_judge

SIGNATURE_VERSION = 3  # raise it when a change of the evaluator changes verdicts: cached ones are then left alone

DAY = 24 * 3600
LIMITS = (("time_limit", DAY, "s"), ("wall_limit", DAY, "s"), ("memory_limit", 1 << 20, "MiB"))  # and the most of each

AnyJudge = Judge | CheckerJudge

known_toolchain = functools.cache(find_toolchain)  # asking the compiler takes a fifth of a second


@dataclass(frozen=True)
class Settings:
    """What decides a verdict. Times in seconds, memory in MiB; `fairseq-cft-evaluate --help` says what each one means.

    `decode` is the line format of programs and outputs; without it that of the language: lossless lines for C++, for
    other languages and for checkers the text as it is.
    """

    language: str = "cpp"
    checker: str | None = None
    user_file: str | Path | None = None
    standard: str | None = "gnu++11"
    optimize: str = "0"
    decode: str | None = None
    compare: str = "exact"
    all_cases: bool = False
    time_limit: float = 2.0
    wall_limit: float | None = None
    memory_limit: int = 1024
    sandbox: str = "auto"
    allow_unsafe: bool = False
    plain_compiler: bool = False
    retry: bool = True

    @classmethod
    def published(cls) -> "Settings":
        """The published evaluation: plain `g++`, no standard named, 2 s of wall clock a case, no second try."""
        return cls(standard=None, decode="published", wall_limit=2.0, plain_compiler=True, retry=False)

    def __post_init__(self) -> None:
        if self.compare not in COMPARISONS:
            raise UsageError(f"no such comparison: {self.compare}; choose from {', '.join(COMPARISONS)}")
        program_format(self.line_format)
        for name, most, unit in LIMITS:
            value = getattr(self, name)
            if value is not None and not 0 < value <= most:  # false of nan, too
                raise UsageError(f"{name} is {value}; it must be above 0 and at most {most} {unit}")

    @property
    def line_format(self) -> str:
        """The name of the format in which programs and outputs are read."""
        if self.decode is not None:
            return current_name(self.decode)
        return LOSSLESS if self.language == "cpp" and self.checker is None else PLAIN

    def limits(self) -> Limits:
        """Limits of each run of a program."""
        return Limits.for_programs(self.time_limit, self.memory_limit, self.wall_limit)

    def judge(self) -> AnyJudge:
        """Finds compiler and sandbox, or the user's checker; raises UsageError or InfraError where one is missing."""
        try:
            read_user_files(self.user_file)
        except UserError as error:
            raise UsageError(str(error)) from error
        if self.checker is not None:
            return checker_judge(self.checker, self.all_cases, self._judge_of)
        return self._judge_of(self.language)

    def _judge_of(self, language: str) -> Judge:
        sandbox = find_sandbox(self.sandbox, self.allow_unsafe)
        found = find_language(language, sandbox, self._toolchain)
        return Judge(found, sandbox, self.limits(), COMPARISONS[self.compare], self.all_cases)

    def _toolchain(self) -> Toolchain:
        return known_toolchain(self.standard, self.optimize, plain=self.plain_compiler)

    def signature(self, judge: AnyJudge) -> str:
        """Names everything that a verdict depends on, for the reader of a number."""
        parts = [
            judge.signature(),
            *([f"compare:{self.compare}"] if self.checker is None else []),
            f"cases:{'count' if judge.all_cases else 'first-failure'}|retry:{'yes' if self.retry else 'no'}",
            f"evaluator:{SIGNATURE_VERSION}",
        ]
        return "|".join(parts)
