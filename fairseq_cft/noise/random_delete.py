"""Random token deletion: the simplest noise, blind to what a program is."""

from dataclasses import dataclass

import numpy as np

from . import check_share, register_noise


@register_noise("random_delete")
@dataclass(frozen=True)
class RandomDelete:
    """Drops each token, set apart by spaces, with the same probability; one token always stays."""

    delete_share: float = 0.15  # the published ablation
    clean_share: float = 0.0

    def __post_init__(self) -> None:
        """Refuse shares that are none."""
        check_share("delete_share", self.delete_share)
        check_share("clean_share", self.clean_share)

    def __call__(self, program_line: str, rng: np.random.Generator) -> str:
        """The line with tokens missing."""
        if rng.random() < self.clean_share:
            return program_line
        tokens = program_line.split(" ")
        drawn = rng.random(len(tokens))
        kept = [token for token, number in zip(tokens, drawn.tolist(), strict=True) if number >= self.delete_share]
        # Runs of spaces are empty tokens; a line of nothing else would be empty.
        if not any(kept):
            words = [token for token in tokens if token]
            return words[int(drawn[0] * len(words))] if words else program_line
        return " ".join(kept)
