"""What a scale is: sizes, options of every training, and a schedule for each kind of training."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass

Words = tuple[str, ...]
Phases = tuple[Words, ...]


def words(text: str) -> Words:
    """Options as they are typed."""
    return tuple(shlex.split(text))


def then(*phases: str) -> Phases:
    """A schedule of several trainings, each from the best checkpoint of the one before."""
    return tuple(map(words, phases))


DROPOUT = words("--dropout 0.1 --attention-dropout 0.2 --activation-dropout 0.2")
CROSS_ENTROPY = words("--criterion cross_entropy")
ESTIMATOR = words("--gradient-estimator rloo --num-samples 2")


@dataclass(frozen=True)
class Recipe:
    """The trainings of a scale.

    Attributes:
        architecture: ends the name of both architectures, plain and composed.
        vocabulary: subword pieces at most.
        schedules: learning rate, warm-up, length and validation by the name that a Phase of a system gives, besides
            ``denoiser`` and, where there is a gate, ``gate``. A composed training takes ``estimator`` as well.
        batch: of every training.
        regularize: dropout of every system.
        shape: options that change the size of plain and composed models; ``--copy-attention``, say.
        criterion: of plain models.
        estimator: options of composed fine-tuning alone.
        judged: validation programs that choose the best checkpoint by running right; 0: exact matches choose.
    """

    architecture: str
    vocabulary: int
    schedules: Mapping[str, Phases]
    batch: Words
    regularize: Words = DROPOUT
    shape: Words = ()
    criterion: Words = CROSS_ENTROPY
    estimator: Words = ESTIMATOR
    judged: int = 0


ALWAYS = words(
    "--num-workers 1 --log-format json --log-interval 50 --optimizer adam --adam-betas '(0.9, 0.98)' --clip-norm 1 "
    "--weight-decay 1e-4"
)
COPYING = ("--copy-attention", "--line-symbol", "▁$")  # SPoC's pseudocode and code have the same lines and names
SIZE_128 = words(
    "--encoder-layers 3 --decoder-layers 3 --encoder-embed-dim 128 --decoder-embed-dim 128 --encoder-ffn-embed-dim 512 "
    "--decoder-ffn-embed-dim 512 --encoder-attention-heads 4 --decoder-attention-heads 4"
)
