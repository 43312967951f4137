"""Several right outputs a pair: a file with one line a pair, its references set apart by tabs.

Where one meaning has several spellings, training can take the nearest of them. Line k of ``train.refs`` belongs to line
k of ``train.tgt``; the target is a reference of its own, whether the line names it or not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from ..errors import UserError
from ..files import read_lines

SEPARATOR = "\t"  # no line in a line format holds one: they spell it out


def references_line(references: Iterable[str]) -> str:
    """One pair's references as a line. A ValueError for one that the file could not give back."""
    distinct = list(dict.fromkeys(references))
    for reference in distinct:
        if SEPARATOR in reference or "\n" in reference or not reference.strip():
            raise ValueError(f"a reference is a line of text without tabs, not {reference!r:.80}")
    return SEPARATOR.join(distinct)


def read_references(path: Path | str, targets: Sequence[str]) -> list[list[str]]:
    """The distinct references of each pair, the target first. UserError where the file does not fit the targets."""
    lines = read_lines(path)
    if len(lines) != len(targets):
        raise UserError(
            f"{path} has {len(lines)} lines for {len(targets)} targets; line k must hold the references of target k"
        )
    found = []
    for number, (line, target) in enumerate(zip(lines, targets, strict=True), start=1):
        references = line.removesuffix("\r").split(SEPARATOR) if line.strip() else []
        if not all(reference.strip() for reference in references):
            raise UserError(f"{path}, line {number}: a reference is empty; set references apart by one tab each")
        found.append(list(dict.fromkeys([target, *references])))
    return found
