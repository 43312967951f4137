"""`check-inputs`: test inputs of pieces that training never saw stop an experiment."""

from pathlib import Path

import pytest

from fairseq_cft.commands.check_inputs import main
from fairseq_cft.errors import UserError


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "train").write_text("a b <unk>\nc\n")
    (tmp_path / "valid.src").write_text("a c\n")
    (tmp_path / "test.src").write_text("a b\nc a\nb\nb d e\n")
    return tmp_path


def check(folder: Path, *more: str) -> int:
    inputs = [str(folder / f"{split}.src") for split in ("valid", "test")]
    return main(["--train", str(folder / "train"), "--inputs", *inputs, *more])


def test_the_first_such_input_is_named(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UserError, match=r"test\.src, line 4 holds 'd', which training never saw, as do 1 of its 4"):
        check(files)
    assert "valid.src: 0 of 1 inputs" in capsys.readouterr().out


def test_an_unknown_symbol_is_never_trained(files: Path) -> None:
    (files / "test.src").write_text("a <unk>\n")
    with pytest.raises(UserError, match="line 1 holds '<unk>'"):
        check(files)


def test_a_share_of_them_may_pass(files: Path) -> None:
    assert check(files, "--most", "0.25") == 0
    with pytest.raises(UserError):
        check(files, "--most", "0.2")
