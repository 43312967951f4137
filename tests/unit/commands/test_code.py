"""`fairseq-cft code`: source files of all kinds in, program lines out."""

import os
from pathlib import Path

import pytest

from fairseq_cft.__main__ import main
from fairseq_cft.formats.line_format import decode_line

SHARED_DATA = Path(os.environ.get("CFT_SHARED_DATA", Path(__file__).resolve().parents[3].parent / "shared" / "data"))
ADD = """\
#include <iostream>
using namespace std;
int main() {
  int a, b; cin >> a >> b;
  if (a) cout << a + b; // sum
}
"""
ADD_LINE = "int main ( ) { $ ~ int a , b ; $ ~ cin >> a >> b ; $ ~ if ( a ) { $ ~ ~ cout << a + b ; $ ~ } $ }"


def code(*arguments: object) -> int:
    return main(["code", *map(str, arguments)])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "src"
    made.mkdir()
    return made


def test_odd_files_are_counted_and_never_fatal(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, data in {
        "0.cpp": ADD.encode(),
        "1 same.cpp": ADD.replace("b", "count").replace("\n", "\r\n").encode(),
        "2 latin.cpp": b'// caf\xe9\nint main() { puts("x"); }',
        "3 latin.cpp": b'int main() { puts("caf\xe9"); }',
        "4 large.cpp": b" " * 5_000_000,
        "5 binary.cpp": bytes(range(256)),
        "6 long.cpp": b"int main() { " + b"f(); " * 200 + b"}",
        "7 part.cpp": b"int f() { return 1; }",
        "8 open.cpp": b"int main() {",
        "9 empty.cpp": b"",
        "a ??=.cpp": b"??=include <x>\nint main() ??< ??>",
        "b deep.cpp": b"int main() { " + b"(" * 100_000,
        "c mark.cpp": b'\xef\xbb\xbfint main() { puts("y"); }',
        "d wrong.cpp": b"int main() { undeclared; }",
    }.items():
        (folder / name).write_bytes(data)
    assert code("--input", folder, "--output", tmp_path / "p.tgt", "--jobs", 2) == 0
    lines = (tmp_path / "p.tgt").read_text(encoding="utf-8").splitlines()
    wrong = "int main ( ) { $ ~ undeclared ; $ }"
    assert lines == [ADD_LINE, *(f'int main ( ) {{ $ ~ puts ( "{x}" ) ; $ }}' for x in "xy"), wrong]
    said = capsys.readouterr().out
    assert said.startswith(f"{tmp_path / 'p.tgt'}: 4 programs of 14 files; left out: 3 unreadable, 2 without main, ")
    for reason in ("not UTF-8", "larger than 256 KiB", "binary", "longer than 1000 characters", "equal to another one"):
        assert f"1 {reason}" in said
    assert code("--input", folder, "--output", tmp_path / "one.tgt", "--jobs", 1) == 0
    assert (tmp_path / "one.tgt").read_bytes() == (tmp_path / "p.tgt").read_bytes()
    assert code("--input", folder, "--output", tmp_path / "c.tgt", "--jobs", 2, "--compile") == 0
    assert (tmp_path / "c.tgt").read_text(encoding="utf-8").splitlines() == lines[:-1]
    assert "1 not compiling" in capsys.readouterr().out


def test_programs_of_a_test_set_are_left_out(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "a.cpp").write_text(ADD.replace("b", "second"))
    (folder / "b.cpp").write_text(ADD.replace("+", "-"))
    bare = ADD_LINE.replace("{ $ ~ ~ cout", "$ ~ ~ cout").replace("; $ ~ } $ }", "; $ }")  # as SPoC has it: no braces
    (tmp_path / "test.tgt").write_text(f"{bare}\n")
    assert code("--input", folder, "--output", tmp_path / "p.tgt", "--exclude", tmp_path / "test.tgt") == 0
    assert (tmp_path / "p.tgt").read_text() == f"{ADD_LINE.replace('+', '-')}\n"
    assert "1 equal to an excluded program" in capsys.readouterr().out


def test_many_files_in_one_folder(folder: Path, tmp_path: Path) -> None:
    (folder / "0.cpp").write_text(ADD)
    for number in range(1, 1_500):
        (folder / f"{number}.cpp").write_text("int x;")
    assert code("--input", folder, "--output", tmp_path / "p.tgt") == 0
    assert (tmp_path / "p.tgt").read_text() == f"{ADD_LINE}\n"


def test_mistakes_are_one_sentence(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "a.cpp").write_text("int x;")
    assert code("--input", folder, "--output", tmp_path / "p.tgt") == 1
    assert "no program is left: 0 programs of 1 files; left out: 1 without main" in capsys.readouterr().err
    assert not (tmp_path / "p.tgt").exists()
    with pytest.raises(SystemExit):
        code("--input", folder, "--output", tmp_path / "p.tgt", "--max-chars", 0)


def test_what_comes_out_goes_in_again(folder: Path, tmp_path: Path) -> None:
    """Real programs of SPoC: they are programs in SPoC's manner already, up to the braces."""
    table = SHARED_DATA / "spoc/test/spoc-testw.tsv"
    if not table.is_file():
        pytest.skip(f"no {table}; name the folder of the shared data by CFT_SHARED_DATA")
    assert main(["spoc", "--tsv", str(table), "--output-prefix", str(tmp_path / "w"), "--max-chars", "400"]) == 0
    programs = (tmp_path / "w.tgt").read_text(encoding="utf-8").splitlines()[:100]
    for number, line in enumerate(programs):
        (folder / f"{number:03}.cpp").write_text(f"#include <bits/stdc++.h>\n{decode_line(line)}", encoding="utf-8")
    assert code("--input", folder, "--output", tmp_path / "p.tgt") == 0
    made = (tmp_path / "p.tgt").read_text(encoding="utf-8").splitlines()
    assert len(made) >= 95  # some are equal up to names
    assert (
        code("--input", folder, "--output", tmp_path / "none.tgt", "--exclude", tmp_path / "w.tgt") == 1
    )  # all left out
