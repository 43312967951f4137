"""SPoC's tables: which rows make a program, and what becomes of damaged ones."""

import os
from pathlib import Path

import pytest

from fairseq_cft.data.spoc import COLUMNS, Program, Rejection, TableError, read_programs

HEADER = "\t".join(COLUMNS)
SHARED_DATA = Path(os.environ.get("CFT_SHARED_DATA", Path(__file__).resolve().parents[3].parent / "shared" / "data"))


def program(problem: str, *lines: str, worker: str = "7") -> list[str]:
    """Rows of a program; each line is `text|code|indent`."""
    rows = []
    for number, line in enumerate(lines):
        text, code, indent = line.split("|")
        rows.append("\t".join([text, code, worker, problem, "99", str(number), indent]))
    return rows


ADD = program("1A", "|int main() {|0", 'say "hi" twice|cout << "a  b";|1', "|}|0")
ONE = program("2B", "define f|int f() { return 1; }|0")


def read(*rows: str, header: str = HEADER) -> tuple[list[Program], list[Rejection]]:
    found = list(read_programs([header, *rows], "t.tsv"))
    return [x for x in found if isinstance(x, Program)], [x for x in found if isinstance(x, Rejection)]


def outcome(*rows: str) -> tuple[list[str], list[tuple[int, str]]]:
    programs, rejections = read(*rows)
    return [item.identifier for item in programs], [(item.row, item.reason) for item in rejections]


def test_a_program_and_its_line() -> None:
    (first, second), rejections = read(*ADD, *ONE)
    assert rejections == []
    assert first.identifier == "1A-99-7"
    assert first.target() == 'int main ( ) { $ ~ cout << "a␣␣b" ; $ }'
    assert first.source() == 'TAB1 say "hi" twice ;'  # quotes are plain characters; rows without text are left out
    assert first.source(str.upper) == 'TAB1 SAY "HI" TWICE ;'
    assert second.source() == "TAB0 define f ;"


def test_source_lines_stay_one_line_each() -> None:
    (item,), _ = read(*program("1A", "a \u2028 $  b\x0bc|x;|0", " |y;|0", "d|z;|3"))
    assert item.source() == r"TAB0 a \$ b c ; $ TAB3 d ;"


def test_programs_are_told_apart_by_all_three_parts_and_by_line_0() -> None:
    rows = [*ADD, *program("1A", "x|int b;|0", worker="8"), *ADD, *ADD]
    assert outcome(*rows)[0] == ["1A-99-7", "1A-99-8", "1A-99-7", "1A-99-7"]


def test_column_order_line_ends_and_byte_order_mark() -> None:
    order = ["indent", "line", "subid", "extra", "probid", "workerid", "code", "text"]
    places = {column: index for index, column in enumerate(COLUMNS)}
    rows = []
    for row in [*ADD, *ONE]:
        fields = row.split("\t")
        rows.append("\t".join(fields[places[column]] if column in places else "-" for column in order) + "\r\n")
    rows[-1] = rows[-1].rstrip("\r\n")  # the last newline is missing
    found, rejections = read(*rows, "", "\r\n", header="\ufeff" + "\t".join(order) + "\r\n")
    assert rejections == []
    assert [item.rows for item in found] == [item.rows for item in read(*ADD, *ONE)[0]]


@pytest.mark.parametrize("header", ["", "a,b", HEADER.replace("line", "row"), HEADER + "\tcode", ADD[0]])
def test_a_table_without_the_columns_is_refused(header: str) -> None:
    with pytest.raises(TableError, match=r"t\.tsv:1: the header must name"):
        read(*ADD, header=header)


def changed(row: str, column: str, value: str) -> str:
    fields = row.split("\t")
    fields[COLUMNS.index(column)] = value
    return "\t".join(fields)


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("indent", "-1", "indent is -1: it counts from 0"),
        ("indent", "1.5", "indent is '1.5', not a number"),
        ("indent", "", "indent is '', not a number"),
        ("indent", "256", "indent is 256, more than a program can have"),
        ("indent", "9" * 5000, f"indent is {'9' * 20}..., more than a program can have"),
        ("line", "9" * 5000, f"line is {'9' * 20}..., more than a program can have"),
        ("line", "-1", "line is -1: it counts from 0"),
        ("line", "one", "line is 'one', not a number"),
        ("line", "2", "line number jumps from 0 to 2"),
        ("code", "a\tb", "8 fields where the header has 7"),
    ],
)
def test_a_damaged_row_takes_its_program_and_no_other(column: str, value: str, reason: str) -> None:
    """Row 6 is the middle one of three."""
    assert outcome(*ONE, *ADD[:1], changed(ADD[1], column, value), ADD[2], *ONE) == (["2B-99-7"] * 2, [(4, reason)])


def test_a_row_of_unknown_program_counts_to_the_one_it_must_belong_to() -> None:
    bad = "only\tthree\tfields"
    reason = "3 fields where the header has 7"
    # the first row of ADD is damaged: the next row starts at line 1, so the damage is its program's
    assert outcome(*ONE, bad, *ADD[1:], *ONE) == (["2B-99-7"] * 2, [(3, reason)])
    # the last row of ADD is damaged: the next program is whole
    assert outcome(*ONE, *ADD[:2], bad, *ONE) == (["2B-99-7"] * 2, [(5, reason)])
    # the same at the end of the file
    assert outcome(*ONE, *ADD[:2], bad) == (["2B-99-7"], [(5, reason)])
    # a damaged row whose fields can be told apart names its program itself
    assert outcome(*ADD, changed(ONE[0], "indent", "x"), *ADD)[0] == ["1A-99-7"] * 2


def test_missing_rows() -> None:
    assert outcome(*ONE, *ADD[1:], *ONE) == (["2B-99-7"] * 2, [(3, "a program starts with line 1, not 0")])
    assert outcome(*ONE, ADD[0], ADD[2], *ONE) == (["2B-99-7"] * 2, [(4, "line number jumps from 0 to 2")])
    assert outcome(ADD[0], ADD[0], ADD[1], ADD[1], *ONE)[0] == ["1A-99-7", "2B-99-7"]


def test_a_file_that_ends_inside_a_program() -> None:
    reason = "the file ends inside program 1A-99-7: a brace is open"
    assert outcome(*ONE, *ADD[:2]) == (["2B-99-7"], [(4, reason)])
    braces = program("1A", "|int main() { // }|0", "|char c = '{'; }|0")
    assert outcome(*braces) == (["1A-99-7"], [])  # braces in comments and literals do not count


def test_real_tables_are_sound() -> None:
    counts = {"spoc-train-eval": 2010, "spoc-train-test": 1025}
    for name, count in counts.items():
        path = SHARED_DATA / "spoc" / "train" / "split" / f"{name}.tsv"
        if not path.is_file():
            pytest.skip(f"no {path}; name the folder of the shared data by CFT_SHARED_DATA")
        programs, rejections = read(*path.read_text(encoding="utf-8").split("\n")[1:])
        assert (len(programs), rejections) == (count, [])
        assert len({item.identifier for item in programs}) == count
