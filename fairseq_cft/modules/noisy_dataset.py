"""Clean programs, corrupted afresh in every epoch: source = corrupted program, target = the program."""

from typing import Any

import numpy as np
import torch
from fairseq.data import Dictionary, FairseqDataset
from fairseq.data.language_pair_dataset import collate
from torch import Tensor

from ..data.subwords import Subwords
from ..noise import Noise, item_rng
from .batches import same_rows

# Stands for the unknown symbol while a program is text, so that it stays one symbol: a character of nobody's, which a
# subword model spells in bytes.
UNKNOWN = "\U000f8ff7"
_UNKNOWN_PIECES = " ".join(f"<0x{byte:02X}>" for byte in UNKNOWN.encode())


class NoisyProgramDataset(FairseqDataset):
    """Pairs (corrupted, clean) made on the fly from binarised clean programs.

    The corruption of an item depends on ``seed``, the epoch and the item's index alone, so it is the same whatever the
    number of workers and whichever order items are drawn in.

    Args:
        programs: binarised clean programs, each ended by the end symbol.
        dictionary: of pieces, shared by both sides.
        subwords: the subword model the programs were encoded with; noise works on text.
        noise: see ``fairseq_cft.noise``.
        fixed: the same corruption in every epoch, as validation needs.
        max_source_positions: longer corrupted programs are cut off, in tokens.
    """

    def __init__(
        self,
        programs: Any,
        dictionary: Dictionary,
        subwords: Subwords,
        noise: Noise,
        seed: int,
        *,
        fixed: bool = False,
        left_pad_source: bool = True,
        max_source_positions: int = 1024,
    ) -> None:
        self.programs = programs
        self.dictionary = dictionary
        self.subwords = subwords
        self.noise = noise
        self.seed = seed
        self.fixed = fixed
        self.left_pad_source = left_pad_source
        self.max_source_positions = max_source_positions
        self.epoch = 0
        self._sizes = np.array(programs.sizes)

    def __getitem__(self, index: int) -> dict[str, Any]:
        target = self.programs[index]
        return {"id": index, "source": self.corrupt(target, index), "target": target}

    def corrupt(self, target: Tensor, index: int) -> Tensor:
        """(T,) token ids of a clean program -> (S,) ids of its corruption in this epoch."""
        program = self.subwords.decode(self.dictionary.string(target, unk_string=UNKNOWN))
        corrupted = self.noise(program, item_rng(self.seed, 0 if self.fixed else self.epoch, int(index)))
        if corrupted == program:
            return target
        pieces = self.subwords.encode(corrupted).replace(_UNKNOWN_PIECES, self.dictionary.unk_word)
        source = self.dictionary.encode_line(pieces, append_eos=True, add_if_not_exist=False).long()
        if len(source) > self.max_source_positions:
            source = torch.cat([source[: self.max_source_positions - 1], source[-1:]])
        return source

    def __len__(self) -> int:
        return len(self.programs)

    def collater(self, samples: list[dict[str, Any]]) -> dict[str, Any]:
        return collate(
            samples,
            pad_idx=self.dictionary.pad(),
            eos_idx=self.dictionary.eos(),
            left_pad_source=self.left_pad_source,
            left_pad_target=False,
        )

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    # Batching goes by the clean program's length; a corruption changes it by a few tokens.

    @property
    def sizes(self) -> np.ndarray:
        return self._sizes

    def num_tokens(self, index: int) -> int:
        return int(self._sizes[index])

    def num_tokens_vec(self, indices: np.ndarray) -> np.ndarray:
        return self._sizes[indices]

    def size(self, index: int) -> tuple[int, int]:
        return int(self._sizes[index]), int(self._sizes[index])

    def ordered_indices(self) -> np.ndarray:
        """Shuffled, then sorted by length: batches of like length, of different programs in each."""
        order = np.random.permutation(len(self))
        return order[np.argsort(self._sizes[order], kind="mergesort")]

    @property
    def supports_prefetch(self) -> bool:
        return False


def corrupted_rows(source: Tensor, target: Tensor, pad: int) -> Tensor:
    """Which programs of a batch are corrupted: (N, S) sources padded on either side, (N, T) targets -> (N,) bool."""
    order = source.eq(pad).int().argsort(dim=1, stable=True)  # moves each row's padding to its end
    return ~same_rows(source.gather(1, order), target, pad)
