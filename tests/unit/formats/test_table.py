"""Text and the lines that models are trained on, in each of the formats by their names."""

import pytest

from fairseq_cft.errors import UsageError, UserError
from fairseq_cft.formats.table import PLAIN, PROGRAMS, PSEUDOCODE, detected, program_format, written

SYNTHETIC = ' $ set a to "x;";  $ print a;  $ '
TOKENS = "TAB1 read a [ i ] ; $ TAB2 print \\~ n ;"
SPOC = "TAB1 read n, m ; $ TAB2 print n ;"
PROGRAM = "int main () { $ int a = 1 ; $ if ( a ) { $ cout << a ; $ } $ return 0; }"
LOSSLESS = 'int main ( ) { $ ~ cout << "{␣~" << \\~ x ; $ }'


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("synthetic", 'set a to "x;"\nprint a', SYNTHETIC),
        ("synthetic", 'set a to "x;" ;\r\n\n  print a;\r\n', SYNTHETIC),
        ("synthetic", "print a", " $ print a;  $ "),
        ("spoc", "  read n, m\n\n\t  print   n\n", SPOC),
        ("spoc-tokens", "  read a[i]\n    print ~n", TOKENS),
        ("spoc", "pay $ 5", "TAB0 pay \\$ 5 ;"),
        ("plain", "print a\n", "print a"),
        *((name, blank, "") for name in PSEUDOCODE for blank in ("", "\n", " \t\r\n ")),
    ],
)
def test_text_becomes_the_line_of_the_data(name, text, line):
    assert PSEUDOCODE[name].encode(text) == line


@pytest.mark.parametrize(
    ("name", "line"), [("synthetic", SYNTHETIC), ("spoc", SPOC), ("spoc-tokens", SPOC), ("plain", " a $ b ")]
)
def test_a_line_of_the_data_stays_as_it_is(name, line):
    assert PSEUDOCODE[name].encode(line) == line == PSEUDOCODE[name].encode(line + "\r\n")


@pytest.mark.parametrize(
    ("name", "line", "text"),
    [
        ("synthetic", PROGRAM, "int main () {\n  int a = 1 ;\n  if ( a ) {\n    cout << a ;\n  }\n  return 0; }\n"),
        ("lossless", LOSSLESS, 'int main ( ) {\n  cout << "{ ~" << ~ x ;\n}\n'),
        ("plain", '{"a": 1}', '{"a": 1}'),
    ],
)
def test_programs_become_text_and_come_back(name, line, text):
    assert PROGRAMS[name].decode(line) == text
    assert PROGRAMS[name].encode(text) == line == PROGRAMS[name].encode(line)


def test_published_programs_are_read_with_and_without_repair():
    line = 'int main ( ) { $ ~ ~ x = "0 LL" + 0 LL ; $ }'
    assert program_format("published").decode(line) == 'int main ( ) { \n \t \t x = "0 LL" + 0 LL ; \n }\n'
    assert program_format("published-repaired").decode(line) == 'int main ( ) {\n    x = "0 LL" + 0LL ;\n}\n'
    with pytest.raises(UserError, match="only read"):
        program_format("published").encode("int x;")


@pytest.mark.parametrize("broken", ["} } } $ x", "{ { $ ~ \" } $ '", "$ $", ""])
def test_broken_programs_become_text_too(broken):
    for name in PROGRAMS.keys() - {PLAIN}:
        assert program_format(name).decode(broken).endswith("\n") or not broken


def test_a_format_of_one_line_refuses_two():
    with pytest.raises(UserError, match="pseudocode as one line, and was given 2"):
        PSEUDOCODE[PLAIN].encode("a\nb")
    with pytest.raises(UserError, match="a program as one line"):
        PROGRAMS[PLAIN].encode("a\nb\n")


def test_formats_are_told_by_most_lines():
    assert detected([SYNTHETIC, SYNTHETIC, "odd"], PSEUDOCODE) == "synthetic"
    assert detected([SPOC, TOKENS], PSEUDOCODE) == "spoc"
    assert detected([SPOC, TOKENS, "TAB0 ; $ TAB0 x ;"], PSEUDOCODE) == "spoc-tokens"
    assert detected([SPOC, "a", "b"], PSEUDOCODE) == detected([], PSEUDOCODE) == "plain"
    assert detected([PROGRAM, PROGRAM, LOSSLESS], PROGRAMS) == "synthetic"
    assert detected([LOSSLESS, LOSSLESS, "a b"], PROGRAMS) == "lossless"
    assert detected(["[1,2]", '{"a":1}'], PROGRAMS) == "plain"


def test_names():
    assert program_format("ours") is PROGRAMS["lossless"]  # as older command lines say it
    assert written(PROGRAMS) == ["lossless", "synthetic", "plain"]
    with pytest.raises(UsageError, match="choose from lossless, synthetic, published"):
        program_format("theirs")
