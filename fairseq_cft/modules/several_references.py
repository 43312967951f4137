"""Pairs with several right outputs: the references of each go along in its batch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fairseq.data import BaseWrapperDataset, Dictionary
from fairseq.data.data_utils import collate_tokens
from torch import Tensor

from ..data.references import read_references
from ..errors import UserError

OPTION = "--references"


class SeveralReferencesDataset(BaseWrapperDataset):
    """A ``LanguagePairDataset`` whose batches also hold ``references``, (N, R, T), padded on the right.

    The first of each pair is its target; it fills the places of a pair that has fewer than R.

    Args:
        references: token ids of each pair's references, ended by the end symbol, the target first.
    """

    def __init__(self, pairs: Any, references: list[list[Tensor]], pad: int) -> None:
        super().__init__(pairs)
        self.references, self.pad = references, pad

    def collater(self, samples: list[dict[str, Any]]) -> Any:
        batch = self.dataset.collater(samples)
        if batch:
            own = [self.references[pair] for pair in batch["id"].tolist()]
            most = max(map(len, own))
            rows = [row for each in own for row in (*each, *(most - len(each)) * each[:1])]
            batch["references"] = collate_tokens(rows, self.pad).view(len(own), most, -1)
        return batch


def with_references(pairs: Any, path: str, dictionary: Dictionary, longest: int) -> SeveralReferencesDataset:
    """The training pairs with the references of a file of subwords; see ``read_references``.

    UserError where the file does not fit the pairs, for a piece that is not in the dictionary, and for a reference of
    more than ``longest`` tokens.
    """
    if not Path(path).is_file():
        raise UserError(f"{OPTION} {path} does not exist; it holds the references of the training pairs, as subwords")
    targets = [dictionary.string(pairs.tgt[number]) for number in range(len(pairs))]
    found = []
    for number, lines in enumerate(read_references(path, targets), start=1):
        rows = [dictionary.encode_line(line, append_eos=True, add_if_not_exist=False).long() for line in lines]
        for line, row in zip(lines[1:], rows[1:], strict=True):
            if row.eq(dictionary.unk()).any():
                unknown = next(piece for piece in line.split() if dictionary.index(piece) == dictionary.unk())
                raise UserError(
                    f"{OPTION} {path}, line {number}: '{unknown}' is not in the dictionary; give the file as subwords, "
                    "of the same model as the pairs"
                )
            if len(row) > longest:
                raise UserError(
                    f"{OPTION} {path}, line {number}: a reference has {len(row)} tokens, over "
                    f"--max-target-positions {longest}; leave it out"
                )
        found.append(rows)
    return SeveralReferencesDataset(pairs, found, dictionary.pad())
