"""From SPoC's tables to files of pairs: P.src (pseudocode), P.tgt (programs), P.id, and P.rejects for damaged rows."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from ..errors import UserError
from ..files import read_lines, write_together
from ..formats.line_format import decode_line
from ..formats.pseudocode import tokenize_as_code
from ..noise import item_rng
from ..noise.cpp import breakable_lines
from .segments import draw_segments
from .spoc import Program, Rejection, TableError, read_programs


class Pair(NamedTuple):
    """One program as it stands in the three files."""

    source: str
    target: str
    identifier: str


@dataclass
class Conversion:
    """What the tables gave."""

    pairs: list[Pair] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)  # whole, sound programs, by reason
    segments: dict[tuple[str, str], None] = field(default_factory=dict)  # distinct pairs, in order

    def summary(self) -> str:
        """One sentence for the user."""
        drops = ", ".join(f"{count} {reason}" for reason, count in sorted(self.dropped.items())) or "none"
        segments = f" and {len(self.segments)} segments" if self.segments else ""
        text = f"{len(self.pairs)} programs{segments}; left out: {drops}; damaged rows: {len(self.rejections)}"
        repeated = sum(count > 1 for count in Counter(pair.identifier for pair in self.pairs).values())
        return f"{text}; ids that occur more than once: {repeated}" if repeated else text


def moses_tokenizer() -> Callable[[str], str]:
    """Moses' tokenizer for English pseudocode, without its escaping of `<`, `&`, `"`."""
    try:
        from sacremoses import MosesTokenizer
    except ImportError as error:
        raise UserError("--tokenize moses needs the package sacremoses: pip install sacremoses") from error
    moses = MosesTokenizer(lang="en")
    return lambda text: str(moses.tokenize(text, escape=False, return_str=True))


TOKENIZERS = {"code": lambda: tokenize_as_code, "moses": moses_tokenizer}  # what makes the tokenizer of each name


def _read(table: Path) -> Iterator[Program | Rejection]:
    try:
        yield from read_programs(read_lines(table), str(table))
    except TableError as error:
        raise UserError(str(error)) from error


def convert(
    tables: Sequence[Path],
    *,
    max_chars: int | None = None,
    strict: bool = False,
    tokenize_text: Callable[[str], str] | None = None,
    segments: int = 0,
    seed: int = 1,
    empty: bool = False,
) -> Conversion:
    """Read all tables. With ``strict`` the first damaged row is an error; programs longer than ``max_chars`` characters
    (in line format) and programs that nobody described are left out and counted. Of every program, a long one too,
    ``segments`` runs of lines are drawn by ``seed``. With ``empty`` the pseudocode has every line of its program."""
    result = Conversion()
    programs = 0
    for table in tables:
        for item in _read(table):
            if isinstance(item, Rejection):
                if strict:
                    raise UserError(f"{item}; mend the row, or leave out --strict to drop its program")
                result.rejections.append(item)
                continue
            runs = draw_segments(item, segments, item_rng(seed, 0, programs), tokenize_text, empty)
            result.segments.update((run, None) for run in runs if max_chars is None or len(run[1]) <= max_chars)
            programs += 1
            pair = Pair(item.source(tokenize_text, empty), item.target(), item.identifier)
            if max_chars is not None and len(pair.target) > max_chars:
                result.dropped[f"longer than {max_chars} characters"] += 1
            elif not pair.source:
                result.dropped["without pseudocode"] += 1
            else:
                result.pairs.append(pair)
    return result


def write(result: Conversion, prefix: Path, *, single_lines: bool = False) -> None:
    """All files appear together. P.rejects exists only where a row was damaged, P.segments.src and .tgt only where
    segments were asked for; P.lines, wanted by ``single_lines``, holds the programs' single lines, for denoiser
    pre-training."""
    columns = {
        "src": [pair.source for pair in result.pairs],
        "tgt": [pair.target for pair in result.pairs],
        "id": [pair.identifier for pair in result.pairs],
    }
    if single_lines:
        columns["lines"] = [line for pair in result.pairs for line in breakable_lines(pair.target)]
    if result.segments:
        columns["segments.src"], columns["segments.tgt"] = map(list, zip(*result.segments, strict=True))
    if result.rejections:
        columns["rejects"] = [f"{rejection}\t{rejection.text}" for rejection in result.rejections]
    with write_together(*(_beside(prefix, ending) for ending in columns)) as streams:
        for stream, lines in zip(streams, columns.values(), strict=True):
            stream.writelines(f"{line}\n" for line in lines)
    for ending in {"rejects", "segments.src", "segments.tgt"} - columns.keys():  # of an earlier run
        _beside(prefix, ending).unlink(missing_ok=True)


def _beside(prefix: Path, ending: str) -> Path:
    return prefix.with_name(f"{prefix.name}.{ending}")


def program_at(path: Path, number: int) -> str:
    """The ``number``-th program (from 1) of a file in line format, as C++ source text."""
    lines = read_lines(path)
    if not 1 <= number <= len(lines):
        raise UserError(f"{path} has {len(lines)} lines: --line must be from 1 to {len(lines)}, not {number}")
    return decode_line(lines[number - 1])
