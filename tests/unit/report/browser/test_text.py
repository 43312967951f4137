"""Programs and compiler messages as people read them."""

from browser_runs import COMPILER_SAYS

from fairseq_cft.report.browser.text import compiler_message, program_text

NO_MATCH = """../main.cpp: In function ‘int main()’:
../main.cpp:9:15: error: no match for ‘operator&&’
    9 | a && b ;
      |   ^~
../main.cpp:9:15: note: candidate: ‘operator&&(bool, bool)’
In file included from /usr/include/c++/12/valarray:603,
                 from /var/cache/bits/stdc++.h:95:
/usr/include/c++/12/bits/valarray_after.h:415:5: note: candidate: ‘template’
  415 |     _DEFINE_EXPR_BINARY_OPERATOR(&&, struct std::__logical_and)
/usr/include/c++/12/bits/ranges.h:70:2: error: static assertion failed
   70 |  static_assert
../main.cpp:12:1: fatal error: x: No such file or directory
compilation terminated."""


def test_programs_are_read_in_the_evaluations_line_format() -> None:
    assert program_text("int main ( ) { $ ~ x ; $ }") == "int main ( ) {\n  x ;\n}"
    assert program_text("int main ( ) { $ x ; $ }") == "int main ( ) {\n  x ;\n}"  # the data has no indents
    assert program_text("x = 1 $ { y", decode="plain", language="python") == "x = 1 $ { y"


def test_lines_of_compiler_messages_are_those_of_the_program() -> None:
    assert compiler_message(COMPILER_SAYS) == (
        "line 2: error: ‘x’ was not declared in this scope\n    2 | x = 1 ;\n      | ^"
    )


def test_notes_are_left_out_and_errors_in_headers_keep_their_lines() -> None:
    assert compiler_message(NO_MATCH).splitlines() == [
        "line 7: error: no match for ‘operator&&’",
        "    7 | a && b ;",
        "      |   ^~",
        "ranges.h:70: error: static assertion failed",
        "   70 |  static_assert",
        "line 10: fatal error: x: No such file or directory",
    ]


def test_a_quoted_line_may_end_in_a_colon() -> None:
    said = "../main.cpp:9:5: error: expected ‘;’\n    9 | case 1 :\n      |     ^\n../main.cpp: In function ‘f’:\nmore"
    assert compiler_message(said).splitlines() == ["line 7: error: expected ‘;’", "    7 | case 1 :", "      |     ^"]


def test_a_message_of_another_form_stays() -> None:
    for message in ("over 10 s", "ld: undefined reference to `main'\ncollect2: error: ld returned 1", ""):
        assert compiler_message(message) == message
