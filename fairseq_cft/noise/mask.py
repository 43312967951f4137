"""Masked spans, after BART's text infilling (arXiv 1910.13461): blind to what a program is, like random deletion."""

from dataclasses import dataclass

import numpy as np

from . import check_share, register_noise

MASK = "@"  # no C++ token outside of literals and comments, so a mask is never taken for code


@register_noise("mask")
@dataclass(frozen=True)
class Mask:
    """Puts one ``@`` for each of some spans of tokens, which are set apart by spaces; how many stood there is lost."""

    mask_share: float = 0.3  # of the tokens, on average; BART's
    mean_span: float = 3.0  # tokens; lengths are 1 + Poisson(mean_span - 1), so that a span is never empty
    clean_share: float = 0.0

    def __post_init__(self) -> None:
        """Refuse options out of range."""
        check_share("mask_share", self.mask_share)
        check_share("clean_share", self.clean_share)
        if self.mean_span < 1:
            raise ValueError(f"mean_span is a number of tokens from 1 up, not {self.mean_span}")

    def __call__(self, program_line: str, rng: np.random.Generator) -> str:
        """The line with spans masked."""
        if rng.random() < self.clean_share:
            return program_line
        tokens = program_line.split(" ")
        # A span starts at a visible token; then mean_span of every mean_span + gap tokens are masked.
        start_share = self.mask_share / (self.mask_share + self.mean_span * (1 - self.mask_share))
        starts = rng.random(len(tokens)) < start_share
        lengths = 1 + rng.poisson(self.mean_span - 1, len(tokens))
        masked: list[str] = []
        place = 0
        while place < len(tokens):
            hidden = bool(starts[place]) and tokens[place] != ""
            masked.append(MASK if hidden else tokens[place])
            place += int(lengths[place]) if hidden else 1
        return " ".join(masked)
