"""Whose limit on the outputs' length counts: ours, unless one is given."""

import sys
from argparse import Namespace

import pytest
from fairseq.dataclass.configs import GenerationConfig
from omegaconf import OmegaConf

from fairseq_cft.modules.batches import MAX_LEN
from fairseq_cft.modules.length_limits import with_our_limits


def limits(args) -> tuple[float, int]:
    return args.max_len_a, args.max_len_b


@pytest.mark.parametrize(
    ("line", "given", "counts"),
    [
        ("", {}, MAX_LEN),
        ("--beam 4", {}, MAX_LEN),
        ("--max-len-b 200", {}, (0, 200)),
        ("--max-len-b=200", {}, (0, 200)),
        ("--max-len-a 0", {}, (0, 200)),
        ("--max-len-b 201", {"max_len_b": 201}, (0, 201)),
        ("", {"max_len_a": 2}, (2, 200)),
    ],
)
def test_options_of_a_command_line(monkeypatch, line, given, counts):
    monkeypatch.setattr(sys, "argv", ["fairseq-generate", *line.split()])
    assert limits(with_our_limits(OmegaConf.structured(GenerationConfig(**given)))) == counts


def test_options_by_hand_count_as_given():
    """Those of --eval-bleu-args, say."""
    assert limits(with_our_limits(Namespace(beam=1))) == MAX_LEN
    assert with_our_limits(Namespace(max_len_b=200)) == Namespace(max_len_b=200)
