"""When two outputs count as the same."""

import decimal
import re
from collections.abc import Callable
from decimal import Decimal

TOLERANCE = Decimal("1e-6")
INTEGER = re.compile(rb"([+-]?)0*(\d+)")
NUMBER = re.compile(rb"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
INFINITE = re.compile(rb"([+-]?)inf(?:inity)?()", re.IGNORECASE)

Comparison = Callable[[bytes, bytes], bool]


def exact(expected: bytes, written: bytes) -> bool:
    """Byte by byte; where no newline is expected at the end, as in a file with one line an output, one may be there."""
    return written == expected or (not expected.endswith(b"\n") and written == expected + b"\n")


def tokens(expected: bytes, written: bytes) -> bool:
    """The same words; the amount of white space between them does not count."""
    return expected.split() == written.split()


def floats(expected: bytes, written: bytes) -> bool:
    """As tokens, but numbers may differ by at most 1e-6, absolutely or relatively; two integers are compared exactly.

    An infinite number, spelled inf or infinity, is near none but itself, and what is no decimal number is a word.
    """
    left, right = expected.split(), written.split()
    return len(left) == len(right) and all(a == b or _near(a, b) for a, b in zip(left, right, strict=True))


def _near(left: bytes, right: bytes) -> bool:
    for kind in (INTEGER, INFINITE):
        first, second = kind.fullmatch(left), kind.fullmatch(right)
        if first and second:
            return _spelled(first) == _spelled(second)
    if not (NUMBER.fullmatch(left) and NUMBER.fullmatch(right)):
        return False
    try:
        a, b = Decimal(left.decode()), Decimal(right.decode())
        return abs(a - b) <= TOLERANCE * max(abs(a), abs(b), Decimal(1))
    except decimal.DecimalException:  # an exponent beyond all bounds
        return False


def _spelled(number: re.Match[bytes]) -> tuple[bool, bytes]:
    """Whether it is below zero, and its digits: the same for all spellings of an integer, or of an infinite number."""
    digits = number[2] or b""
    return number[1] == b"-" and digits != b"0", digits


COMPARISONS: dict[str, Comparison] = {"exact": exact, "tokens": tokens, "floats": floats}
