"""`fairseq-cft synthetic`: references beside the data."""

from pathlib import Path

from synthetic_parser import parse

from fairseq_cft.__main__ import main
from fairseq_cft.data.references import read_references
from fairseq_cft.data.synthetic import plain_spelling

SMALL = ["--preset", "tiny", "--labeled", "40", "--valid", "5", "--test", "5", "--ood", "5", "--unlabeled", "20"]


def written(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_references_are_equal_spellings_and_change_nothing_else(tmp_path: Path) -> None:
    for name, more in (("plain", []), ("refs", ["--references", "4"]), ("again", ["--references", "4"])):
        assert main(["synthetic", "--out", str(tmp_path / name), "--seed", "1", *SMALL, *more]) == 0
    made = written(tmp_path / "refs")
    assert made == written(tmp_path / "again")
    targets = made["train.tgt"].decode().splitlines()
    references = read_references(tmp_path / "refs/train.refs", targets)
    assert [each[0] for each in references] == targets
    assert max(map(len, references)) == 4 and all(
        len({plain_spelling(parse(line)) for line in each}) == 1 for each in references
    )
    assert {name: data for name, data in made.items() if name != "train.refs"} == written(tmp_path / "plain")
    assert main(["synthetic", "--out", str(tmp_path / "refs"), "--seed", "1", *SMALL]) == 0
    assert "train.refs" not in written(tmp_path / "refs")  # none of an earlier run
