"""Padded batches: lengths, bounds, shifting as fairseq's own data have it, comparing, repeating."""

import pytest
import torch
from fairseq.data.data_utils import collate_tokens
from support import batch, fake_task

from fairseq_cft.modules.batches import length_bounds, lengths_of, previous_tokens, same_rows

SENTENCES = ["a b c", "h", "b b a c d", ""]


@pytest.mark.parametrize("left", [True, False])
def test_previous_tokens_are_those_of_fairseqs_data(left):
    task = fake_task()
    words = task.target_dictionary
    rows = [words.encode_line(line, add_if_not_exist=False).long() for line in SENTENCES]
    expected = collate_tokens(rows, words.pad(), words.eos(), left, move_eos_to_beginning=True)
    assert torch.equal(previous_tokens(batch(task, SENTENCES, left), words.eos(), words.pad()), expected)
    assert lengths_of(batch(task, SENTENCES, left), words.pad()).tolist() == [4, 2, 6, 1]


def test_previous_tokens_of_an_output_that_was_cut_off():
    """Without an end symbol: the last token is never read."""
    tokens = torch.tensor([[5, 6, 7], [5, 2, 1]])
    assert previous_tokens(tokens, eos=2, pad=1).tolist() == [[2, 5, 6], [2, 5, 1]]


def test_bounds_are_whole_tokens_from_one_up():
    lengths = torch.tensor([0, 1, 4, 9])
    assert length_bounds(lengths, 1.5, 0).tolist() == [1, 1, 6, 13]
    assert length_bounds(lengths, 0.5, 2, 5).tolist() == [2, 2, 4, 5]


def test_same_rows_ignores_width_only():
    left = torch.tensor([[5, 2, 1], [5, 6, 2]])
    right = torch.tensor([[5, 2, 1, 1], [5, 6, 2, 7]])
    assert same_rows(left, right, pad=1).tolist() == [True, False]
