"""Checks of binarised data before fairseq opens them."""

from __future__ import annotations

from pathlib import Path

from ..errors import UserError


def refuse_empty(folder: Path, split: str) -> None:
    """Raises UserError where a binarised file of ``split`` holds nothing: fairseq fails to map it into memory."""
    for file in sorted(folder.glob(f"{split}.*bin")):
        if file.stat().st_size == 0:
            raise UserError(f"{file} holds no program; was the file given to fairseq-preprocess empty?")
