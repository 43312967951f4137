"""The 30 ways to break a line's punctuation."""

from itertools import chain, cycle

import pytest

from fairseq_cft.noise.cpp_syntax import ACTIONS, break_syntax

LINE = "a [ 0 ] = f ( \"x y\" , 'c' ) + { 1 } - ( b < c > d ) ;".replace("x y", "x␣y")


def test_there_are_thirty() -> None:
    assert len(ACTIONS) == 30
    for token in "(),;{}[]+-=<>\"'":
        assert f"delete {token}" in ACTIONS
    for token in "(),{}[]\"'":
        assert f"double {token}" in ACTIONS


@pytest.mark.parametrize("name", ACTIONS)
def test_each_changes_the_line_it_fits_and_no_other(name: str) -> None:
    words = LINE.split()
    broken = ACTIONS[name](words, lambda: 0.9)
    assert broken is not None
    assert broken != words
    assert words == LINE.split()
    assert ACTIONS[name](["return"], lambda: 0.9) is None
    assert ACTIONS[name]([], lambda: 0.9) is None


@pytest.mark.parametrize(
    ("name", "line", "draws", "expected"),
    [
        ("delete (", "f ( ( a ) )", [0.9], "f ( a ) )"),
        ("delete ;", "for ( ; ; ) x ;", [0.0], "for ( ; ) x ;"),
        ("double ]", "a [ i ]", [0], "a [ i ] ]"),
        ("; to ,", "x = 1 ;", [0], "x = 1 ,"),
        (", to ;", "f ( a , b )", [0], "f ( a ; b )"),
        ("; to .", "x ;", [0], "x ."),
        (") ; to ; )", "f ( a ) ;", [0], "f ( a ; )"),
        ("delete <", "a < b << c", [0.9, 0], "a b << c"),
        ("delete <", "a < b << c", [0.1, 0], "a < b c"),  # half the time the double form
        ("delete >", "cin >> n ;", [0.1, 0], "cin n ;"),
        ('delete "', 'f ( "a" ) ;', [0], 'f ( a" ) ;'),
        ('delete "', 'f ( "a" ) ;', [0.9], 'f ( "a ) ;'),
        ('delete "', 'f ( "␣" ) ;', [0.9], 'f ( "␣ ) ;'),
        ("double '", "c = 'x' ;", [0], "c = ''x' ;"),
        ('delete all "', 'f ( "a␣b" , "c" , \'"\' ) ;', [], "f ( a␣b , c , '\"' ) ;"),
        ("delete all '", "c = 'a' + \"it's\" + 1'000 ;", [], "c = a + \"it's\" + 1'000 ;"),
        ('delete all "', 'f ( "" ) ;', [], "f ( ) ;"),
    ],
)
def test_what_each_does(name: str, line: str, draws: list[float], expected: str) -> None:
    broken = ACTIONS[name](line.split(), iter(draws).__next__)
    assert broken is not None
    assert " ".join(broken) == expected


def test_each_is_drawn_as_often_as_another() -> None:
    """The number drawn first picks the action: number k + 1/2 of 30 is action k."""
    for number, action in enumerate(ACTIONS.values()):
        expected = action(LINE.split(), cycle([0.9]).__next__)
        assert break_syntax(LINE.split(), chain([(number + 0.5) / 30], cycle([0.9])).__next__) == expected
