"""Text and the lines that models are trained on, in each of the formats."""

import pytest

from fairseq_cft.files import InputError
from fairseq_cft.formats import detecting

SYNTHETIC = ' $ set a to "x;";  $ print a;  $ '
SPOC = "TAB1 read n ; $ TAB2 print n ;"
PROGRAM = "int main () { $ int a = 1 ; $ if ( a ) { $ cout << a ; $ } $ return 0; }"
OURS = 'int main ( ) { $ ~ cout << "{␣~" << \\~ x ; $ }'


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("synthetic", 'set a to "x;"\nprint a', SYNTHETIC),
        ("synthetic", 'set a to "x;" ;\r\n\n  print a;\r\n', SYNTHETIC),
        ("synthetic", "print a", " $ print a;  $ "),
        ("spoc", "  read n\n\n\t  print   n\n", SPOC),
        ("spoc", "pay $ 5", "TAB0 pay \\$ 5 ;"),
        ("plain", "print a\n", "print a"),
        *((name, blank, "") for name in detecting.PSEUDOCODE_FORMATS for blank in ("", "\n", " \t\r\n ")),
    ],
)
def test_text_becomes_the_line_of_the_data(name, text, line):
    assert detecting.pseudocode_line(text, name) == line


@pytest.mark.parametrize(("name", "line"), [("synthetic", SYNTHETIC), ("spoc", SPOC), ("plain", " a $ b ")])
def test_a_line_of_the_data_stays_as_it_is(name, line):
    assert detecting.pseudocode_line(line, name) == line == detecting.pseudocode_line(line + "\r\n", name)


@pytest.mark.parametrize(
    ("name", "line", "text"),
    [
        ("synthetic", PROGRAM, "int main () {\n  int a = 1 ;\n  if ( a ) {\n    cout << a ;\n  }\n  return 0; }\n"),
        ("ours", OURS, 'int main ( ) {\n  cout << "{ ~" << ~ x ;\n}\n'),
        ("plain", '{"a": 1}', '{"a": 1}\n'),
    ],
)
def test_programs_become_indented_text_and_come_back(name, line, text):
    assert detecting.program_text(line, name) == text
    assert detecting.program_line(text, name) == line == detecting.program_line(line, name)


@pytest.mark.parametrize("broken", ["} } } $ x", "{ { $ ~ \" } $ '", "$ $", ""])
def test_broken_programs_become_text_too(broken):
    for name in detecting.PROGRAM_FORMATS:
        assert detecting.program_text(broken, name).endswith("\n") or not broken


def test_a_format_of_one_line_refuses_two():
    with pytest.raises(InputError, match="pseudocode as one line, and was given 2"):
        detecting.pseudocode_line("a\nb", detecting.PLAIN)
    with pytest.raises(InputError, match="a program as one line"):
        detecting.program_line("a\nb\n", detecting.PLAIN)


def test_formats_are_told_by_most_lines():
    assert detecting.detect_pseudocode([SYNTHETIC, SYNTHETIC, "odd"]) == "synthetic"
    assert detecting.detect_pseudocode([SPOC, "TAB0 x ;"]) == "spoc"
    assert detecting.detect_pseudocode([SPOC, "a", "b"]) == detecting.detect_pseudocode([]) == "plain"
    assert detecting.detect_program([PROGRAM, PROGRAM, OURS]) == "synthetic"
    assert detecting.detect_program([OURS, OURS, "a b"]) == "ours"
    assert detecting.detect_program(["[1,2]", '{"a":1}']) == "plain"
