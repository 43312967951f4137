"""The noise of real programs: which lines, which mistakes, how many, and always the same from the same seed."""

import re
import subprocess
import sys
import time
from collections import Counter
from itertools import cycle

import numpy as np
import pytest
from cpp_programs import spoc_programs

from fairseq_cft.formats.line_format import decode_line, encode_program
from fairseq_cft.noise import make_noise
from fairseq_cft.noise.cpp import ONE_ERROR, CppNoise, breakable_lines
from fairseq_cft.noise.cpp_declarations import break_declarator, break_type, find_declarations
from fairseq_cft.noise.cpp_names import break_keyword, break_name
from fairseq_cft.noise.cpp_words import KEYWORDS, LIBRARY, TYPES, Pool

PROGRAM = encode_program(
    "int total = 0, n;\nbool small(int a, int b) {\n  return a < b;\n}\n\nint main() {\n  vector<long long> v(10);\n"
    "  cin >> n;\n  for (int i = 0; i < n; i++) {\n    cin >> v[i];\n    if (v[i] < 5) total += v[i];\n"
    "    else if (n) n = -1;\n  }\n"
    '  string s = "a b";\n  sort(v.begin(), v.end());\n  cout << s << total << "\\n" << endl;\n  return 0;\n}\n'
)
UNTOUCHED = ["int main ( ) {", "}", "~ }", "~ return 0 ;", ""]


def corrupted(noise: CppNoise, count: int = 400) -> list[tuple[str, tuple[str, ...]]]:
    return [noise.corrupt(PROGRAM, np.random.default_rng((1, index))) for index in range(count)]


def lines_of(line: str) -> list[str]:
    return [part.strip() for part in re.split(r"(?<!\S)\$(?!\S)", line)]


def results(function: object, line: str, draws: int = 400) -> Counter[str]:
    """What a method makes of a line, over many draws."""
    found: Counter[str] = Counter()
    for seed in range(draws):
        numbers = iter(np.random.default_rng(seed).random(50).tolist())
        arguments = [line.split()] if function in (break_type, break_keyword) else [line.split(), Pool(PROGRAM.split)]
        broken = function(*arguments, numbers.__next__)  # type: ignore[operator]
        if broken is not None:
            found[" ".join(broken)] += 1
    return found


def test_one_mistake_changes_one_line_that_may_be_touched() -> None:
    clean = lines_of(PROGRAM)
    for line, methods in corrupted(CppNoise(clean_share=0)):
        assert len(methods) == 1
        assert line != PROGRAM
        broken = lines_of(line)
        if len(broken) == len(clean) - 1:  # a line of which nothing is left
            continue
        changed = [old for old, new in zip(clean, broken, strict=True) if old != new]
        assert len(changed) == 1
        assert changed[0] not in UNTOUCHED


def test_the_methods_come_as_often_as_they_should() -> None:
    counts = Counter(methods[0] for _, methods in corrupted(CppNoise(clean_share=0), 3000))
    for (method, count), share in zip(sorted(counts.items()), (0.20, 0.05, 0.30, 0.30, 0.15), strict=True):
        assert abs(count / 3000 - share) < 0.03, method
    assert sum(ONE_ERROR) == pytest.approx(1)


def test_the_number_of_mistakes() -> None:
    counts = Counter(len(methods) for _, methods in corrupted(CppNoise(clean_share=0, errors=(2, 4)), 300))
    assert set(counts) == {2, 3, 4}
    assert min(counts.values()) > 60
    # mistakes that undo one another do not leave the program clean
    twice = CppNoise(clean_share=0, errors=(2, 2))
    assert all(twice("a , b ;", np.random.default_rng(seed)) != "a , b ;" for seed in range(3000))


def test_the_clean_share() -> None:
    kept = sum(line == PROGRAM for line, _ in corrupted(CppNoise(clean_share=0.3), 1000))
    assert abs(kept - 300) < 50
    assert all(line == PROGRAM and not methods for line, methods in corrupted(CppNoise(clean_share=1), 20))


def test_the_same_seed_gives_the_same_corruption() -> None:
    noise = make_noise("cpp", errors=(1, 6))
    lines = [noise(PROGRAM, np.random.default_rng(index)) for index in range(50)]
    assert lines == [noise(PROGRAM, np.random.default_rng(index)) for index in range(50)]
    assert len(set(lines)) > 40
    # a fresh interpreter hashes strings in another way
    program = "import sys, numpy as np; from fairseq_cft.noise import make_noise; noise = make_noise('cpp')\n"
    program += "print('|'.join(noise(sys.argv[1], np.random.default_rng(i)) for i in range(50)))"
    printed = subprocess.run(
        [sys.executable, "-c", program, PROGRAM], capture_output=True, text=True, check=True
    ).stdout
    assert printed.splitlines()[-1] == "|".join(make_noise("cpp")(PROGRAM, np.random.default_rng(i)) for i in range(50))


def test_options_are_checked() -> None:
    for wrong in ({"clean_share": 1.5}, {"errors": (0, 1)}, {"errors": (3, 2)}):
        with pytest.raises(ValueError, match=r"clean_share|errors"):
            make_noise("cpp", **wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "line", ["", " ", "}", "~ $ ~", "int main ( ) {", "$ $ $", '"', "~ ~ x", "else", ": :", "␣", "{", "'' $ \\ $ \\~"]
)
def test_any_line_is_taken(line: str) -> None:
    for seed in range(30):
        broken = CppNoise(clean_share=0, errors=(1, 6))(line, np.random.default_rng(seed))
        assert broken == line or broken.strip()


def test_what_is_not_touched_stays_byte_for_byte() -> None:
    line = "a  ; $ ~ b ; ~ c  ; $ }"  # not as we write it: double blanks, an indent in mid-line
    for seed in range(40):
        broken = CppNoise(clean_share=0)(line, np.random.default_rng(seed)).split(" $ ")
        assert broken[-1] == "}"
        assert len(broken) < 3 or broken[0] == "a  ;" or broken[1] == "~ b ; ~ c  ;"


def test_types() -> None:
    found = results(break_type, "unsigned long long x = 1 ; y = 2 ;")
    others = [f"{name} x = 1 ; y = 2 ;" for name in ("int", "float", "double", "char", "string", "bool", "long")]
    inserted = [line for line in found if line.startswith("unsigned long long x = 1 ; ") and line.endswith(" y = 2 ;")]
    assert set(found) == {*others, "x = 1 ; y = 2 ;", *inserted}
    assert len(inserted) == 7
    total = sum(found.values())
    assert abs(found["x = 1 ; y = 2 ;"] / total - 1 / 3) < 0.08
    assert set(results(break_type, "cin >> x ;")) == set()
    assert "vector < > v ;" in results(break_type, "vector < int > v ;")


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("int a , b = f ( 1 , 2 ) , * c ;", [["a", "b", "c"]]),
        ("const vector < pair < int , ll >> v ( 10 ) , w ;", [["v", "w"]]),
        ("for ( ll i = 0 , j ; i < n ; i ++ ) {", [["i", "j"]]),
        ("std :: string s ; int x [ 3 ] = { 1 , 2 } ;", [["s"], ["x"]]),
        ("bool small ( int a , int b ) {", []),
        ("cin >> a >> b ; x = 1 ;", []),
        ("return x ; if ( a < b ) c ;", []),
        ("int a , ;", []),
        ("int", []),
    ],
)
def test_declarations(line: str, names: list[list[str]]) -> None:
    words = line.split()
    found = [[words[declarator.name] for declarator in declarators] for declarators in find_declarations(words)]
    assert found == names


def test_declarators() -> None:
    found = results(break_declarator, "int a = 1 , b ;", 1500)
    assert found["int b ;"] > 150 < found["int a = 1 ;"]  # deleted, with one comma
    for name in ("n", "total", "small", "v", "s"):
        assert {f"int {name} = 1 , b ;", f"int a = 1 , {name} ;", f"int {name} , a = 1 , b ;"} <= set(found)
        assert f"int a = 1 , b , {name} ;" in found
    assert set(results(break_declarator, "int a ;")) > {"int ;"}
    assert not results(break_declarator, "a = b ;")


def test_names() -> None:
    found = results(break_name, "total += v [ i ] ;", 1500)
    assert {"+= v [ i ] ;", "total += [ i ] ;", "total += v [ ] ;", "n += v [ i ] ;"} <= set(found)
    assert "0 += v [ i ] ;" in found  # the pool has the program's literals, half the time
    deleted = sum(found[line] for line in ("+= v [ i ] ;", "total += [ i ] ;", "total += v [ ] ;"))
    assert abs(deleted / sum(found.values()) - 0.5) < 0.07
    assert not results(break_name, "int total = n ;")  # a line with a type
    assert not results(break_name, "cout << endl ;")  # no name of the program's own
    assert not any("sort" not in line for line in results(break_name, "sort ( v . begin ( ) ) ;"))


def test_keywords() -> None:
    found = results(break_keyword, "else if ( n ) n = f ( 1 ) ;", 900)
    assert set(found) == {
        *("if ( n ) n = f ( 1 ) ;", "else ( n ) n = f ( 1 ) ;", "( n ) n = f ( 1 ) ;", "else if ( n ) n = ( 1 ) ;")
    }
    assert abs(found["( n ) n = f ( 1 ) ;"] - 300) < 60
    assert set(results(break_keyword, "while ( x ) {")) == {"for ( x ) {", "( x ) {"}
    assert set(results(break_keyword, "for ( ; ; ) {")) == {"while ( ; ; ) {", "( ; ; ) {"}
    assert set(results(break_keyword, "} else {")) == {"} else if {"}
    assert set(results(break_keyword, "s . size ( ) ;")) == {"s . ( ) ;"}


def test_the_pool_holds_short_names_of_the_program_only() -> None:
    pool = Pool('int a = f ( much_too_long , "x" , 7 ) ; cin >> b ; $ ~ $dollar'.split)
    drawn = Counter(pool.draw(np.random.default_rng(seed).random) for seed in range(2000))
    assert set(drawn) == {"a", "f", "b", "$dollar", '"x"', "7"}
    assert abs((drawn['"x"'] + drawn["7"]) / 2000 - 0.5 * 2 / 6) < 0.04  # literals are in it half the time
    assert Pool("int x".split).draw(cycle([0.9]).__next__, instead_of="x") is None
    assert not (TYPES & KEYWORDS or KEYWORDS & LIBRARY)


def test_single_lines() -> None:
    assert breakable_lines("int main ( ) { $ ~ int x ; $ ~ return 0 ; $ } $ $ ~ ~ y ; ") == ["~ int x ;", "~ ~ y ;"]
    noise = CppNoise(clean_share=0)  # takes them as it takes programs
    broken = [noise(line, np.random.default_rng(1)) for line in breakable_lines(PROGRAM)]
    assert len(broken) == 12
    assert all(new != old and " $ " not in new for new, old in zip(broken, breakable_lines(PROGRAM), strict=True))


def test_real_programs_break_and_fast() -> None:
    lines = [program.target() for program in spoc_programs(1000)]
    noise = CppNoise(clean_share=0)
    started = time.process_time()
    broken = [noise(line, np.random.default_rng(index)) for index, line in enumerate(lines)]
    seconds = time.process_time() - started
    assert all(old != new for old, new in zip(lines, broken, strict=True))
    assert len(lines) / seconds > 2000  # measured: 30,000 a second
    for line in broken:
        decode_line(line)
