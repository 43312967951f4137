"""The examples of a data set, each with its test cases, read from the files that a command line names."""

from collections.abc import Sized
from dataclasses import dataclass
from pathlib import Path

from ..errors import UsageError
from ..files import read_parallel
from .testcases import ExampleId, TestCase, TestCaseFolder, read_ids, synthetic_cases


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


def read_examples(
    *,
    ids: Path | None = None,
    testcases: Path | None = None,
    which: str = "all",
    inputs: Path | None = None,
    expected: Path | None = None,
    for_checker: bool = False,
    option: str = "--",
) -> Examples:
    """The examples of `ids` with the cases (all, public, hidden) of the folder `testcases`, or of two files of lines.

    A checker's case is an example's lines of `inputs`, which may be left out, and of `expected`. `option` is how the
    options of the caller begin, for errors. Raises UserError for files that cannot be read or do not belong together,
    and for a combination that names no examples, or two.
    """
    if for_checker:
        if expected is None or ids is not None or testcases is not None:
            raise UsageError(
                f"{option}checker needs {option}expected, one line an output, and may have {option}inputs beside it"
            )
        return _for_checker(inputs, expected)
    given = sum(value is not None for value in (ids, testcases, inputs, expected))
    if given == 2 and ids is not None and testcases is not None:
        return _of_spoc(read_ids(ids), TestCaseFolder(testcases, which), ids)
    if given == 2 and inputs is not None and expected is not None:
        return _in_order(synthetic_cases(*read_parallel(inputs, expected)), inputs)
    raise UsageError(f"give either {option}ids and {option}testcases, or {option}inputs and {option}expected")


def _of_spoc(ids: list[ExampleId], folder: TestCaseFolder, file: Path) -> Examples:
    _require_some(ids, file)
    return Examples([str(each) for each in ids], [folder.of(each.problem) for each in ids], ids)


def _for_checker(inputs: Path | None, expected: Path) -> Examples:
    files = [expected] if inputs is None else [inputs, expected]
    *before, after = read_parallel(*files)
    lines = zip(before[0] if before else [""] * len(after), after, strict=True)
    return _in_order([(TestCase(*(line.rstrip("\r").encode() for line in pair)),) for pair in lines], expected)


def _in_order(cases: list[tuple[TestCase, ...]], file: Path) -> Examples:
    _require_some(cases, file)
    return Examples([str(index) for index in range(len(cases))], cases)


def _require_some(examples: Sized, file: Path) -> None:
    if not examples:
        raise UsageError(f"{file} is empty: there is nothing to evaluate")
