"""A noise of a model's own mistakes: which it finds, where it makes them, and the command that writes it."""

from collections import Counter

import numpy as np
import pytest
from commands import run

from fairseq_cft.errors import UserError
from fairseq_cft.noise import item_rng, make_noise, noise_options
from fairseq_cft.noise.learned import Mistake, find_mistakes, noise_of_mistakes
from fairseq_cft.user_files import read_user_files


def broken(mistakes, line, count=200, **options) -> Counter[str]:
    noise = noise_of_mistakes(mistakes)(**{"clean_share": 0.0, "errors": (1, 1), **options})
    return Counter(noise(line, item_rng(1, 0, index)) for index in range(count))


@pytest.mark.parametrize(
    ("right", "wrong", "found"),
    [
        ("int a ; $ cin >> a ;", "int a ; $ cin >> b ;", [(">> $0 ;", "$1")]),  # a name is a name
        ("cout << a + b ;", "cout << a ;", [("$0 + $1 ;", "")]),
        ("x = ( 1 ) ;", "x = ( ( 1 ) ;", [("= (", "(")]),
        ("return 0 ; $ }", "$ }", [(" return 0 ; $", "")]),  # at the beginning
        ("f ( a ) ;", "f ( a )", [(") ; ", "")]),  # at the end
        ("a = b ; c", "d = b ; e", [(" $0 =", "$1"), ("; $0 ", "$1")]),
        ("a", "a", []),
        ("", "", []),
        (" ".join("abcdefghi"), "x", []),  # nine words: another program
    ],
)
def test_what_is_a_mistake(right, wrong, found):
    assert find_mistakes([(right, wrong)]) == [Mistake(1, *each) for each in found]


def test_the_most_frequent_comes_first_and_names_do_not_count():
    pairs = [("x = 1 ;", "x = 2 ;"), ("cin >> a ;", "cin >> ;"), ("cin >> b ;", "cin >> ;")]
    assert find_mistakes(pairs) == [(2, ">> $0 ;", ""), (1, "= 1 ;", "2")]


def test_it_is_made_where_its_words_stand_and_nowhere_else():
    made = broken([(1, ">> $0 ;", "$1")], "int n , m ; $ cin >> n ; $ cout << n ;")
    assert set(made) == {"int n , m ; $ cin >> m ; $ cout << n ;"}
    assert broken([(1, "<< 5 ;", "6")], "cout << 4 ;") == {"cout << 4 ;": 200}
    assert broken([(1, " $0 =", "")], "a = b ; a = c ;", count=20) == {"= b ; a = c ;": 20}  # at the beginning only


def test_every_place_and_every_name_has_its_turn():
    made = broken([(1, "+ $0", "$1")], "a + b + c", count=600)
    # between + and b comes c or a, between + and c comes a or b
    assert set(made) == {"a + a b + c", "a + c b + c", "a + b + a c", "a + b + b c"}
    assert min(made.values()) > 100


def test_one_slot_is_one_name_and_two_are_two():
    assert broken([(1, "$0 = $0", "==")], "a = b") == {"a = b": 200}
    assert broken([(1, "$0 = $1", "==")], "a = a") == {"a = a": 200}
    assert broken([(1, "$0 = $0", "==")], "a = a") == {"a == a": 200}
    assert broken([(1, "= $0", "$1")], "a = a") == {"a = a": 200}  # there is no other name
    assert broken([(1, "= $0", "$1"), (1, "= $0 ", "")], "a = a") == {"a =": 200}  # so another mistake is made


def test_a_frequent_mistake_is_made_as_often_as_it_was_found():
    made = broken([(3, "; $", "}"), (1, ") ;", "")], "f ( a ) ; $ }", count=800)
    assert 0.7 < made["f ( a ) ; } $ }"] / 800 < 0.8 and made.total() == 800


def test_clean_share_number_of_mistakes_and_odd_lines():
    mistakes = [(1, "; $", "x")]
    line = "a ; $ b ; $ c ; $"
    assert 60 < broken(mistakes, line, clean_share=0.4)[line] < 100
    assert {text.count("x") for text in broken(mistakes, line, errors=(1, 2))} == {1, 2}
    assert {text.count("x") for text in broken(mistakes, line, errors=(5, 5))} == {3}  # there are no more places
    for odd in ("", " ", "$", "$0", "$0 $1"):
        assert broken([(1, " $0 ", ""), (1, "$0 $1", "$2")], odd, count=5) == {odd: 5}


LOG = "S-{0}\tsource\nT-{0}\t{1}\nH-{0}\t-0.5\t{2}\nD-{0}\t-0.5\t{2}\nP-{0}\t-0.1\n"


def test_the_command_writes_a_user_file(tmp_path, capsys, forget_user_files):
    (tmp_path / "gen.log").write_text(
        LOG.format(1, "cin >> a ;", "cin >> ;") + LOG.format(0, 'x = "$\'" ;', "x = y ;") + "Generate test\n"
    )
    run("learn-noise", tmp_path / "gen.log", "--output", tmp_path / "own.py", "--name", "fs-own")
    assert "own.py: 2 mistakes of 2 kinds in 2 outputs" in capsys.readouterr().out
    read_user_files(tmp_path / "own.py")
    assert noise_options("fs-own") == ["clean_share", "errors"]
    noise = make_noise("fs-own", clean_share=0.0, errors=(1, 1))
    assert noise("cin >> n ;", np.random.default_rng(0)) == "cin >> ;"
    assert noise('n = "$\'" ; cin', np.random.default_rng(0)) == "n = n ; cin"


@pytest.mark.parametrize(
    ("log", "options", "message"),
    [
        (None, [], "cannot read the outputs gen.log"),
        ("H-0\t-0.5\ta\n", [], "gen.log holds no references"),
        ("nothing\n", [], "no line H-<id> or D-<id>"),
        (LOG.format(0, "a ;", "a ;"), [], "hold no mistakes of a few words"),
        (LOG.format(0, "a ;", "b ;"), ["--name", "cpp"], "a noise cannot be called 'cpp'"),
        (LOG.format(0, "a ;", "b ;"), ["--name", "a b"], "a noise cannot be called 'a b'"),
    ],
)
def test_what_is_refused(tmp_path, monkeypatch, capsys, log, options, message):
    monkeypatch.chdir(tmp_path)
    if log is not None:
        (tmp_path / "gen.log").write_text(log)
    with pytest.raises((UserError, SystemExit)) as caught:
        run("learn-noise", "gen.log", "--output", "own.py", *options)
    assert message in str(caught.value) + capsys.readouterr().err
    assert not (tmp_path / "own.py").exists()
