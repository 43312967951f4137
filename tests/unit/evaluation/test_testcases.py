"""Test cases and ids: SPoC's blocks, the synthetic files, and what is wrong with either."""

from pathlib import Path

import pytest
from unit.evaluation.gold import SHARED_DATA

from fairseq_cft.errors import UsageError
from fairseq_cft.evaluation.outputs import read_folder
from fairseq_cft.evaluation.testcases import (
    ExampleId,
    TestCase,
    TestCaseFolder,
    parse_blocks,
    read_ids,
    synthetic_cases,
)

BLOCK = b"1 2\n###ENDINPUT###\n3\n###ENDOUTPUT###\n"


def test_blocks() -> None:
    assert parse_blocks(BLOCK + BLOCK.replace(b"3", b"4")) == [TestCase(b"1 2\n", b"3\n"), TestCase(b"1 2\n", b"4\n")]


@pytest.mark.parametrize("end", [b"\r\n", b"\r"])
def test_line_ends_are_newlines(end: bytes) -> None:
    assert parse_blocks(BLOCK.replace(b"\n", end)) == [TestCase(b"1 2\n", b"3\n")]


def test_no_newline_at_the_end_of_the_file() -> None:
    assert parse_blocks(BLOCK.rstrip(b"\n")) == parse_blocks(BLOCK)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no separators at all\n",
        BLOCK + b"1 2\n",
        BLOCK + b"1 2\n###ENDOUTPUT###\n",
        BLOCK + b"1\n###ENDINPUT###\n2\n###ENDINPUT###\n3\n###ENDOUTPUT###\n",
    ],
)
def test_a_broken_file_has_no_cases(data: bytes) -> None:
    assert parse_blocks(data) == []


def test_folder(tmp_path: Path) -> None:
    (tmp_path / "1A").mkdir()
    (tmp_path / "1A/1A_testcases.txt").write_bytes(BLOCK)
    (tmp_path / "1A/1A_testcases_hidden.txt").write_bytes(BLOCK + BLOCK)
    assert len(TestCaseFolder(tmp_path).of("1A")) == 1
    assert len(TestCaseFolder(tmp_path, "hidden").of("1A")) == 2
    assert TestCaseFolder(tmp_path, "public").of("1A") == ()
    assert TestCaseFolder(tmp_path).of("2B") == ()
    with pytest.raises(UsageError, match="does not exist"):
        TestCaseFolder(tmp_path / "absent")
    with pytest.raises(UsageError, match="no such set"):
        TestCaseFolder(tmp_path, "secret")


@pytest.mark.parametrize("text", ["1A-5", "1A-5-6-7", "../1A-5-6", "..-5-6", "a/b-5-6", "1A--6", ""])
def test_ids_that_are_none(text: str) -> None:
    with pytest.raises(UsageError, match=r"F.id, line 3: .* is no id"):
        ExampleId.parse(text, "F.id, line 3")


def test_ids(tmp_path: Path) -> None:
    path = tmp_path / "f.id"
    path.write_text("740A-48455406-12\n740A-48455406-13\n")
    first, second = read_ids(path)
    assert (first.problem, first.submission, first.worker) == ("740A", "48455406", "12")
    assert str(second) == "740A-48455406-13"


def test_byte_order_marks_are_no_text(tmp_path: Path) -> None:
    mark = b"\xef\xbb\xbf"
    assert parse_blocks(mark + b"1\n###ENDINPUT###\n2\n###ENDOUTPUT###\n") == [TestCase(b"1\n", b"2\n")]
    (tmp_path / "f.id").write_bytes(mark + b"1A-1-7\n")
    assert [str(each) for each in read_ids(tmp_path / "f.id")] == ["1A-1-7"]
    (tmp_path / "0.cpp").write_bytes(mark + b"int x;\n")
    assert read_folder(tmp_path, ["0"], ".cpp") == [["int x;\n"]]


def test_synthetic_cases() -> None:
    cases = synthetic_cases(["1\tstr_0", "", "5"], ["1str_0", "x", " 5"])
    assert cases == [(TestCase(b"1\nstr_0\n", b"1str_0"),), (TestCase(b"", b"x"),), (TestCase(b"5\n", b" 5"),)]
    blank = synthetic_cases(["\t", " ", "\r", "1\t\r"], [""] * 4)
    assert [case.stdin for (case,) in blank] == [b"\n\n", b" \n", b"", b"1\n\n"], "only an empty line is no input"
    with pytest.raises(UsageError, match="1 lines of inputs and 2 of outputs"):
        synthetic_cases(["1"], ["1", "2"])


@pytest.mark.skipif(not (SHARED_DATA / "spoc/testcases").is_dir(), reason=f"no SPoC test cases in {SHARED_DATA}")
def test_all_published_test_cases_are_read() -> None:
    folder = SHARED_DATA / "spoc/testcases"
    reader = TestCaseFolder(folder)
    found = {path.name: reader.of(path.name) for path in folder.iterdir() if path.is_dir()}
    assert len(found) == 677
    assert sum(map(len, found.values())) == 25_974
    assert all(found.values())
    assert not any(b"\r" in case.expected for cases in found.values() for case in cases)
