"""Checkers of user files: a function that says whether an output is right, in place of compiling and running it."""

import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar, Union

import numpy as np

from ..errors import InfraError, UsageError
from ..user_files import Registry, called, digest, failure, require_parameters
from .judge import Judge, Judgement, failure_of, judge_cases
from .languages.language import Rejected
from .testcases import TestCase
from .verdict import Verdict

NOT_FOR_CHECKERS = (Verdict.MISSING, Verdict.NO_TESTCASES, Verdict.INFRA_ERROR)  # the evaluator's own findings
ANSWERS = tuple(verdict for verdict in Verdict if verdict not in NOT_FOR_CHECKERS)


class CheckerError(InfraError):
    """A user's checker failed or answered nonsense: there is no score."""


@dataclass(frozen=True)
class Case:
    """What an output is checked against: its line of --inputs ("" without) and its line of --expected, which like the
    output has no blanks at its ends."""

    input: str
    expected: str


@dataclass(frozen=True)
class Finished:
    """What became of a program that a checker had run: `verdict` is None where it ended well."""

    verdict: Verdict | None
    detail: str
    stdout: str


Answer = Union[bool, str, Verdict, "tuple[bool | str | Verdict, str]"]
Check = Callable[..., Answer]
C = TypeVar("C", bound=Check)


@dataclass(frozen=True)
class Registered:
    """A checker as it was registered."""

    check: Check
    language: str | None


_CHECKERS: Registry[Registered] = Registry("checker")


def register_checker(name: str, *, language: str | None = None) -> Callable[[C], C]:
    """Register a function of (output, case) that returns a verdict: with `language`, one of (output, case, run).

    A verdict is True (`correct`), False (`wrong_output`), a `Verdict` or its name, or a pair of these and a few words.
    `run(source, stdin="")` runs a program of that language in the sandbox and returns `Finished`.
    """
    _CHECKERS.check_name(name)

    def register(check: C) -> C:
        if language is None:
            require_parameters(check, 2, f"checker {name!r}", "(output, case)")
        else:
            require_parameters(check, 3, f"checker {name!r}, which has a language,", "(output, case, run)")
        _CHECKERS.add(name, Registered(check, language))
        return check

    return register


@dataclass(frozen=True)
class Run:
    """Runs a program in the sandbox, under the limits of the evaluation for the case that is being checked."""

    judge: Judge
    cases: tuple[TestCase, ...] = ()

    def __call__(self, source: str, stdin: str = "") -> Finished:
        """Prepares `source` (compiles it, say) and runs it once."""
        limits = self.judge.limits_for(self.cases)
        with self.judge.prepared(source) as program:
            if isinstance(program, Rejected):
                return Finished(program.verdict, program.detail, "")
            with self.judge.open(program, limits) as jail:
                outcome = jail.run(stdin.encode("utf-8", "surrogateescape"))
        verdict, detail = failure_of(outcome, limits) or (None, "")
        return Finished(verdict, detail, outcome.stdout.decode("utf-8", "replace"))


@dataclass(frozen=True)
class CheckerJudge:
    """Asks a user's checker; `run` is there for one that has a language."""

    name: str
    check: Check
    file: Path | None
    run: Run | None = None
    all_cases: bool = False

    def ready(self, again: bool = False) -> None:
        """Nothing is known of a checker beforehand; of its language, a program that is right."""
        if self.run is not None:
            self.run.judge.ready(again)

    def signature(self) -> str:
        """Names everything here that a verdict depends on."""
        code = digest(self.file) if self.file else "unknown"
        run = f"|{self.run.judge.signature()}" if self.run else ""
        return f"checker:{self.name}|code:{code}|python:{platform.python_version()}{run}"

    def __call__(self, source: str, cases: Sequence[TestCase]) -> Judgement:
        """Raises CheckerError, with the place in the user's file, where the checker fails."""
        if not cases:
            return Judgement(Verdict.NO_TESTCASES)
        return judge_cases(lambda case: self._ask(bare(source), case), cases, self.all_cases)

    def _ask(self, output: str, case: TestCase) -> tuple[Verdict, str]:
        asked = Case(_text(case.stdin), bare(_text(case.expected)))
        run = [replace(self.run, cases=(case,))] if self.run else []
        try:
            answer: Any = self.check(output, asked, *run)
        except InfraError:
            raise
        except (Exception, SystemExit) as error:
            raise CheckerError(failure(f"checker {self.name!r}", error, output)) from error
        verdict, detail = answer if isinstance(answer, tuple) and len(answer) == 2 else (answer, "")
        if isinstance(verdict, (bool, np.bool_)):
            verdict = Verdict.CORRECT if verdict else Verdict.WRONG_OUTPUT
        if not isinstance(verdict, str) or verdict not in ANSWERS or not isinstance(detail, str):
            raise CheckerError(
                f"{called('checker', self.name, self.file)} answered {answer!r:.80} (on {output!r:.120}); an answer is "
                f"True, False or one of {', '.join(map(str, ANSWERS))}, or a pair of that and a few words"
            )
        return Verdict(verdict), detail


def bare(line: str) -> str:
    """A line without line ends and blanks at its ends: fairseq drops these of what a model writes, so that they decide
    nothing."""
    return line.strip(" \r\n")


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def checker_judge(name: str, all_cases: bool, judge_of: Callable[[str], Judge]) -> CheckerJudge:
    """The judge that asks a registered checker; `judge_of` makes that of its language.

    Raises UsageError for an unknown name.
    """
    try:
        registered = _CHECKERS.find(name)
    except ValueError as error:
        raise UsageError(str(error)) from error
    run = Run(judge_of(registered.language)) if registered.language is not None else None
    return CheckerJudge(name, registered.check, _CHECKERS.file_of(name), run, all_cases)
