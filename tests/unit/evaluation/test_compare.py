"""The three ways of comparing outputs."""

from __future__ import annotations

import pytest

from fairseq_cft.evaluation.compare import exact, floats, tokens


@pytest.mark.parametrize(
    ("written", "same"),
    [
        (b"1 2\n", (True, True, True)),
        (b"1 2", (False, True, True)),
        (b"1  2 \n\n", (False, True, True)),
        (b"1 2.0\n", (False, False, True)),
        (b"1.0000001 2\n", (False, False, True)),
        (b"1.001 2\n", (False, False, False)),
        (b"1\n", (False, False, False)),
        (b"1 2 3\n", (False, False, False)),
        (b"", (False, False, False)),
        (b"1 \xff\n", (False, False, False)),
        (b"1 nan\n", (False, False, False)),
    ],
)
def test_compare(written: bytes, same: tuple[bool, bool, bool]) -> None:
    expected = b"1 2\n"
    assert (exact(expected, written), tokens(expected, written), floats(expected, written)) == same


def test_words_are_never_numbers() -> None:
    assert not floats(b"YES", b"yes")
    assert floats(b"nan", b"nan")  # the same word
    assert not floats(b"0", b"nan")
