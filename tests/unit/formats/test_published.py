"""The published line format: read as it is, and with split tokens mended."""

import re

import pytest
from cpp_programs import compile_errors, spoc_programs

from fairseq_cft.formats.published import decode_published
from fairseq_cft.formats.tokenizer import tokenize

# How the published tokenizer splits: two-character operators at most, decimal numbers only (see its description).
PUBLISHED_TOKENS = re.compile(
    r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|[0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]+)?|[_A-Za-z]\w*'
    r"|->|<<|>>|\*\*|\|\||&&|--|\+\+|[-+*|&%/=<>!]=|\S"
)


def published_line(lines: list[tuple[int, str]]) -> str:
    return " $ ".join(" ".join(["~"] * indent + PUBLISHED_TOKENS.findall(code)) for indent, code in lines)


def test_as_published() -> None:
    line = 'int main ( ) { $ ~ ~ x = 0 LL ; $ if ( b ) { ~ int v ; } $ cout << "a  b" ; $ }'
    expected = 'int main ( ) { \n \t \t x = 0 LL ; \n if ( b ) { \t int v ; } \n cout << "a  b" ; \n }\n'
    assert decode_published(line) == expected


@pytest.mark.parametrize(
    "code",
    [
        "x = 0LL + 0x3f + 1ull + 2. + 2.f + 1e-9 + 3.5 + 1.e-9 + 1.e5f + 0x1e - 9 + 2.*y;",
        "std::sort(::a); c = b ? d : ::e; case 1: ::f();",
        "x>>=1; x<<=2; x^=3; y = x ^ 4; p->*q; r.*s;",
        "case 1 ... 5: f(rest...); s.size();",
        'if (~x) y = ~~(0 ^ 0); cout << " $ ~ " << \'$\' << "~";',
        "if (s[0] == '.' or n == 1 and m == 2 xor k) a = -1;",
        'L"x"; u8"y"; "z"s; f("p", q);',
    ],
)
def test_mended_tokens_are_those_of_the_program(code: str) -> None:
    mended = decode_published(published_line([(1, code)]), repair=True)
    assert mended.startswith("  ")
    assert [token.text for token in tokenize(mended)] == [token.text for token in tokenize(code)]


@pytest.mark.parametrize(
    ("torn", "whole"),
    [
        ("x = 0 LL ;", "x = 0LL ;"),
        ("x = 0 x3f ;", "x = 0x3f ;"),
        ("x = 0 x1e - 9 ;", "x = 0x1e - 9 ;"),
        ("x = 1 e9 ;", "x = 1e9 ;"),
        ("x = 1e - 9 ;", "x = 1e-9 ;"),
        ("x = 1 e - 9 ;", "x = 1e-9 ;"),
        ("x = 1 . e - 9 ;", "x = 1.e-9 ;"),
        ("x = 1 . e + 9 L ;", "x = 1.e+9L ;"),
        ("x = 1e9 - 9 ;", "x = 1e9 - 9 ;"),
        ("x = 2 . ;", "x = 2. ;"),
        ("x = 2 . - 5 ;", "x = 2. - 5 ;"),
        ("x = 2 . 5 ;", "x = 2.5 ;"),
        ("x = 2.5 . 5 ;", "x = 2.5 . 5 ;"),
        ("std : : sort", "std :: sort"),
        ("x >> = 1", "x >>= 1"),
        ("x << = 1", "x <<= 1"),
        ("void f ( A < B < int > > = { } ) ;", "void f ( A < B < int > > = { } ) ;"),
        ("a ? b : c", "a ? b : c"),
        ("x > 1 and y", "x > 1 and y"),
        ("x > 2 . and y", "x > 2. and y"),
        ("x1 . y", "x1 . y"),
        ("e - 9", "e - 9"),
        ("v [ 0 ] . first", "v [ 0 ] . first"),
        ('cout << "0 LL : : 2 . 5" << 0 LL', 'cout << "0 LL : : 2 . 5" << 0LL'),
        ("c = '\"' ; x = 0 LL ; d = '\"'", "c = '\"' ; x = 0LL ; d = '\"'"),
    ],
)
def test_mended_lines(torn: str, whole: str) -> None:
    assert decode_published(torn, repair=True) == whole + "\n"


def test_headers_and_indents_in_mid_line() -> None:
    assert decode_published("#include < bits / stdc ++ . h > $ x ;", repair=True) == "#include <bits/stdc++.h>\nx ;\n"
    assert [t.text for t in tokenize(decode_published("if ( b ) { ~ int v ; ~ v ; }", repair=True))][5:7] == [
        "int",
        "v",
    ]


def test_mending_never_fails() -> None:
    for line in ("", "$", "~", '" $', "' $ ' $ '", ". . . .", ": : : :", "0 . . x", "$ $ ~ $ ~ ~"):
        assert decode_published(line, repair=True).endswith("\n")


def test_every_real_program_is_mended_to_its_own_tokens() -> None:
    """Which makes the share of reference programs that compile after decoding that of the programs themselves."""
    different = []
    for program in spoc_programs():
        rows = [(row.indent, row.code) for row in program.rows]
        mended = decode_published(published_line(rows), repair=True).replace("* *", "**")
        source = "".join(f"{code}\n" for _, code in rows)
        if [t.text for t in tokenize(mended)] != [t.text for t in tokenize(source)]:
            different.append(program.identifier)
    assert different == ["709A-48863734-02"]  # the variable `$i`: its `$` cannot be told from the end of a line


def test_mended_programs_compile() -> None:
    programs = spoc_programs(60)
    lines = [published_line([(row.indent, row.code) for row in program.rows]) for program in programs]
    assert compile_errors([decode_published(line, repair=True) for line in lines]) == ""
    assert compile_errors([decode_published(line) for line in lines]) != ""
