"""Runs of lines of a labeled program as pairs of their own."""

import numpy as np
import pytest

from fairseq_cft.data.segments import LONGEST, draw_segments
from fairseq_cft.data.spoc import Program, Row

ROWS = [
    ("", "int main() {", 0),
    ("create n", "int n;", 1),
    ("for i from 0 to n", "for (int i = 0; i < n; i++) {", 1),
    ("pay $ i", "cout << '$' << i;", 2),
    ("", "}", 1),
    ("return", "return 0;", 1),
    ("", "}", 0),
]
PROGRAM = Program([Row(text, code, "7", "1A", "5", line, indent) for line, (text, code, indent) in enumerate(ROWS)])
LONG = Program([Row(f"set a to {n}", f"a = {n};", "7", "1A", "5", n, 1) for n in range(30)])


def drawn(program: Program, count: int, seed: int = 1) -> list[tuple[str, str]]:
    return draw_segments(program, count, np.random.default_rng(seed))


def test_every_run_that_starts_and_ends_with_a_described_line() -> None:
    found = drawn(PROGRAM, 100)
    assert len(found) == len(set(found)) == 10  # of 4 described lines: 4 single ones and 6 pairs of ends
    assert (r"… TAB2 pay \$ i ;", "~ ~ cout << '$' << i ;") in found
    assert (
        r"… TAB1 for i from 0 to n ; $ TAB2 pay \$ i ; $ TAB1 return ;",
        "~ for ( int i = 0 ; i < n ; i ++ ) { $ ~ ~ cout << '$' << i ; $ ~ } $ ~ return 0 ;",
    ) in found
    whole = f" $ {PROGRAM.target()} $ "
    assert all(f" $ {code} $ " in whole for _, code in found)


def test_lines_that_nobody_described_are_kept_on_request() -> None:
    found = draw_segments(PROGRAM, 100, np.random.default_rng(1), empty=True)
    assert {code for _, code in found} == {code for _, code in drawn(PROGRAM, 100)}
    assert all(source.count(" $ ") == code.count(" $ ") for source, code in found)
    assert any("TAB1 ; $ TAB1 return ;" in source for source, _ in found)


@pytest.mark.parametrize(("count", "single"), [(1, 1), (2, 1), (9, 5), (20, 10), (100, 30)])
def test_half_are_single_lines(count: int, single: int) -> None:
    found = drawn(LONG, count)
    lengths = [code.count(" $ ") + 1 for _, code in found]
    assert len(found) == count and max(lengths) <= LONGEST
    assert lengths.count(1) == (single if count <= 20 else min(30, 50))


def test_the_generator_alone_decides() -> None:
    assert drawn(LONG, 10) == drawn(LONG, 10) != drawn(LONG, 10, seed=2)


def test_a_whole_program_is_no_segment() -> None:
    one = Program([Row("print 1", "cout << 1;", "7", "1A", "5", 0, 0)])
    assert drawn(one, 5) == []
    assert drawn(PROGRAM, 0) == []
    assert not any(source.startswith("TAB") for source, _ in drawn(PROGRAM, 100))
