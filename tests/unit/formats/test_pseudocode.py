"""Pseudocode as one line, and as people read it."""

import pytest

from fairseq_cft.formats.pseudocode import pseudocode_text, spoc_line, tokenize_as_code


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("TAB0 read n ; $ TAB2 print n ;", "read n ;\n    print n ;"),
        (" $ set var_1 to true;  $ output var_1;  $ ", "set var_1 to true;\noutput var_1;"),
        (' $ set a to "$5";  $ read b;  $', 'set a to "$5";\nread b;'),
        ('TAB0 print "5$ each" ; $ TAB1 print TAB1 ;', 'print "5$ each" ;\n  print TAB1 ;'),
        (r"TAB1 pay \$ 5 ;", "  pay $ 5 ;"),
        ("TAB99999999999 x", "TAB99999999999 x"),  # a model's slip
        ("print $5", "print $5"),
        ("", ""),
    ],
)
def test_pseudocode_has_a_line_for_each_step(line, text):
    assert pseudocode_text(line) == text


def test_steps_that_say_nothing_are_kept_where_a_step_is_a_line():
    steps = [(0, " "), (1, "read n"), (0, "")]
    assert spoc_line(steps) == "TAB1 read n ;"
    assert spoc_line(steps, empty=True) == "TAB0 ; $ TAB1 read n ; $ TAB0 ;"
    assert spoc_line([(0, ""), (1, " ")], empty=True) == ""  # of a program that nobody described


def test_a_dollar_that_a_tokenizer_sets_apart_is_no_end_of_a_step():
    def tokens_apart(text):
        return text.replace('"', ' " ')

    line = spoc_line([(0, 'print "$" and $')], tokens_apart)
    assert line == r'TAB0 print " \$ " and \$ ;'
    assert pseudocode_text(line) == 'print " $ " and $ ;'


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("set a[i][j] to min(b+c,3*c)", "set a [ i ] [ j ] to min ( b + c , 3 * c )"),
        ("if x<=1e9 and y!=0.5 then i++", "if x <= 1e9 and y != 0.5 then i ++"),
        ("""print "a  \\"b\\"" and '\\n',' '""", """print "a␣␣\\"b\\"" and '\\n' , '␣'"""),
        ("if it isn't what they're 'YES'", "if it isn ' t what they ' re 'YES'"),
        ('set s to "abc', 'set s to " abc'),
        ("n's, ~x and $5", r"n ' s , \~ x and \$ 5"),
        ("", ""),
    ],
)
def test_tokens_set_apart_as_those_of_code(text, tokens):
    assert tokenize_as_code(text) == tokens
    assert pseudocode_text(f"TAB0 {tokens} ;").replace(" ", "") == f"{text};".replace(" ", "")
