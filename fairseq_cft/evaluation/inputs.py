"""Reads what the command line names: examples with their test cases, and the programs that are evaluated on them."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import UsageError
from ..files import without_mark
from .languages.registry import SUFFIXES
from .outputs import in_order, read_log
from .testcases import ExampleId, TestCase, TestCaseFolder, read_ids, read_lines, synthetic_cases

OUTPUT_SUFFIX = ".txt"  # of files that a checker reads


@dataclass(frozen=True)
class Examples:
    """The examples of a data set: an id and the test cases of each; `parsed` are SPoC's ids, None for other data."""

    ids: list[str]
    cases: list[tuple[TestCase, ...]]
    parsed: list[ExampleId] | None = None

    def groups(self, by: str) -> list[str]:
        """The problem or the worker of each example."""
        if self.parsed is None:
            raise UsageError(f"--by {by} needs --ids: other data has no {by}s")
        return [getattr(each, by) for each in self.parsed]

    def without_cases(self) -> list[str]:
        """What has no test cases: problems, or ids where there are no problems."""
        names = self.ids if self.parsed is None else [each.problem for each in self.parsed]
        return sorted({name for name, cases in zip(names, self.cases, strict=True) if not cases})


def read_examples(options: argparse.Namespace) -> Examples:
    """The examples that the options name; raises UsageError for a combination that names none, or two."""
    if options.checker is not None:
        return _for_checker(options)
    spoc = options.ids is not None and options.testcases is not None
    synthetic = options.inputs is not None and options.expected is not None
    given = sum(value is not None for value in (options.ids, options.testcases, options.inputs, options.expected))
    if given != 2 or not (spoc or synthetic):
        raise UsageError("give either --ids and --testcases, or --inputs and --expected")
    if spoc:
        ids = read_ids(options.ids)
        folder = TestCaseFolder(options.testcases, options.cases)
        examples = Examples([str(each) for each in ids], [folder.of(each.problem) for each in ids], ids)
    else:
        files = f"{options.inputs} and {options.expected}"
        cases = synthetic_cases(read_lines(options.inputs), read_lines(options.expected), files)
        examples = Examples([str(index) for index in range(len(cases))], cases)
    if not examples.ids:
        raise UsageError(f"{options.ids or options.inputs} is empty: there is nothing to evaluate")
    return examples


def _for_checker(options: argparse.Namespace) -> Examples:
    """One case an example: its lines of --inputs, which may be left out, and of --expected."""
    if options.expected is None or options.ids is not None or options.testcases is not None:
        raise UsageError("--checker needs --expected, one line an output, and may have --inputs beside it")
    expected = read_lines(options.expected)
    inputs = read_lines(options.inputs) if options.inputs is not None else [""] * len(expected)
    if len(inputs) != len(expected):
        raise UsageError(
            f"{options.inputs} and {options.expected} have {len(inputs)} and {len(expected)} lines; they must go "
            "together line by line"
        )
    if not expected:
        raise UsageError(f"{options.expected} is empty: there is nothing to evaluate")
    cases: list[tuple[TestCase, ...]] = [
        (TestCase(one.encode(), other.encode()),) for one, other in zip(inputs, expected, strict=True)
    ]
    return Examples([str(index) for index in range(len(cases))], cases)


def read_candidates(options: argparse.Namespace, ids: Sequence[str]) -> list[list[str]]:
    """The candidates of each example, best first; none where there is no hypothesis."""
    if options.nbest < 1:
        raise UsageError(f"--nbest is {options.nbest}; it must be 1 or more")
    if options.hypotheses is not None:
        return in_order(read_log(options.hypotheses, options.nbest), len(ids), str(options.hypotheses))
    if options.programs.is_dir():
        suffix = OUTPUT_SUFFIX if options.checker else SUFFIXES.get(options.language, f".{options.language}")
        return _folder(options.programs, ids, suffix)
    return [[line] for line in read_programs(options.programs, len(ids))]


def read_programs(path: Path, total: int) -> list[str]:
    """One program line for each of `total` examples."""
    lines = read_lines(path)
    if len(lines) != total:
        raise UsageError(f"{path} has {len(lines)} programs for {total} examples; they must go together line by line")
    return lines


def _folder(folder: Path, ids: Sequence[str], suffix: str) -> list[list[str]]:
    """The files ID.cpp; one that belongs to no example is refused, as it would be lost without a word."""
    extra = sorted({path.stem for path in folder.glob(f"*{suffix}")} - set(ids))
    if extra:
        raise UsageError(f"{folder} has {len(extra)} programs that are no example's (first: {extra[0]}{suffix})")
    found = []
    for name in ids:
        path = folder / f"{name}{suffix}"
        found.append([without_mark(path.read_bytes()).decode("utf-8", "surrogateescape")] if path.is_file() else [])
    return found
