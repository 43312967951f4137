"""Several right outputs a pair, in a file."""

from pathlib import Path

import pytest

from fairseq_cft.data.references import read_references, references_line
from fairseq_cft.errors import UserError


def test_references_come_back_with_the_target_first(tmp_path: Path) -> None:
    file = tmp_path / "train.refs"
    file.write_text(f"{references_line(['a b', 'c', 'a b'])}\n\nx\r\n", encoding="utf-8", newline="")
    assert file.read_text().splitlines()[0] == "a b\tc"
    assert read_references(file, ["c", "d", "y"]) == [["c", "a b"], ["d"], ["y", "x"]]


def test_a_file_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "train.refs"
    file.write_text("a\n")
    with pytest.raises(UserError, match=r"train.refs has 1 lines for 2 targets"):
        read_references(file, ["a", "b"])
    file.write_text("a\nb\t\tc\n")
    with pytest.raises(UserError, match=r"train.refs, line 2: a reference is empty"):
        read_references(file, ["a", "b"])


@pytest.mark.parametrize("reference", ["a\tb", "a\nb", " "])
def test_what_would_not_come_back_is_refused(reference: str) -> None:
    with pytest.raises(ValueError, match="a line of text without tabs"):
        references_line(["a", reference])
