"""Several right outputs a pair, from a file into the batch."""

import pytest
import torch
from fairseq.data import LanguagePairDataset
from support import batch, fake_task

from fairseq_cft.errors import UserError
from fairseq_cft.modules.several_references import with_references

SOURCES, TARGETS = ["a", "b c d", "e f"], ["h g", "a", "b b b"]


@pytest.fixture
def pairs():
    words = fake_task().target_dictionary
    sides = [[words.encode_line(line, add_if_not_exist=False).long() for line in side] for side in (SOURCES, TARGETS)]
    sizes = [[len(row) for row in side] for side in sides]
    (source, target), (source_sizes, target_sizes) = sides, sizes
    return LanguagePairDataset(source, source_sizes, words, target, target_sizes, words, left_pad_target=False)


def made(pairs, path, text, longest=64):
    path.write_text(text)
    return with_references(pairs, str(path), pairs.tgt_dict, longest)


def test_each_pair_keeps_its_own_references_in_whichever_order(pairs, tmp_path):
    dataset = made(pairs, tmp_path / "refs", "h\ta b c\na\n\n")
    found = dataset.collater([dataset[number] for number in (0, 2, 1)])
    assert found["id"].tolist() == [1, 2, 0]  # by length of the source
    expected = [["a", "a", "a"], ["b b b"] * 3, ["h g", "h", "a b c"]]
    for rows, lines in zip(found["references"], expected, strict=True):
        wanted = batch(fake_task(), lines)
        assert torch.equal(rows[:, : wanted.size(1)], wanted) and rows[:, wanted.size(1) :].eq(1).all()
    assert torch.equal(found["references"][:, 0, : found["target"].size(1)], found["target"])
    assert dataset.collater([]) == pairs.collater([])


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("h\na\n", "refs has 2 lines for 3 targets"),
        ("h\na\tq r\n\n", "line 2: 'q' is not in the dictionary; give the file as subwords"),
        ("h\n\nb b b\t" + "c " * 9 + "\n", "line 3: a reference has 10 tokens, over --max-target-positions 9"),
        ("h\t\ta\n\n\n", "line 1: a reference is empty"),
    ],
)
def test_what_does_not_fit_is_one_sentence(pairs, tmp_path, text, sentence):
    with pytest.raises(UserError, match=sentence):
        made(pairs, tmp_path / "refs", text, longest=9)


def test_a_file_that_is_not_there_is_named(pairs, tmp_path):
    with pytest.raises(UserError, match=r"--references .*none does not exist"):
        with_references(pairs, str(tmp_path / "none"), pairs.tgt_dict, 64)
