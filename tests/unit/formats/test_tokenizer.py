"""Maximal munch, every literal form, comments and directives; whatever the text, in linear time; as clang does it."""

import random
import time

import pytest
from cpp_programs import HARD_PROGRAM, source_of, spoc_programs

from fairseq_cft.formats.tokenizer import Kind, tokenize

OPERATORS = [
    *"{}[]();:?.~!+-*/%^&|=<>,#",
    *("::", ".*", "->", "++", "--", "<<", ">>", "<=", ">=", "==", "!=", "&&", "||", "##", "<:", ":>", "<%", "%>", "%:"),
    *("->*", "...", "<=>", "+=", "-=", "*=", "/=", "%=", "^=", "&=", "|=", "<<=", ">>=", "%:%:"),
]


def texts(source: str) -> list[str]:
    return [token.text for token in tokenize(source)]


@pytest.mark.parametrize("operator", OPERATORS)
def test_every_operator_of_cpp_20_is_one_token(operator: str) -> None:
    assert texts(f"a {operator} b") == ["a", operator, "b"]
    assert tokenize(operator)[0].kind is Kind.OPERATOR


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a>>=b>>>c", "a >>= b >> > c"),
        ("a+++++b", "a ++ ++ + b"),
        ("x<=>y<==z", "x <=> y <= = z"),
        ("p->*q.*r...s..t", "p ->* q .* r ... s . . t"),
        ("v<::a> w<:0:> u<::>", "v < :: a > w <: 0 :> u <: :>"),  # the standard's exception for <::
        ("a:::b", "a :: : b"),
        ("x=-1;y=~~z", "x = - 1 ; y = ~ ~ z"),
        ("'a'\"b\"c", "'a' \"b\"c"),
        ("#define f(x)#x", "# define f ( x ) # x"),
    ],
)
def test_maximal_munch(source: str, expected: str) -> None:
    assert texts(source) == expected.split()


@pytest.mark.parametrize(
    ("kind", "literals"),
    [
        (Kind.NUMBER, "0 1 017 0x1F 0XaBull 0b101 1'000'000 1.5 2. .5 1e9 1E-9 .5e+3f 0x1.8p-3 10_km 1.0l 0xe+1 1..2"),
        (Kind.STRING, r'"" "a\"b" "\\" u8"x" u"x" U"x" L"x" "x"s "%"PRId64 R"(a"b)" u8R"x()")x" LR"()"_s'),
        (Kind.CHAR, r"'' 'a' '\'' '\\' '\x41' L'a' u8'a' 'ab' '\"' 'x'_c"),
        (Kind.IDENTIFIER, "a _b c1 $d été \\u00e9t\\U000000e9 R u8 LR int"),
        (Kind.UNKNOWN, "@ ` \\ \x01"),
    ],
)
def test_literals_are_one_token(kind: Kind, literals: str) -> None:
    for literal in literals.split(" "):
        assert tokenize(f"({literal} )")[1:-1] == [(kind, literal, 1)], literal


def test_white_space_inside_tokens() -> None:
    source = 'x /* a\n b */ "c  d" R"q( "\n )" )q" // e  f\n#include < g h.h>\n'
    expected = ["x", "/* a\n b */", '"c  d"', 'R"q( "\n )" )q"', "// e  f", "#", "include", "< g h.h>"]
    assert texts(source) == expected
    assert tokenize(source)[-1].kind is Kind.HEADER


def test_directives() -> None:
    kinds = {token.text: token.kind for token in tokenize("#define f(x) x\n# include /**/ <a>\n#define g (x)\n")}
    assert kinds["<a>"] is Kind.HEADER
    parens = [token.kind for token in tokenize("#define f(x)\n#define g (x)\nf(x)") if token.text == "("]
    assert parens == [Kind.MACRO_PAREN, Kind.OPERATOR, Kind.OPERATOR]
    assert texts("#if __has_include(<a.h>)\n#if a<b>c")[4:] == ["<a.h>", ")", "#", "if", "a", "<", "b", ">", "c"]
    assert texts("import <a>; import<b;") == ["import", "<a>", ";", "import", "<", "b", ";"]


def test_line_continuations() -> None:
    assert texts('a\\\nb +\\\n= "c\\\nd" // e \\\nf\n1\\\n2') == [
        "a\\\nb",
        "+\\\n=",
        '"c\\\nd"',
        "// e \\\nf",
        "1\\\n2",
    ]
    layout = [(token.kind, token.text) for token in tokenize("a \\ \n b\n", layout=True)]
    assert layout[1:3] == [(Kind.SPLICE, "\\ "), (Kind.NEWLINE, "\n")]


def test_what_does_not_end() -> None:
    assert texts("\"a b\n'c d\n/* e\n f") == ['"a b', "'c d", "/* e\n f"]
    assert texts('R"x( a\n )" b') == ['R"x( a\n )" b']
    assert texts('R"too long a delimiter(a)"') == ["R", '"too long a delimiter(a)"']


def test_positions_and_the_text_between_tokens() -> None:
    rng = random.Random(5)
    for _ in range(2000):
        source = "".join(rng.choices("\"'\\/*<>:#()=+-.~$@ \n\tab0eRL8ué\u2028\x00", k=rng.randint(0, 30)))
        end = 0
        for token in tokenize(source, layout=True):
            assert source[end : token.start].strip(" \t\v\f\r") == ""
            assert source.startswith(token.text, token.start)
            end = token.start + len(token.text)
        assert source[end:].strip(" \t\v\f\r") == ""


ADVERSARIES = [
    '"',
    '\\"',
    "'",
    "/*",
    'R"(',
    'R"a(',
    "#",
    "#define a",
    "#include <",
    "\\",
    "\\ ",
    "0'",
    "a\\\n",
    '\\\n"',
    "//",
]


@pytest.mark.parametrize("piece", ADVERSARIES)
def test_linear_time(piece: str) -> None:
    source = piece * (100_000 // len(piece))
    started = time.process_time()
    tokenize(source)
    tokenize("\\\n" + source)
    assert time.process_time() - started < 5  # measured: 0.3 s at most; a quadratic tokenizer needs minutes


@pytest.fixture(scope="module")
def clang() -> object:
    return pytest.importorskip("clang.cindex", reason="needs libclang: pip install libclang")


def clang_texts(clang: object, source: str) -> list[str]:
    arguments = ["-std=c++20", "-fsyntax-only", "-nostdinc"]
    unit = clang.Index.create().parse("a.cpp", args=arguments, unsaved_files=[("a.cpp", source)])  # type: ignore[attr-defined]
    return [token.spelling for token in unit.get_tokens(extent=unit.cursor.extent)]


def test_clang_agrees_on_hard_text(clang: object) -> None:
    source = "\n".join(line for line in HARD_PROGRAM.replace("\\\n", "").split("\n") if "#" not in line)
    assert clang_texts(clang, source) == texts(source)


def test_clang_agrees_on_real_programs(clang: object) -> None:
    programs = spoc_programs(300)
    different = [p.identifier for p in programs if clang_texts(clang, source_of(p)) != texts(source_of(p))]
    assert different == []
