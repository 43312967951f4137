"""A source file as its author wrote it -> the tokens of the program alone."""

import pytest

from fairseq_cft.data.code.cleaning import UnfitError, cleaned, decoded


@pytest.mark.parametrize(
    ("source", "program"),
    [
        ("#include <iostream>\n#pragma once\nint main() {} // end\n", "int main ( ) { }\n"),
        ("/* a\n b */ using namespace std;\nint main() { using namespace std; }", "int main ( ) { }\n"),
        ("using std::cin; int main() { std::cin >> ::std::x; }", "int main ( ) { cin >> x ; }\n"),
        ("#define f(x) std::min(x, \\\n  1)\nint main() {}", "# define f( x ) min ( x , \\ \n 1 )\nint main ( ) { }\n"),
        ("int main() { int a[] = {1, 2,}; }", "int main ( ) { int a [ ] = { 1 , 2 } ; }\n"),
        ("int main() { x = 1'000'000; }", "int main ( ) { x = 1000000 ; }\n"),
        ('int main() { "// no /* comment"; }', 'int main ( ) { "// no /* comment" ; }\n'),
    ],
)
def test_what_is_no_program_is_gone(source: str, program: str) -> None:
    assert cleaned(source) == program


@pytest.mark.parametrize(
    "kept",
    [
        "int main ( ) { int max = std :: max ( 1 , 2 ) ; }",  # the program's own max
        "int max ( int ) ; int main ( ) { return std :: max ( 1 , 2 ) ; }",
        "template < > struct std :: hash < P > { } ; int main ( ) { }",
        "namespace a { namespace std { int x ; } } int main ( ) { a :: std :: x ; }",
    ],
)
def test_std_stays_where_the_name_would_mean_something_else(kept: str) -> None:
    assert cleaned(kept) == f"{kept}\n"


def test_std_goes_where_the_program_used_the_name_without_it_too() -> None:
    source = "using namespace std; int main() { a.max = p->max; return max(1, std::max(2, 3)); }"
    assert "std" not in cleaned(source)
    assert "std" not in cleaned(
        "int main() { a.max = p->max; return std::max(2, 3); }"
    )  # a member is no name of its own


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("int f() {}", "without main"),
        ("void g() { int main(); }", "without main"),
        ("", "without main"),
        ('#include "mine.h"\nint main() {}', "with a header"),
        ("#include <windows.h>\nint main() {}", "with a header"),
        ("#include MACRO\nint main() {}", "with a header"),
        ("int main() { ) }", "unreadable"),
        ("int main() {", "unreadable"),
        ('int main() { "open; }\n', "unreadable"),
        ("int main() { /* open }", "unreadable"),
        ("int main() { @ }", "unreadable"),
        ("??=include <x>\nint main() ??< ??>", "unreadable"),
        ('int main() { "caf\udce9"; }', "not UTF-8"),
        ('#define X "caf\udce9"\nint main() {}', "not UTF-8"),
    ],
)
def test_what_is_no_whole_program_is_refused(source: str, reason: str) -> None:
    with pytest.raises(UnfitError, match=reason):
        cleaned(source)


def test_bytes_become_text() -> None:
    assert decoded(b"\xef\xbb\xbfint x;\r\n\r\r\nint y;\r") == "int x;\n\nint y;\n"
    assert cleaned(decoded(b"int main() {} // caf\xe9\r\n")) == "int main ( ) { }\n"  # Latin-1, in a comment alone
    with pytest.raises(UnfitError, match="binary"):
        decoded(b"\x7fELF\0\0")
