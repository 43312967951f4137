"""The coloured difference of two programs."""

import io
import re

import pytest

from fairseq_cft.inference.diff import diff, visible, wants_colour

BEFORE = "int main () {\n  bool a = 5 ;\n  return 0; }\n"
AFTER = "int main () {\n  int a = 5 ;\n  cout << a ;\n  return 0; }\n"


def test_lines_that_differ_are_led_by_a_sign():
    assert diff(BEFORE, AFTER, colour=False).splitlines() == [
        "  int main () {",
        "-   bool a = 5 ;",
        "+   int a = 5 ;",
        "+   cout << a ;",
        "    return 0; }",
    ]


def test_colour_adds_nothing_but_codes_and_marks_the_words_that_changed():
    coloured = diff(BEFORE, AFTER, colour=True)
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == diff(BEFORE, AFTER, colour=False)
    assert re.findall(r"\x1b\[1;7;3[12]m(.*?)\x1b\[0m", coloured) == ["bool", "int", "cout", "<", "<", "a", ";"]
    for line in coloured.splitlines():
        assert line.count("\x1b[0m") == line.count("\x1b[1;7;3") + line.startswith("\x1b")


@pytest.mark.parametrize(("before", "after"), [("", "a\n"), ("a\n", ""), ("", ""), ("a", "a")])
def test_empty_and_equal_texts(before, after):
    signs = "".join(line[0] for line in diff(before, after, colour=False).splitlines())
    assert signs == "-" * (before > after) + "+" * (after > before) + " " * (before == after == "a")


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("choice", "stream", "environment", "wanted"),
    [
        ("auto", Terminal(), {}, True),
        ("auto", Terminal(), {"NO_COLOR": "1"}, False),
        ("auto", Terminal(), {"NO_COLOR": ""}, True),
        ("auto", Terminal(), {"TERM": "dumb"}, False),
        ("auto", io.StringIO(), {}, False),
        ("always", io.StringIO(), {"NO_COLOR": "1"}, True),
        ("never", Terminal(), {}, False),
    ],
)
def test_when_there_is_colour(choice, stream, environment, wanted):
    assert bool(wants_colour(choice, stream, environment)) is wanted


def test_a_terminal_obeys_no_output():
    assert visible('cout << "\x1b[2J\r" ;\n\t') == 'cout << "\\x1b[2J\\x0d" ;\n\t'
