"""Reads what models wrote: logs of fairseq-generate and fairseq-interactive, files of lines, folders of programs."""

import re
from collections.abc import Sequence
from pathlib import Path

from ..errors import UsageError
from ..files import read_lines, without_mark

OUTPUT = re.compile(rb"^([HD])-(\d+)\t([^\t]*)\t(.*)$")
SENTENCE = re.compile(rb"^([ST])-(\d+)\t(.*)$")
MOST_DIGITS = 15  # of a sentence's number


def parse_log(data: bytes, name: str) -> dict[int, list[str]]:
    """Outputs for each sentence in a log's order, which is best first with a beam.

    D- lines (detokenised) win over H- lines where a sentence has both. Bytes that are not UTF-8 are kept as they are
    (surrogateescape). Raises UsageError for a log without outputs and for a sentence that stands in two places with
    different text (two logs in one file): the outputs for one sentence follow one another.
    """
    found: dict[str, dict[int, list[tuple[float, str]]]] = {"H": {}, "D": {}}
    last: dict[str, int] = {}
    for number, line in enumerate(without_mark(data).split(b"\n"), start=1):
        match = OUTPUT.match(line.rstrip(b"\r"))
        if match is None:
            continue
        kind, sentence = match[1].decode(), _sentence(match[2], f"{name}, line {number}")
        try:
            score = float(match[3])
        except ValueError:
            raise UsageError(
                f"{name}, line {number}: {match[3]!r} is no score; is it a log of fairseq-generate?"
            ) from None
        entries = found[kind].setdefault(sentence, [])
        text = match[4].decode("utf-8", "surrogateescape").strip(" ")
        apart = entries and last.get(kind) != sentence
        if apart and (score, text) not in entries:
            raise UsageError(f"{name}, line {number}: sentence {sentence} stands there twice; give one log of one run")
        if not apart:
            entries.append((score, text))
        last[kind] = sentence
    chosen = {**found["H"], **found["D"]}
    if not chosen:
        raise UsageError(f"{name}: no line H-<id> or D-<id>; was fairseq-generate stopped, or run with --quiet?")
    return {sentence: [text for _, text in entries] for sentence, entries in chosen.items()}


def _sentence(digits: bytes, where: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise UsageError(f"{where}: {len(digits)} digits are no number of a sentence; is it a log of fairseq-generate?")
    return int(digits)


def parse_pairs(data: bytes) -> tuple[dict[int, str], dict[int, str]]:
    """Sources and references of a log by sentence id; fairseq-interactive writes no references."""
    found: dict[bytes, dict[int, str]] = {b"S": {}, b"T": {}}
    for number, line in enumerate(without_mark(data).split(b"\n"), start=1):
        match = SENTENCE.match(line.rstrip(b"\r"))
        if match is not None:
            sentence = _sentence(match[2], f"line {number}")
            found[match[1]][sentence] = match[3].decode("utf-8", "surrogateescape").strip(" ")
    return found[b"S"], found[b"T"]


def read_log(path: Path, nbest: int = 1) -> dict[int, list[str]]:
    """The best `nbest` outputs for each sentence id."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read the outputs {path}: {error.strerror}") from error
    return {sentence: texts[:nbest] for sentence, texts in parse_log(data, str(path)).items()}


def in_order(outputs: dict[int, list[str]], total: int, name: str) -> list[list[str]]:
    """One list for each of `total` examples, empty where there is no output; UsageError for ids beyond them."""
    extra = sorted(sentence for sentence in outputs if sentence >= total)
    if extra:
        raise UsageError(
            f"{name} has outputs for {len(extra)} sentences beyond the {total} examples (first: {extra[0]}): "
            "are these the ids and test cases of the same file?"
        )
    return [outputs.get(sentence, []) for sentence in range(total)]


def read_programs(path: Path, total: int) -> list[str]:
    """One program line for each of `total` examples."""
    lines = read_lines(path)
    if len(lines) != total:
        raise UsageError(f"{path} has {len(lines)} programs for {total} examples; they must go together line by line")
    return lines


def read_folder(folder: Path, ids: Sequence[str], suffix: str) -> list[list[str]]:
    """The files ID.cpp (`suffix`); one that belongs to no example is refused, as it would be lost without a word."""
    extra = sorted({path.stem for path in folder.glob(f"*{suffix}")} - set(ids))
    if extra:
        raise UsageError(f"{folder} has {len(extra)} programs that are no example's (first: {extra[0]}{suffix})")
    paths = [folder / f"{name}{suffix}" for name in ids]
    return [
        [without_mark(path.read_bytes()).decode("utf-8", "surrogateescape")] if path.is_file() else [] for path in paths
    ]
