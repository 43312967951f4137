"""preprocess/spoc.py and the scripts around it: files, summaries, exit statuses."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from fairseq_cft.data.spoc_files import TOKENIZERS, convert, program_at, write
from fairseq_cft.errors import UserError

ROOT = Path(__file__).resolve().parents[3]
TABLE = (
    "text\tcode\tworkerid\tprobid\tsubid\tline\tindent\n"
    "\tint main() {\t7\t1A\t10\t0\t0\n"
    'print "x", don\'t stop\tputs("a  b");\t7\t1A\t10\t1\t1\n'
    "\t}\t7\t1A\t10\t2\t0\n"
    "set x to 1\tint x = 1;\t8\t2B\t11\t0\t0\n"
    "\tint y;\t8\t3C\t12\t0\t0\n"
)
DAMAGED = TABLE + "a\tb\tc\n"


def table(folder: Path, text: str = TABLE) -> Path:
    path = folder / "t.tsv"
    path.write_text(text, encoding="utf-8", newline="")
    return path


def files(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir() if path.suffix != ".tsv"}


def test_the_files(tmp_path: Path) -> None:
    result = convert([table(tmp_path)])
    write(result, tmp_path / "p.q", single_lines=True)
    assert files(tmp_path) == {
        "p.q.src": 'TAB1 print "x", don\'t stop ;\nTAB0 set x to 1 ;\n',
        "p.q.tgt": 'int main ( ) { $ ~ puts ( "a␣␣b" ) ; $ }\nint x = 1 ;\n',
        "p.q.id": "1A-10-7\n2B-11-8\n",
        "p.q.lines": '~ puts ( "a␣␣b" ) ;\nint x = 1 ;\n',
    }
    assert result.summary() == "2 programs; left out: 1 without pseudocode; damaged rows: 0"
    assert program_at(tmp_path / "p.q.tgt", 1) == 'int main ( ) {\n  puts ( "a  b" ) ;\n}\n'


def test_pseudocode_of_every_line_on_request(tmp_path: Path) -> None:
    result = convert([table(tmp_path)], empty=True)
    assert [pair.source for pair in result.pairs] == [
        'TAB0 ; $ TAB1 print "x", don\'t stop ; $ TAB0 ;',
        "TAB0 set x to 1 ;",
    ]
    assert result.dropped == {"without pseudocode": 1}


def test_long_programs_are_left_out_only_on_request(tmp_path: Path) -> None:
    path = table(tmp_path)
    assert [pair.target for pair in convert([path], max_chars=len("int x = 1 ;")).pairs] == ["int x = 1 ;"]
    result = convert([path], max_chars=len("int x = 1 ;") - 1)
    assert result.summary() == (
        "0 programs; left out: 2 longer than 10 characters, 1 without pseudocode; damaged rows: 0"
    )


def test_segments_are_files_of_their_own(tmp_path: Path) -> None:
    path = table(tmp_path, TABLE + "set a to 1\ta = 1;\t9\t4D\t13\t0\t0\nset x to 1\tint x = 1;\t9\t4D\t13\t1\t0\n" * 2)
    result = convert([path], segments=10)
    write(result, tmp_path / "p")
    made = files(tmp_path)
    assert made["p.segments.src"].splitlines() == [
        '… TAB1 print "x", don\'t stop ;',
        "… TAB0 set a to 1 ;",
        "… TAB0 set x to 1 ;",
    ]  # each once, however many programs have it
    assert made["p.segments.tgt"].splitlines() == ['~ puts ( "a␣␣b" ) ;', "a = 1 ;", "int x = 1 ;"]
    assert made["p.src"] == "".join(f"{pair.source}\n" for pair in convert([path]).pairs)  # whole programs alone
    assert result.summary().startswith("4 programs and 3 segments; ")
    limited = convert([path], segments=10, max_chars=8)  # of programs that are too long, too
    assert [code for _, code in limited.segments] == ["a = 1 ;"] and limited.pairs == []
    write(convert([path]), tmp_path / "p")
    assert "p.segments.src" not in files(tmp_path)


def test_rejects_come_and_go(tmp_path: Path) -> None:
    damaged = table(tmp_path, DAMAGED)
    write(convert([damaged]), tmp_path / "p")
    assert files(tmp_path)["p.rejects"] == f"{damaged}:7: 3 fields where the header has 7\ta\tb\tc\n"
    with pytest.raises(UserError, match=r"t\.tsv:7: 3 fields .*; mend the row"):
        convert([damaged], strict=True)
    write(convert([table(tmp_path)]), tmp_path / "p")
    assert "p.rejects" not in files(tmp_path)


def test_several_tables_and_repeated_ids(tmp_path: Path) -> None:
    path = table(tmp_path)
    result = convert([path, path])
    assert len(result.pairs) == 4
    assert result.summary().endswith("ids that occur more than once: 2")


def test_moses() -> None:
    pytest.importorskip("sacremoses")
    assert TOKENIZERS["moses"]()('if a<b, print "x & y"') == 'if a < b , print " x & y "'


def test_a_dollar_that_moses_sets_apart_ends_no_line(tmp_path: Path) -> None:
    pytest.importorskip("sacremoses")
    made = convert([table(tmp_path, TABLE.replace('print "x"', 'print "$"'))], tokenize_text=TOKENIZERS["moses"]())
    assert made.pairs[0].source == r'TAB1 print " \$ " , don &apos;t stop ;'.replace("&apos;", "'")


def test_tokens_of_the_pseudocode_are_those_of_the_code(tmp_path: Path) -> None:
    path = table(tmp_path, TABLE.replace('print "x", don\'t stop', 'print("a  b"), don\'t ~x+1$'))
    made = convert([path], tokenize_text=TOKENIZERS["code"](), segments=1)
    assert made.pairs[0].source == r"""TAB1 print ( "a␣␣b" ) , don ' t \~ x + 1 \$ ;"""
    assert [source for source, _ in made.segments] == [f"… {made.pairs[0].source}"]


def test_mistakes_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"cannot read .*none\.tsv: no such file"):
        convert([tmp_path / "none.tsv"])
    with pytest.raises(UserError, match=r"t\.tsv:1: the header must name"):
        convert([table(tmp_path, "a\tb\n")])
    write(convert([table(tmp_path)]), tmp_path / "p")
    with pytest.raises(UserError, match=r"--line must be from 1 to 2, not 3"):
        program_at(tmp_path / "p.tgt", 3)


def run(*command: object, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_program(tmp_path: Path) -> None:
    done = run(
        sys.executable, "preprocess/spoc.py", "--tsv", table(tmp_path), "--output-prefix", tmp_path / "new" / "p"
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("p: 2 programs; left out: 1 without pseudocode; damaged rows: 0\n")
    assert set(files(tmp_path / "new")) == {"p.src", "p.tgt", "p.id"}
    shown = run(sys.executable, "preprocess/spoc.py", "--program", tmp_path / "new" / "p.tgt", "--line", 2)
    assert shown.stdout == "int x = 1 ;\n"


def test_exit_statuses(tmp_path: Path) -> None:
    wrong = run(sys.executable, "preprocess/spoc.py", "--tsv", table(tmp_path))
    assert (wrong.returncode, wrong.stdout) == (2, "")
    failed = run(
        *(sys.executable, "preprocess/spoc.py", "--strict", "--tsv", table(tmp_path, DAMAGED)),
        *("--output-prefix", tmp_path / "p"),
    )
    assert failed.returncode == 1
    assert "Traceback" not in failed.stderr
    assert files(tmp_path) == {}


def test_download_checks_and_goes_on(tmp_path: Path) -> None:
    archive = tmp_path / "spoc.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for part in ("train", "test", "testcases"):
            file.writestr(f"spoc/{part}/x", part)
    source, script = {"SPOC_URL": archive.as_uri()}, ROOT / "scripts" / "download_spoc.sh"
    target = tmp_path / "data"
    target.mkdir()
    (target / "spoc.zip.part").write_bytes(archive.read_bytes()[:50])
    done = run("bash", script, target, **source)
    assert done.returncode == 0, done.stderr
    assert "byte position 50" in done.stderr
    assert (target / "train" / "x").read_text() == "train"
    assert (target / "spoc.zip").read_bytes() == archive.read_bytes()
    assert "is complete" in run("bash", script, target, **source).stdout
    # an archive other than the one noted
    (target / "test" / "x").unlink()
    (target / "test").rmdir()
    with (target / "spoc.zip").open("ab") as stream:
        stream.write(b"x")
    refused = run("bash", script, target, **source)
    assert refused.returncode == 1
    assert f"delete {target}/spoc.zip and run this again" in refused.stderr
    # what came is no archive
    archive.write_bytes(b"<html>")
    refused = run("bash", script, tmp_path / "other", **source)
    assert refused.returncode == 1
    assert f"delete {tmp_path}/other/spoc.zip.part" in refused.stderr


@pytest.mark.parametrize("name", ["download_spoc.sh", "prepare_spoc.sh"])
def test_the_scripts_help_and_usage(name: str, tmp_path: Path) -> None:
    script = ROOT / "scripts" / name
    shown = run("bash", script, "--help")
    assert shown.returncode == 0
    assert shown.stdout.startswith("Needs:" if name == "download_spoc.sh" else "usage:")
    assert run("bash", script, "--no-such-option").returncode == 2
    if name == "prepare_spoc.sh":
        assert run("bash", script, tmp_path).returncode == 2
        assert run("bash", script, tmp_path, tmp_path, "--workers", "0").returncode == 2
        missing = run("bash", script, tmp_path / "data", tmp_path / "out")
        assert missing.returncode == 1
        assert "data/train/split does not exist" in missing.stderr
