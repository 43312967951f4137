"""How long outputs may get: a bound that grows with the source, where fairseq's default cuts programs off."""

import sys
from argparse import Namespace
from typing import Any

from .batches import MAX_LEN

NAMES = ("max_len_a", "max_len_b")
FAIRSEQS = (0, 200)  # fairseq-generate's --max-len-a and --max-len-b: programs of over 200 tokens are cut off


def with_our_limits(args: Any) -> Any:
    """Options of generation, with our limits in place of fairseq's default ones; what was given is kept."""
    values = vars(args) if isinstance(args, Namespace) else dict(args)
    if isinstance(args, Namespace):  # made by hand or from --eval-bleu-args: what stands there was given
        given = bool(values.keys() & {*NAMES})
    else:  # of a command line; its defaults cannot be told from the same values given there
        flags = {f"--{name.replace('_', '-')}" for name in NAMES}
        given = bool(flags & {word.split("=")[0] for word in sys.argv[1:]})
    if given or tuple(values.get(*each) for each in zip(NAMES, FAIRSEQS, strict=True)) != FAIRSEQS:
        return args
    return Namespace(**{**values, **dict(zip(NAMES, MAX_LEN, strict=True))})
