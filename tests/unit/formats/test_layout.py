"""Indents for programs that have none."""

import pytest

from fairseq_cft.formats.layout import indented
from fairseq_cft.formats.tokenizer import tokenize


def test_lines_are_indented_by_open_braces() -> None:
    source = "int main ( ) {\nfor ( ; ; ) {\nx ++ ;\n}\nif ( a ) { b ( ) ;\n} else {\nc ( ) ;\n} }\nint y ;\n"
    expected = "int main ( ) {\n  for ( ; ; ) {\n    x ++ ;\n  }\n  if ( a ) { b ( ) ;\n  } else {\n    c ( ) ;\n"
    assert indented(source) == expected + "} }\nint y ;\n"


def test_braces_in_literals_and_comments_do_not_count() -> None:
    assert indented('s = "{" ; // {\nx ;\n') == 's = "{" ; // {\nx ;\n'


def test_what_is_indented_already_stays() -> None:
    source = "int main ( ) {\n      x ;\ny ;\n}\n"
    assert indented(source) == source


@pytest.mark.parametrize("source", ["", "\n", "}\n}\n{", '{\nR"(a\nb)" ;\n}', "{\n\n\nx", "{\n\\\nx ;\n"])
def test_tokens_and_number_of_lines_stay(source: str) -> None:
    made = indented(source)
    assert [token.text for token in tokenize(made)] == [token.text for token in tokenize(source)]
    assert made.count("\n") == source.count("\n")
