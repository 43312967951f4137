"""clang-format, many files a process."""

import sys
from pathlib import Path

import pytest

from fairseq_cft.data.code import clang_format
from fairseq_cft.data.code.clang_format import find_clang_format, formatted
from fairseq_cft.errors import UserError

PROGRAM = "int main ( ) { int n ; cin >> n ; for ( ; n ; n -- ) if ( n > 1 ) f ( n ) ; else g ( n ) ; }"
LAID_OUT = """\
int main() {
  int n;
  cin >> n;
  for (; n; n--) {
    if (n > 1) {
      f(n);
    } else {
      g(n);
    }
  }
}
"""


def test_one_statement_a_line_and_bodies_in_braces() -> None:
    assert formatted(find_clang_format(), [PROGRAM, "", PROGRAM]) == [LAID_OUT.rstrip(), "", LAID_OUT.rstrip()]
    assert formatted(find_clang_format(), []) == []


def test_a_long_statement_stays_one_line() -> None:
    values = f"int a[] = {{{', '.join(map(str, range(300)))}}};"
    (made,) = formatted(find_clang_format(), [f"{values}\nclass C {{ public: int f() {{ return 1; }} }};"])
    assert made == f"{values}\nclass C {{\npublic:\n  int f() {{\n    return 1;\n  }}\n}};"


def test_a_file_that_it_fails_on_costs_no_other(tmp_path: Path) -> None:
    fake = tmp_path / "clang-format"
    fake.write_text(
        f"#!{sys.executable}\nimport sys, pathlib\n"
        "for path in map(pathlib.Path, sys.argv[3:]):\n"
        "    text = path.read_text()\n"
        "    path.write_text('made of ' + text)\n"
        "    if text == 'bad': sys.exit(1)\n"
    )
    fake.chmod(0o755)
    assert formatted(str(fake), ["a", "bad", "b"]) == ["made of a", None, "made of b"]


def test_one_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = tmp_path / "clang-format"
    fake.write_text("#!/bin/sh\nexec sleep 60\n")
    fake.chmod(0o755)
    monkeypatch.setattr(clang_format, "SECONDS", 0.2)
    monkeypatch.setattr(clang_format, "SECONDS_ALONE", 0.1)
    assert formatted(str(fake), ["a", "b"]) == [None, None]


def test_without_it_or_with_an_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = tmp_path / "clang-format"
    fake.write_text("#!/bin/sh\necho \"error: unknown key 'InsertBraces'\" >&2\nexit 1\n")
    fake.chmod(0o755)
    with pytest.raises(UserError, match=r"older than version 15; pip install 'fairseq_cft\[code\]'"):
        formatted(str(fake), ["a"])
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_clang_format() == str(fake)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(UserError, match=r"clang-format is not installed.*fairseq_cft\[code\]"):
        find_clang_format()
