"""The programs synthetic.py, corrupt.py and subwords.py: files, flags, mistakes."""

import os
import re
import runpy
import signal
import subprocess
import sys
import time
from pathlib import Path
from unittest import mock

import pytest

ROOT = Path(__file__).parents[3]
SMALL = [*["--labeled", "20", "--valid", "10", "--test", "10", "--ood", "10", "--unlabeled", "50"]]


@pytest.fixture(autouse=True)
def _same_signal_handler():
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def run(program: str, *arguments: object) -> int:
    """Run a program in this process; its exit status."""
    path = ROOT / "preprocess" / program
    with mock.patch.object(sys, "argv", [str(path), *map(str, arguments)]), pytest.raises(SystemExit) as ended:
        runpy.run_path(str(path), run_name="__main__")
    return int(ended.value.code or 0)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_synthetic_writes_the_same_bytes_for_the_same_seed(tmp_path: Path) -> None:
    for name, seed in (("one", 1), ("same", 1), ("other", 2)):
        assert run("synthetic.py", "--out", tmp_path / name, "--seed", seed, "--preset", "tiny", *SMALL) == 0
    one = contents(tmp_path / "one")
    splits = {"train": 20, "valid": 10, "test": 10, "ood": 10}
    lengths = {f"{split}.{end}": count for split, count in splits.items() for end in ("src", "tgt", "inp", "out")}
    assert {name: data.count(b"\n") for name, data in one.items()} == {**lengths, "unlabeled.tgt": 50}
    assert contents(tmp_path / "same") == one
    assert contents(tmp_path / "other") != one


def test_synthetic_runs_by_itself(tmp_path: Path) -> None:
    """As a user starts it, from another folder."""
    command = [sys.executable, ROOT / "preprocess" / "synthetic.py", "--out", "data", "--seed", "1", *SMALL]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    assert len(contents(tmp_path / "data")) == 17


def test_corrupt_writes_pairs_in_order_whatever_the_jobs(tmp_path: Path) -> None:
    clean = [
        f"int main () {{ $ string var_{n} ; $ cin >> var_{n} ; $ cout << var_{n} ; $ return 0; }}" for n in range(99)
    ]
    (tmp_path / "p.tgt").write_text("".join(f"{line}\n" for line in clean))
    for jobs in (1, 2):
        arguments = ["--output-prefix", tmp_path / f"c{jobs}", "--noise", "synthetic", "--copies", 2, "--seed", 1]
        assert run("corrupt.py", "--input", tmp_path / "p.tgt", *arguments, "--errors", "2-3", "--jobs", jobs) == 0
    written = contents(tmp_path)
    assert written["c1.src"] == written["c2.src"] and written["c1.tgt"] == written["c2.tgt"]
    assert written["c1.tgt"].decode().splitlines() == [line for line in clean for _ in range(2)]
    assert written["c1.src"] != written["c1.tgt"]


def test_corrupt_keeps_what_the_compiler_refuses(tmp_path: Path) -> None:
    program = "int main () { $ int var_0 ; $ cin >> var_0 ; $ cout << var_0 ; $ return 0; }"
    (tmp_path / "p.tgt").write_text(f"{program}\n")
    options = ["--noise", "synthetic", "--copies", 6, "--seed", 1, "--errors", "1", "--clean-share", "0"]
    arguments = ["--input", tmp_path / "p.tgt", "--output-prefix", tmp_path / "c", *options, "--compiler", "g++"]
    assert run("corrupt.py", *arguments) == 0
    corrupted = (tmp_path / "c.src").read_text().splitlines()
    # Another type or a dropped print compiles; so does a comma after cin.
    assert corrupted
    for line in corrupted:
        assert re.search(r"\$ var_0 ;|cin << var_0|cin var_0", line)


def test_subwords_train_encode_and_decode_give_back_the_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "  a  line\tof text \u2581 <s>\r\n\nanother line of text\n".encode()
    (tmp_path / "in").write_bytes(text)
    prefix = tmp_path / "m"
    assert run("subwords.py", "train", "--input", tmp_path / "in", "--model-prefix", prefix, "--vocab-size", 500) == 0
    assert re.search(r"500 pieces were asked for; \d+ occur 5 times", capsys.readouterr().out)
    for command, source, target in (("encode", "in", "pieces"), ("decode", "pieces", "out")):
        files = ["--input", tmp_path / source, "--output", tmp_path / target]
        assert run("subwords.py", command, "--model", f"{prefix}.model", *files) == 0
    assert (tmp_path / "out").read_bytes() == text
    assert len((tmp_path / "m.dict.txt").read_text(encoding="utf-8").splitlines()) > 256


MISTAKES = [
    ("synthetic.py", "--out OUT/d --seed 1 --preset huge", 2, "invalid choice: 'huge'"),
    ("synthetic.py", "--out OUT/d --seed -1", 2, "--seed must be 0 or more"),
    ("synthetic.py", "--out OUT/d --seed 1 --test -3", 2, "--test must be 0 or more, not -3"),
    ("synthetic.py", "--out IN/d --seed 1 --labeled 1 --unlabeled 1", 1, "not a directory"),
    (
        "corrupt.py",
        "--input IN --output-prefix OUT/c --noise x --copies 1 --seed 1",
        2,
        "there is no noise 'x'; choose from",
    ),
    ("corrupt.py", "--input IN --output-prefix OUT/c --noise synthetic --copies 0 --seed 1", 2, "--copies must be 1"),
    ("corrupt.py", "--input IN --output-prefix OUT/c --noise cpp --copies 1 --seed 1 --errors 3-1", 2, "errors is a"),
    ("corrupt.py", "--input IN --output-prefix OUT/c --noise cpp --copies 1 --seed 1 --errors x", 2, "x is neither"),
    ("corrupt.py", "--input BAD --output-prefix OUT/c --noise cpp --copies 1 --seed 1", 1, "bad, line 2: byte 0xe9"),
    ("corrupt.py", "--input EMPTY --output-prefix OUT/c --noise cpp --copies 1 --seed 1", 1, "empty is empty; give"),
    ("corrupt.py", "--input NONE --output-prefix OUT/c --noise cpp --copies 1 --seed 1", 1, "no such file"),
    ("subwords.py", "train --input IN --model-prefix OUT/m --vocab-size 0", 2, "--vocab-size must be 1 or more"),
    ("subwords.py", "train --input IN --model-prefix OUT/m --vocab-size 3", 1, "3 pieces cannot hold the"),
    ("subwords.py", "train --input EMPTY --model-prefix OUT/m --vocab-size 9", 1, "there is no text to learn from"),
    ("subwords.py", "encode --model IN --input IN --output OUT/o", 1, "it is not a SentencePiece model"),
    ("subwords.py", "encode --model NONE --input IN --output OUT/o", 1, "cannot read"),
]


@pytest.mark.parametrize(("program", "arguments", "status", "message"), MISTAKES)
def test_a_mistake_is_one_sentence_and_writes_nothing(
    program: str, arguments: str, status: int, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in").write_text("int v ; $ cout << v ;\n")
    (tmp_path / "bad").write_bytes(b"good\n\xe9\n")
    (tmp_path / "empty").write_text("")
    (tmp_path / "out").mkdir()
    for name in ("IN", "BAD", "EMPTY", "NONE", "OUT"):
        arguments = arguments.replace(name, str(tmp_path / name.lower()))
    assert run(program, *arguments.split()) == status
    errors = capsys.readouterr().err
    assert message in errors and "Traceback" not in errors
    assert not [*(tmp_path / "out").iterdir()]


@pytest.mark.parametrize("jobs", [1, 2])
def test_ctrl_c_leaves_nothing(jobs: int, tmp_path: Path) -> None:
    """Ctrl-C reaches the whole process group, as from a terminal."""
    (tmp_path / "in").write_text("int v ; $ cout << v ;\n" * 2000)
    options = f"--noise synthetic --copies 1000 --seed 1 --jobs {jobs} --output-prefix".split()
    command = [sys.executable, ROOT / "preprocess/corrupt.py", "--input", tmp_path / "in", *options, tmp_path / "o"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    deadline = time.monotonic() + 60
    while not [*tmp_path.glob(".o*.tmp")] and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    errors = process.communicate(timeout=60)[1]
    assert "error: interrupted" in errors and "Traceback" not in errors
    assert process.returncode == 130
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_references_stay_apart_as_subwords(tmp_path: Path) -> None:
    """Each is encoded on its own; without the option a tab is a part of the text."""
    text, model, apart, whole, back = (tmp_path / name for name in ("text", "s", "apart", "whole", "back"))
    text.write_text("a b\tb\n\tb a\n" * 9)
    assert run("subwords.py", "train", "--input", text, "--model-prefix", model, "--vocab-size", 9) == 0
    given = ("--model", f"{model}.model")
    assert run("subwords.py", "encode", *given, "--input", text, "--output", apart, "--references") == 0
    assert run("subwords.py", "encode", *given, "--input", text, "--output", whole) == 0
    assert run("subwords.py", "decode", *given, "--input", apart, "--output", back, "--references") == 0
    assert apart.read_text().count("\t") == 18 and "\t" not in whole.read_text()
    assert back.read_text() == text.read_text()
