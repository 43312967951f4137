"""When two outputs count as the same."""

from __future__ import annotations

import math
from collections.abc import Callable

TOLERANCE = 1e-6

Comparison = Callable[[bytes, bytes], bool]


def exact(expected: bytes, written: bytes) -> bool:
    """Byte by byte."""
    return expected == written


def tokens(expected: bytes, written: bytes) -> bool:
    """The same words; the amount of white space between them does not count."""
    return expected.split() == written.split()


def floats(expected: bytes, written: bytes) -> bool:
    """As tokens, but two numbers are the same when they differ by at most 1e-6, absolutely or relatively."""
    left, right = expected.split(), written.split()
    return len(left) == len(right) and all(a == b or _near(a, b) for a, b in zip(left, right, strict=True))


def _near(left: bytes, right: bytes) -> bool:
    try:
        return math.isclose(float(left), float(right), rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    except ValueError:
        return False


COMPARISONS: dict[str, Comparison] = {"exact": exact, "tokens": tokens, "floats": floats}
