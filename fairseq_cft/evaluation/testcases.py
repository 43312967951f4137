"""Test cases: an input, the expected output, and where they are read from."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import UsageError
from ..files import read_lines, without_mark

END_OF_INPUT = b"###ENDINPUT###\n"
END_OF_OUTPUT = b"###ENDOUTPUT###\n"
SUFFIXES = {"all": "", "public": "_public", "hidden": "_hidden"}
PLAIN_NAME = re.compile(r"[A-Za-z0-9_.+-]+")
EXCERPT_BYTES = 400  # of an input or an output, in what people read


@dataclass(frozen=True)
class TestCase:
    """What a program reads from stdin and what it must write to stdout, as bytes."""

    __test__ = False  # not a test of pytest

    stdin: bytes
    expected: bytes


def excerpt(data: bytes) -> str:
    """The beginning of an input or an output as text; three dots stand for the rest."""
    text = data[:EXCERPT_BYTES].decode("utf-8", "replace")
    return text + ("..." if len(data) > EXCERPT_BYTES else "")


@dataclass(frozen=True)
class ExampleId:
    """A SPoC id `probid-subid-workerid`; `probid-subid` alone is not unique."""

    problem: str
    submission: str
    worker: str

    @classmethod
    def parse(cls, text: str, where: str) -> "ExampleId":
        """Raises UsageError, with `where`, for anything that is no id or that would leave the folder of test cases."""
        parts = text.strip().split("-")
        if len(parts) != 3 or not all(PLAIN_NAME.fullmatch(part) for part in parts) or parts[0].startswith("."):
            raise UsageError(f"{where}: {text.strip()!r} is no id; expected PROBLEM-SUBMISSION-WORKER")
        return cls(*parts)

    def __str__(self) -> str:
        return f"{self.problem}-{self.submission}-{self.worker}"


def parse_blocks(data: bytes) -> list[TestCase]:
    """SPoC's format: input, ###ENDINPUT###, output, ###ENDOUTPUT###; line ends of all kinds are read as newlines.

    A broken separator makes the whole text count as no test cases at all: half a set would be an easier test.
    """
    data = without_mark(data).replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if data and not data.endswith(b"\n"):
        data += b"\n"
    cases = []
    *blocks, rest = data.split(END_OF_OUTPUT)
    for block in blocks:
        parts = block.split(END_OF_INPUT)
        if len(parts) != 2:
            return []
        cases.append(TestCase(*parts))
    return [] if rest.strip() else cases


class TestCaseFolder:
    """The test cases of SPoC's problems, each read once."""

    __test__ = False

    def __init__(self, folder: Path, which: str = "all") -> None:
        if which not in SUFFIXES:
            raise UsageError(f"no such set of test cases: {which}; choose from {', '.join(SUFFIXES)}")
        if not folder.is_dir():
            raise UsageError(f"the folder of test cases {folder} does not exist; it has PROBLEM/PROBLEM_testcases.txt")
        self._folder, self._suffix = folder, SUFFIXES[which]
        self._known: dict[str, tuple[TestCase, ...]] = {}

    def of(self, problem: str) -> tuple[TestCase, ...]:
        """Empty where the file is missing, holds no case or has broken separators."""
        if problem not in self._known:
            path = self._folder / problem / f"{problem}_testcases{self._suffix}.txt"
            try:
                data = path.read_bytes()
            except FileNotFoundError:
                data = b""
            self._known[problem] = tuple(parse_blocks(data))
        return self._known[problem]


def read_ids(path: Path) -> list[ExampleId]:
    """One id a line."""
    return [ExampleId.parse(line, f"{path}, line {number}") for number, line in enumerate(read_lines(path), start=1)]


def synthetic_cases(inputs: Sequence[str], outputs: Sequence[str]) -> list[tuple[TestCase, ...]]:
    """One case a program: tab-separated inputs become lines of stdin, the line of output is what must be printed.

    Only an empty line stands for no input: one of blanks is a line of blanks.
    """
    if len(inputs) != len(outputs):
        raise UsageError(f"{len(inputs)} lines of inputs and {len(outputs)} of outputs; they must go together")
    cases: list[tuple[TestCase, ...]] = []
    for line, expected in zip(inputs, outputs, strict=True):
        fields = line.rstrip("\r")
        stdin = "".join(f"{field}\n" for field in fields.split("\t")) if fields else ""
        cases.append((TestCase(stdin.encode(), expected.rstrip("\r").encode()),))
    return cases
