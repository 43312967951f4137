"""Program -> line -> program gives back tokens, lines, indents, and what compiles; reading takes anything."""

import random
import re
import subprocess

import pytest
from cpp_programs import HARD_PROGRAM, compile_errors, source_of, spoc_programs

from fairseq_cft.formats.line_format import decode_line, encode_program, encode_token, format_lines, parse_line
from fairseq_cft.formats.tokenizer import tokenize

# pieces that are dangerous side by side
FRAGMENTS = [
    *(
        '"',
        "'",
        "\\",
        "\n",
        "\\\n",
        " ",
        "  ",
        "\t",
        "~",
        "$",
        'R"(',
        ')"',
        'R"x(',
        ')x"',
        "/*",
        "*/",
        "//",
        "#define f(",
        "#define $(",
        "#define f\\\n(",
    ),
    *(
        "#include <a>",
        "<",
        ">",
        ":",
        "=",
        "a",
        "0x1",
        "1e",
        "+",
        ".",
        "é",
        "␣",
        "␛",
        "␛41;",
        "\u2028",
        "\r",
        "\0",
        "u8",
        "L",
    ),
    *("%:", "(", ")", "\u2581", "\xa0", "\v", "#", "define ", "\\~", "\\$"),
]


def assert_exact(source: str) -> str:
    """The line, after making sure that it gives back the program and survives splitting at white space."""
    line = encode_program(source)
    decoded = decode_line(line)
    assert [token.text for token in tokenize(decoded)] == [token.text for token in tokenize(source)]
    assert encode_program(decoded) == line
    assert line == " ".join(line.split())
    return line


def test_the_format_itself() -> None:
    source = 'int main() {\n  cout<<"a ~  b"<<~x;\n\treturn $;\n\n}\n'
    line = r'int main ( ) { $ ~ cout << "a␣~␣␣b" << \~ x ; $ ~ return \$ ; $ $ }'
    assert encode_program(source) == line
    assert decode_line(line) == 'int main ( ) {\n  cout << "a ~  b" << ~ x ;\n  return $ ;\n\n}\n'


def test_rows_with_indents_are_the_same_as_source_text() -> None:
    rows = [(0, "int main() {"), (2, " return~1; "), (1, ""), (0, "}")]
    line = r"int main ( ) { $ ~ ~ return \~ 1 ; $ ~ $ }"
    assert encode_program(rows) == line
    assert [(indent, words) for indent, words in parse_line(line)][1:3] == [(2, ["return", r"\~", "1", ";"]), (1, [])]
    assert format_lines(parse_line(line)) == line
    with pytest.raises(ValueError, match="line 2 of the program has indent -1"):
        encode_program([(0, "a"), (-1, "b")])


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("#define f(x) (x)\n#define g (1)\n", "# define f( x ) ( x ) $ # define g ( 1 )"),
        ("#define $(x) x\n$(4)\n", r"# define \$( x ) x $ \$ ( 4 )"),
        ("#define F\\ \n(x) x\n", r"# define F\␣␊( x ) x"),
        ("#define F\\\n (x)\n", r"# define F \ $ ( x )"),
        ("#include <a/\\\nb.h>\n", r"# include <a/\␊b.h>"),
        ("#include<a/b.h>\n#define H <v>\n", "# include <a/b.h> $ # define H <v>"),
        ("#define A \\\n  1\n", "# define A \\ $ ~ 1"),
        ('R"(a\n\tb)" /* c\n d */ // e\n', 'R"(a␊␉b)" /*␣c␊␣d␣*/ //␣e'),
        ("'\\''  ' ' L'~' \"$\"\n", "'\\'' '␣' L'~' \"$\""),
        ("a\xa0b\n\x00\n", "a ␛a0; b $ ␛0;"),
        ('"␣␛41;▁"\n', '"␛2423;␛241b;41;␛2581;"'),
        ('"open ~ quote\nx\n', '"open␣~␣quote $ x'),
        ("a\n\nb\n\n", "a $ $ b $"),
    ],
)
def test_escapes(source: str, line: str) -> None:
    assert assert_exact(source) == line


def test_newlines_of_other_systems_and_a_missing_last_one() -> None:
    assert encode_program("\ufeffa;\r\n  b;\r\n") == encode_program("a;\n  b;") == "a ; $ ~ b ;"
    assert encode_program("a; // c\r\nb;\r\r\n") == "a ; //␣c $ b ;"
    assert (encode_program(""), decode_line(""), decode_line("  ")) == ("", "", "")


def test_any_text_is_exact() -> None:
    rng = random.Random(3)
    for _ in range(4000):
        source = "".join(rng.choices(FRAGMENTS, k=rng.randint(1, 14))) + "\n"
        assert_exact(re.sub("\r+\n", "\n", source))


def test_the_hard_program_still_compiles() -> None:
    decoded = decode_line(assert_exact(HARD_PROGRAM))
    assert decoded.count("\n") == HARD_PROGRAM.count("\n")
    command = ["g++", "-std=gnu++20", "-fsyntax-only", "-w", "-x", "c++", "-"]
    assert subprocess.run(command, input=decoded, text=True, capture_output=True, check=False).stderr == ""


def test_every_real_program_is_exact() -> None:
    for program in spoc_programs():
        line = program.target()
        assert assert_exact(source_of(program)) == line
        assert decode_line(line).count("\n") == len(program.rows)
        assert [indent for indent, _ in parse_line(line)] == [row.indent for row in program.rows]


def test_real_programs_compile_after_decoding() -> None:
    programs = spoc_programs(60)
    assert compile_errors([decode_line(program.target()) for program in programs]) == ""


def test_reading_takes_whatever_a_model_writes() -> None:
    assert decode_line("  ~ if ( b ) { ~ int x ; } $ ~  ~ y ; ") == "  if ( b ) { int x ; }\n    y ;\n"
    assert decode_line("a ␛110000; ␛d800; ␛zz; ␛ ␣ $") == "a ␛110000; ␛d800; ␛zz; ␛  \n\n"
    rng = random.Random(4)
    for _ in range(2000):
        line = "".join(rng.choices(FRAGMENTS, k=rng.randint(1, 14)))
        decode_line(line).encode("utf-8")


def test_a_word_is_a_token_even_when_the_token_holds_white_space() -> None:
    assert encode_token('" \t\n␣"') == '"␣␉␊␛2423;"'
    source = "f(\" ~ $ \", '~'); x = ~y; // $ ~\n"
    assert len(encode_program(source).split()) == len(tokenize(source))
