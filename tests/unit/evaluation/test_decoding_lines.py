"""Line formats: ours through the one import point, the published one, and its repair."""

from __future__ import annotations

import pytest

from fairseq_cft.evaluation.decoding import find_decoder, ours, published, repaired
from fairseq_cft.evaluation.errors import UsageError


def test_published() -> None:
    assert published("int main ( ) { $ ~ ~ x = 1 ; $ }") == "int main ( ) { \n \t \t x = 1 ; \n }\n"


def test_ours_gives_back_literals() -> None:
    assert ours('cout << "a␣~␣b" ;').strip() == 'cout << "a ~ b" ;'


@pytest.mark.parametrize(
    ("torn", "whole"),
    [
        ("x = 0 LL ;", "x = 0LL ;"),
        ("x = 0 x3f ;", "x = 0x3f ;"),
        ("x = 1 e9 ;", "x = 1e9 ;"),
        ("x = 1e - 9 ;", "x = 1e-9 ;"),
        ("x = 1 e - 9 ;", "x = 1e-9 ;"),
        ("x = 2 . ;", "x = 2. ;"),
        ("x = 2 . 5 ;", "x = 2.5 ;"),
        ("x = 2. 5 ;", "x = 2. 5 ;"),
        ("std : : sort", "std :: sort"),
        ("x >> = 1", "x >>= 1"),
        ("x > > = 1", "x >>= 1"),
        ("x << = 1", "x <<= 1"),
        ("a ? b : c", "a ? b : c"),
        ("x > 1 and y", "x > 1 and y"),
        ("x1 . y", "x1 . y"),
        ("v [ 0 ] . first", "v [ 0 ] . first"),
        ('cout << "0 LL : : 2 . 5" << 0 LL', 'cout << "0 LL : : 2 . 5" << 0LL'),
        ("c = '\"' ; x = 0 LL ; d = '\"'", "c = '\"' ; x = 0LL ; d = '\"'"),
    ],
)
def test_repair(torn: str, whole: str) -> None:
    assert repaired(torn) == whole + "\n"


def test_no_such_decoder() -> None:
    with pytest.raises(UsageError, match="choose from ours, published"):
        find_decoder("theirs")
