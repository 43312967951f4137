"""The three ways of comparing outputs."""

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


@pytest.mark.parametrize(
    ("expected", "written", "same"),
    [
        ("1" + "0" * 400, "2" + "7" * 400, False),
        ("1" + "0" * 400, "1" + "0" * 399 + "1", False),
        ("10", "1_0", False),
        ("1000000007", "1000000008", False),
        ("007", "7", True),
        ("-0", "+0", True),
        ("1" * 5000, "1" * 5000 + ".0", True),
        ("-7", "7", False),
        ("1e400", "2e400", False),
        ("1e400", "1.0000001E+400", True),
        ("1e400", "-1e400", False),
        ("inf", "1e400", False),
        ("inf", "+Infinity", True),
        ("inf", "-inf", False),
        ("1e99999999999999999999", "1e99999999999999999998", False),
        ("3", "3.0000001", True),
        ("1.5", "1.5x", False),
        ("1.5", "1,5", False),
        ("0x10", "16", False),
        ("1.", ".1e1", True),
        ("nan", "0", False),
    ],
)
def test_numbers(expected: str, written: str, same: bool) -> None:
    assert floats(expected.encode(), written.encode()) == same
    assert floats(written.encode(), expected.encode()) == same


@pytest.mark.parametrize(
    ("expected", "written", "same"),
    [(b"1", b"1\n", True), (b"1", b"1\n\n", False), (b"1", b"1\r\n", False), (b"1\n", b"1", False), (b"", b"\n", True)],
)
def test_a_newline_at_the_end_that_cannot_be_expected(expected: bytes, written: bytes, same: bool) -> None:
    """A file of one line an output holds none; test cases of several lines do."""
    assert exact(expected, written) == same


def test_words_are_never_numbers() -> None:
    assert not floats(b"YES", b"yes")
    assert floats(b"nan", b"nan")  # the same word
    assert not floats(b"0", b"nan")
