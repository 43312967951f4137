"""Reading and writing of text files: one clear sentence for a mistake, and never half a file."""

import os
from pathlib import Path

import pytest

from fairseq_cft.errors import UserError
from fairseq_cft.files import read_lines, read_parallel, write_together


def test_only_a_newline_byte_ends_a_line(tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_bytes("a\r\n\x0b\x0c\x1c\x85\u2028b\n\n c ".encode())
    assert read_lines(path) == ["a\r", "\x0b\x0c\x1c\x85\u2028b", "", " c "]
    path.write_bytes(b"a\n")
    assert read_lines(path) == ["a"]
    path.write_bytes(b"")
    assert read_lines(path) == []


def test_a_byte_order_mark_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_bytes("\ufeff1\n\ufeff2\n".encode())
    assert read_lines(path) == ["1", "\ufeff2"]  # only at the start of a file


def test_a_byte_that_is_no_utf8_is_named_with_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_bytes(b"good\ngood\nb\xffad\n")
    with pytest.raises(UserError, match=r"text, line 3: byte 0xff is not UTF-8"):
        read_lines(path)


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"cannot read .*missing: no such file or directory; check the path"):
        read_lines(tmp_path / "missing")
    with pytest.raises(UserError, match=r"cannot read .*: is a directory"):
        read_lines(tmp_path)


def test_parallel_files_have_as_many_lines(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("a\nb\n")
    two.write_text("c\nd\n")
    assert read_parallel(one, two) == [["a", "b"], ["c", "d"]]
    two.write_text("c\n")
    with pytest.raises(UserError, match=r"one has 2 lines but .*two has 1"):
        read_parallel(one, two)


def test_files_appear_together_and_as_written(tmp_path: Path) -> None:
    paths = [tmp_path / "new" / "one", tmp_path / "two"]
    with write_together(*paths) as (one, two):
        one.write("é\r\n")
        two.write("2\n")
        assert not any(path.exists() for path in paths)
    assert [path.read_bytes() for path in paths] == ["é\r\n".encode(), b"2\n"]
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["new", "one", "two"]


def test_bytes_are_written_as_they_are(tmp_path: Path) -> None:
    with write_together(tmp_path / "one", binary=True) as (stream,):
        stream.write(b"\xff\r\n")
    assert (tmp_path / "one").read_bytes() == b"\xff\r\n"


@pytest.mark.parametrize("failure", [KeyboardInterrupt, ValueError])
def test_a_failure_leaves_what_was_there(tmp_path: Path, failure: type[BaseException]) -> None:
    (tmp_path / "one").write_text("old\n")
    with pytest.raises(failure), write_together(tmp_path / "one", tmp_path / "two") as (one, _):
        one.write("new\n")
        raise failure
    assert (tmp_path / "one").read_text() == "old\n"
    assert [path.name for path in tmp_path.iterdir()] == ["one"]


def test_a_full_disk_is_one_sentence_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(descriptor: int) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "fsync", fail)
    with (
        pytest.raises(UserError, match=r"cannot write .*one: no space left on device; free some space"),
        write_together(tmp_path / "one") as (one,),
    ):
        one.write("new\n")
    assert not [*tmp_path.iterdir()]


def test_outputs_that_cannot_be_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="output files must differ"), write_together(tmp_path / "a", tmp_path / "a"):
        pass
    with pytest.raises(UserError, match="it is a directory"), write_together(tmp_path / "a", tmp_path):
        pass
    with pytest.raises(UserError, match=r"cannot write .*test_files.py is a file, not a directory"):  # noqa: SIM117
        with write_together(Path(__file__) / "a"):
            pass
    assert not [*tmp_path.iterdir()]
