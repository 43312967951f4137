"""Line formats by their names; what each does is tested beside the formats themselves."""

from __future__ import annotations

import pytest

from fairseq_cft.errors import UsageError
from fairseq_cft.formats.decoding import find_decoder, published, repaired


def test_published() -> None:
    assert published("int main ( ) { $ ~ ~ x = 1 ; $ }") == "int main ( ) { \n \t \t x = 1 ; \n }\n"


def test_ours_gives_back_literals() -> None:
    assert find_decoder("ours")('cout << "a␣~␣b" ;').strip() == 'cout << "a ~ b" ;'


def test_repaired() -> None:
    assert repaired('cout << "0 LL" << 0 LL ;') == 'cout << "0 LL" << 0LL ;\n'


def test_no_such_decoder() -> None:
    with pytest.raises(UsageError, match="choose from ours, published"):
        find_decoder("theirs")
