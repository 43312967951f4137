"""Logs of fairseq-generate: any order, beams, both kinds of lines, and everything that may be wrong with them."""

from pathlib import Path

import pytest

from fairseq_cft.errors import UsageError
from fairseq_cft.evaluation.outputs import in_order, parse_log, parse_pairs, read_log


def test_any_order_and_other_lines_are_passed_over() -> None:
    log = b"INFO: loading\nS-1\tx\nT-1\ty\nH-1\t-0.5\tint b ;\nP-1\t-0.5\nS-0\tx\nH-0\t-1.25\tint a ;\nGenerate test\n"
    assert parse_log(log, "log") == {1: ["int b ;"], 0: ["int a ;"]}


def test_detokenised_lines_win() -> None:
    log = b"H-0\t-0.5\t_int _a\nD-0\t-0.5\tint a\nH-1\t-0.5\tint b\n"
    assert parse_log(log, "log") == {0: ["int a"], 1: ["int b"]}


def test_beam_is_best_first(tmp_path: Path) -> None:
    path = tmp_path / "generate.log"
    path.write_bytes(b"H-0\t-0.1\tbest\nD-0\t-0.1\tbest\nP-0\t-0.1\nH-0\t-0.9\tsecond\nD-0\t-0.9\tsecond\nP-0\t-0.9\n")
    assert read_log(path) == {0: ["best"]}
    assert read_log(path, nbest=5) == {0: ["best", "second"]}


def test_two_runs_in_one_log_are_refused_unless_they_agree() -> None:
    conflicting = b"H-0\t-0.1\ta\nH-1\t-0.1\tb\nH-0\t-0.2\tc\n"
    with pytest.raises(UsageError, match="log, line 3: sentence 0 stands there twice"):
        parse_log(conflicting, "log")
    assert parse_log(conflicting.replace(b"-0.2\tc", b"-0.1\ta"), "log") == {0: ["a"], 1: ["b"]}


def test_empty_hypothesis_is_a_hypothesis() -> None:
    assert parse_log(b"H-0\t-0.1\t\nH-1\t-0.1\t \n", "log") == {0: [""], 1: [""]}


def test_bytes_that_are_no_utf8_survive() -> None:
    (text,) = parse_log(b"H-0\t-0.1\tcaf\xe9 \xff\r\n", "log")[0]
    assert text.encode("utf-8", "surrogateescape") == b"caf\xe9 \xff"


def test_a_byte_order_mark_hides_no_line() -> None:
    assert parse_log(b"\xef\xbb\xbfH-0\t-0.1\ta\nH-1\t-0.1\tb\n", "log") == {0: ["a"], 1: ["b"]}
    assert parse_pairs(b"\xef\xbb\xbfS-0\tx\n") == ({0: "x"}, {})


@pytest.mark.parametrize("log", [b"", b"INFO: nothing\n", b"H-0\t-0.1", b"S-0\ttext\n"])
def test_a_log_without_hypotheses(log: bytes) -> None:
    with pytest.raises(UsageError, match="no line H-<id>"):
        parse_log(log, "log")


def test_a_score_that_is_none() -> None:
    with pytest.raises(UsageError, match=r"log, line 1: .* is no score"):
        parse_log(b"H-0\tint\tmain\n", "log")


@pytest.mark.parametrize("kind", ["H", "D"])
def test_a_number_that_is_none(kind: str) -> None:
    with pytest.raises(UsageError, match=r"log, line 1: 5000 digits are no number of a sentence"):
        parse_log(f"{kind}-{'1' * 5000}\t-0.1\tx\n".encode(), "log")
    with pytest.raises(UsageError, match=r"line 2: 5000 digits"):
        parse_pairs(f"S-0\tx\nT-{'1' * 5000}\tx\n".encode())


def test_missing_and_extra_ids() -> None:
    assert in_order({0: ["a"], 2: ["c"]}, 3, "log") == [["a"], [], ["c"]]
    with pytest.raises(UsageError, match="1 sentences beyond the 2 examples"):
        in_order({0: ["a"], 2: ["c"]}, 2, "log")


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read"):
        read_log(tmp_path / "absent.log")
