"""From source files to program lines: what is left out is counted by reason, and nothing is fatal."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from ...formats.line_format import decode_line, encode_program
from ...formats.tokenizer import tokenize
from ..parallel import in_order
from .clang_format import formatted
from .cleaning import UNREADABLE, UnfitError, cleaned, decoded
from .equality import program_key
from .sources import LARGEST, NOT_READ, TOO_LARGE

FILES_A_TASK = 64  # enough that the start of clang-format costs little beside its work
Step = Callable[[int], object]  # called with a number of files or programs that are done


class Made(NamedTuple):
    """A program line and what it is compared by."""

    line: str
    key: bytes


@dataclass
class Collection:
    """The programs in the order of their files, and the numbers of files left out, by reason."""

    lines: list[str] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)

    def summary(self) -> str:
        """One sentence for the user."""
        reasons = ", ".join(f"{count} {reason}" for reason, count in self.left_out.most_common()) or "none"
        return f"{len(self.lines)} programs of {len(self.lines) + self.left_out.total()} files; left out: {reasons}"


@dataclass(frozen=True)
class Collector:
    """How files become lines of at most ``max_chars`` characters; ``program`` is the path of clang-format."""

    program: str
    max_chars: int

    def programs(self, paths: Sequence[Path]) -> list[Made | str]:
        """For each file a program, or the reason why there is none."""
        found: list[Made | str] = []
        texts: dict[int, str] = {}
        for number, path in enumerate(paths):
            try:
                texts[number] = self._cleaned(path)
                found.append(UNREADABLE)  # unless clang-format can read it
            except UnfitError as error:
                found.append(str(error))
        for number, laid_out in zip(texts, formatted(self.program, [*texts.values()]), strict=True):
            if laid_out is not None and _words(laid_out) == _words(texts[number]):
                found[number] = self._made(laid_out)
        return found

    def _cleaned(self, path: Path) -> str:
        try:
            with path.open("rb") as stream:
                data = stream.read(LARGEST + 1)
        except OSError as error:
            raise UnfitError(NOT_READ) from error
        if len(data) > LARGEST:
            raise UnfitError(TOO_LARGE)
        text = cleaned(decoded(data))
        if len(encode_program(text)) > self.max_chars:  # braces and lines will only make it longer
            raise UnfitError(self._too_long)
        return text

    def _made(self, source: str) -> Made | str:
        line = encode_program(source)
        return Made(line, program_key(source)) if len(line) <= self.max_chars else self._too_long

    @property
    def _too_long(self) -> str:
        return f"longer than {self.max_chars} characters"


def collect(
    collector: Collector,
    paths: Sequence[Path],
    *,
    excluded: Iterable[str] = (),
    jobs: int = 1,
    step: Step = lambda done: None,
) -> Collection:
    """The distinct programs of the files; one that equals an ``excluded`` line up to names and layout is left out."""
    result = Collection()
    tests = {program_key(decode_line(line)) for line in excluded}
    seen: set[bytes] = set()

    def task(number: int) -> list[Made | str]:
        return collector.programs(paths[number * FILES_A_TASK : (number + 1) * FILES_A_TASK])

    for batch in in_order(task, -(-len(paths) // FILES_A_TASK), jobs):
        for made in batch:
            if isinstance(made, str):
                result.left_out[made] += 1
            elif made.key in tests:
                result.left_out["equal to an excluded program"] += 1
            elif made.key in seen:
                result.left_out["equal to another one"] += 1
            else:
                seen.add(made.key)
                result.lines.append(made.line)
        step(len(batch))
    return result


def keep_compiling(
    collection: Collection, fails: Callable[[str], bool], *, jobs: int = 1, step: Step = lambda done: None
) -> None:
    """Takes out, in place, the programs that a compiler refuses."""
    lines = collection.lines
    kept = []
    for line, refused in zip(lines, in_order(lambda number: fails(lines[number]), len(lines), jobs), strict=True):
        if refused:
            collection.left_out["not compiling"] += 1
        else:
            kept.append(line)
        step(1)
    collection.lines = kept


def _words(source: str) -> list[str]:
    """What clang-format must leave as it is: all but braces, and `> >` of templates."""
    return [
        word
        for token in tokenize(source)
        if token.text not in "{}"
        for word in ([">", ">"] if token.text == ">>" else [token.text])
    ]
