"""Checks of binarised data before fairseq opens them: what is missing is said in one sentence."""

import re
from collections.abc import Sequence
from pathlib import Path

from fairseq import utils
from fairseq.data import Dictionary
from fairseq.data.data_utils import infer_language_pair

from ..errors import UserError
from .architecture import fingerprint

ENDINGS = r"(?:\.(?:bin|idx))?"  # a split of --dataset-impl raw is a text file


def data_folders(data: str | None) -> list[Path]:
    """The folders that a task's ``data`` names; UserError where one does not exist."""
    folders = [Path(part) for part in utils.split_paths(data or "")]
    for folder in folders:
        if "://" not in (data or "") and not folder.is_dir():
            raise UserError(f"the data folder {folder} does not exist; give what fairseq-preprocess --destdir named")
    return folders


def language_pair(folder: Path, source: str | None, target: str | None) -> tuple[str, str]:
    """Source and target language of a folder of pairs, told by its files unless both are given."""
    if source is None or target is None:
        source, target = infer_language_pair(str(folder))
    if source is None or target is None:
        raise UserError(
            f"{folder} holds no SPLIT.SOURCE-TARGET.SOURCE.bin that would tell its languages; it must be a folder of "
            "pairs, not of programs alone, or give --source-lang and --target-lang"
        )
    for side in (source, target):
        if not (folder / f"dict.{side}.txt").is_file():
            found = ", ".join(sorted(file.name for file in folder.glob("dict*.txt"))) or "none"
            raise UserError(f"{folder} holds no dict.{side}.txt (dictionaries there: {found}); check the languages")
    return source, target


def same_dictionaries(folders: Sequence[Path], names: Sequence[str]) -> None:
    """Raises UserError where a folder's dictionary differs from the first one's, from which alone fairseq reads it."""
    for name in names:
        first = fingerprint(Dictionary.load(str(folders[0] / name)))
        for folder in folders[1:]:
            if not (folder / name).is_file():
                raise UserError(
                    f"{folder} holds no {name}, so nothing shows that its token ids mean what those of {folders[0]} "
                    f"mean; copy the one that it was binarised with there"
                )
            if (other := fingerprint(Dictionary.load(str(folder / name)))) != first:
                raise UserError(
                    f"{folder / name} has {other}, {folders[0] / name} has {first}: token ids mean different symbols; "
                    "binarise all folders with one dict.txt"
                )


def refuse_empty(folder: Path, split: str) -> None:
    """Raises UserError where a binarised file of ``split`` holds nothing: fairseq fails to map it into memory."""
    for file in sorted(folder.glob(f"{split}.*bin")):
        if file.stat().st_size == 0:
            raise UserError(f"{file} holds no program; was the file given to fairseq-preprocess empty?")


def no_split(folder: Path, split: str, names: str = "") -> UserError:
    """What to raise where ``folder`` has no such split; ``names`` is what stands between split and ending, a regex."""
    found = (re.fullmatch(rf"(\w+){names}{ENDINGS}", file.name) for file in folder.iterdir())
    splits = sorted({match[1] for match in found if match})
    return UserError(f"{folder} holds no data split {split}, but {', '.join(splits) or 'none'}; check its name")
