r"""SPoC's tables -> programs -> pairs of pseudocode and code, without losing a byte and without guessing.

A table has the columns `text code workerid probid subid line indent`, in any order, set apart by tabs; a quote
character is a plain character. A program is a run of rows of one (probid, subid, workerid) whose `line` counts 0, 1,
2, ... A program with a damaged row is given out as a `Rejection` that names the row, never as a shorter program.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from ..formats.line_format import encode_program
from ..formats.pseudocode import spoc_line
from ..formats.tokenizer import tokenize

COLUMNS = ("text", "code", "workerid", "probid", "subid", "line", "indent")
MOST = {"line": 10**6, "indent": 255}  # what is beyond is no program but a damaged row
_INTEGER = re.compile(r"-?[0-9]+\Z")


class TableError(ValueError):
    """The table as a whole cannot be read: no header, or not the right columns."""


class Row(NamedTuple):
    """One row: a line of code and, where somebody described it, its pseudocode."""

    text: str
    code: str
    workerid: str
    probid: str
    subid: str
    line: int
    indent: int

    @property
    def key(self) -> tuple[str, str, str]:
        """What all rows of a program share. `probid-subid` alone is not unique."""
        return (self.probid, self.subid, self.workerid)


@dataclass
class Program:
    """The rows of one program, in order."""

    rows: list[Row]

    @property
    def identifier(self) -> str:
        """`probid-subid-workerid`."""
        return "-".join(self.rows[0].key)

    def target(self) -> str:
        """The program in line format."""
        return encode_program((row.indent, row.code) for row in self.rows)

    def source(self, tokenize_text: Callable[[str], str] | None = None, empty: bool = False) -> str:
        """The pseudocode as one line: `TAB<indent> <text> ;` for each described row (or each), joined by ` $ `."""
        return spoc_line(((row.indent, row.text) for row in self.rows), tokenize_text, empty)

    def is_complete(self) -> bool:
        """Whether every brace is closed: a program that a truncated file ends in is not."""
        depth = 0
        for row in self.rows:
            if "{" in row.code or "}" in row.code:
                braces = [token.text for token in tokenize(row.code) if token.text in ("{", "}")]
                depth += 2 * braces.count("{") - len(braces)
        return depth == 0


class Rejection(NamedTuple):
    """A damaged row, because of which its program is left out."""

    file: str
    row: int  # counted from 1, the header is row 1
    reason: str
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.row}: {self.reason}"


class _Damage(NamedTuple):
    reason: str
    key: tuple[str, str, str] | None  # None where the row's fields cannot be told apart


def _column_order(header: str, name: str) -> list[int]:
    names = header.removeprefix("\ufeff").split("\t")
    missing = [column for column in COLUMNS if names.count(column) != 1]
    if missing:
        raise TableError(
            f"{name}:1: the header must name {', '.join(missing)} once each; "
            f"expected the tab-separated columns {' '.join(COLUMNS)} in any order"
        )
    return [names.index(column) for column in COLUMNS]


def _parse_row(line: str, order: list[int], width: int) -> Row | _Damage:
    fields = line.split("\t")
    if len(fields) != width:
        return _Damage(f"{len(fields)} fields where the header has {width}", None)
    values = [fields[index] for index in order]
    key = (values[3], values[4], values[2])  # in the order of COLUMNS
    for column, value in zip(COLUMNS[5:], values[5:], strict=True):
        if _INTEGER.match(value) is None:
            return _Damage(f"{column} is {_cut(value)!r}, not a number", key)
        if value.startswith("-"):
            return _Damage(f"{column} is {_cut(value)}: it counts from 0", key)
        if len(value) > 9 or int(value) > MOST[column]:
            return _Damage(f"{column} is {_cut(value)}, more than a program can have", key)
    text, code, workerid, probid, subid = values[:5]
    return Row(text, code, workerid, probid, subid, int(values[5]), int(values[6]))


def _cut(value: str) -> str:
    return value if len(value) <= 20 else f"{value[:20]}..."


@dataclass
class _Reader:
    """Collects rows into programs. A damaged row with unknown key waits until the next row tells whose it was."""

    file: str
    rows: list[Row] = field(default_factory=list)
    key: tuple[str, str, str] | None = None
    broken: bool = False  # the program at hand has a damaged row: its other rows are passed over
    homeless: bool = False  # a damaged row of this or of the next program came just before

    def finish(self) -> Iterator[Program]:
        if self.rows and not self.broken:
            yield Program(self.rows)
        self.rows, self.key, self.broken, self.homeless = [], None, False, False

    def take_damaged(self, key: tuple[str, str, str] | None) -> Iterator[Program]:
        if key is None:
            self.homeless = True
            return
        if key != self.key:
            yield from self.finish()
            self.key = key
        self.broken = True

    def take(self, row: Row, number: int, text: str) -> Iterator[Program | Rejection]:
        if row.line == 0:
            self.broken |= self.homeless
            yield from self.finish()
            self.key, self.rows = row.key, [row]
            return
        if row.key != self.key:  # its first rows are missing
            known = self.homeless
            yield from self.finish()
            self.key, self.broken = row.key, True
            if not known:
                yield Rejection(self.file, number, f"a program starts with line {row.line}, not 0", text)
            return
        self.broken |= self.homeless
        self.homeless = False
        if not self.broken and row.line != len(self.rows):
            self.broken = True
            reason = f"line number jumps from {len(self.rows) - 1} to {row.line}"
            yield Rejection(self.file, number, reason, text)
        self.rows.append(row)


def read_programs(lines: Iterable[str], file: str) -> Iterator[Program | Rejection]:
    r"""The programs and the damaged rows of one table, in file order.

    ``lines`` are the table's lines, header first; they may end in ``\n`` or ``\r\n``, the last one in nothing. Empty
    lines are passed over. ``file`` names the table in messages. Raises TableError where the header is not SPoC's.
    """
    numbered = ((number, line.removesuffix("\n").removesuffix("\r")) for number, line in enumerate(lines, start=1))
    header = next(numbered, (1, ""))[1]
    order, width = _column_order(header, file), header.count("\t") + 1
    reader = _Reader(file)
    number, text = 1, header
    for number, text in numbered:
        if not text:
            continue
        row = _parse_row(text, order, width)
        if isinstance(row, _Damage):
            yield from reader.take_damaged(row.key)
            yield Rejection(file, number, row.reason, text)
        else:
            yield from reader.take(row, number, text)
    reader.broken |= reader.homeless
    for program in reader.finish():
        if program.is_complete():
            yield program
        else:
            yield Rejection(file, number, f"the file ends inside program {program.identifier}: a brace is open", text)
