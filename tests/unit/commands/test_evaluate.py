"""The command line from end to end, and a sentence for each mistake of a user."""

import errno
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from commands import ROOT, alive_in

from fairseq_cft.__main__ import run
from fairseq_cft.commands import evaluate as cli
from fairseq_cft.errors import InfraError

DOUBLE = "int main ( ) { int n ; cin >> n ; cout << n * 2 ; }"
TRIPLE = DOUBLE.replace("2", "3")
COMMON = ["--allow-unsafe", "--quiet", "--jobs", "2"]


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Four examples: a program each, inputs and outputs, and the same as SPoC's ids and cases."""
    (tmp_path / "f.tgt").write_text("\n".join([DOUBLE, TRIPLE, DOUBLE, DOUBLE]) + "\n")
    (tmp_path / "f.inp").write_text("1\n2\n3\n4\n")
    (tmp_path / "f.out").write_text("2\n6\n6\n9\n")
    (tmp_path / "f.id").write_text("1A-1-7\n1A-2-7\n1A-3-8\n2B-4-8\n")
    (tmp_path / "cases/1A").mkdir(parents=True)
    (tmp_path / "cases/1A/1A_testcases.txt").write_text("1\n###ENDINPUT###\n2\n###ENDOUTPUT###\n")
    return tmp_path


def synthetic(files: Path, *more: str) -> list[str]:
    return ["--inputs", str(files / "f.inp"), "--expected", str(files / "f.out"), *COMMON, *more]


def spoc(files: Path, *more: str) -> list[str]:
    return ["--ids", str(files / "f.id"), "--testcases", str(files / "cases"), *COMMON, *more]


def evaluated(files: Path, arguments: list[str], status: int = 0) -> dict[str, Any]:
    out = files / "out.json"
    assert run("evaluate", [*arguments, "--json", str(out)]) == status
    found: dict[str, Any] = json.loads(out.read_text())
    return found


def test_programs(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = evaluated(files, synthetic(files, "--programs", str(files / "f.tgt"), "--gold", str(files / "f.tgt")))
    assert [entry["verdict"] for entry in found["verdicts"]] == ["correct", "correct", "correct", "wrong_output"]
    assert [entry["id"] for entry in found["verdicts"]] == ["0", "1", "2", "3"]
    assert found["counts"]["correct"] == 3 and found["n"] == 4
    assert "infra_error" in found["counts"] and "set:given" in found["signature"]
    assert found["gold"]["not_correct"] == ["3"]
    text = capsys.readouterr().out
    assert "correct    75.00%" in text and "ceiling    75.00%" in text


def test_missing_outputs_lower_the_score(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = files / "generate.log"
    log.write_text(f"H-2\t-0.1\t{DOUBLE}\nH-0\t-0.1\t{TRIPLE}\nH-0\t-0.2\t{DOUBLE}\n")
    arguments = synthetic(files, "--outputs", str(log))
    found = evaluated(files, arguments, status=1)
    assert found["counts"]["missing"] == 2 and found["correct_rate"] == 0.25
    assert "2 outputs are missing" in capsys.readouterr().err
    assert evaluated(files, [*arguments, "--allow-missing"])["correct_rate"] == 0.25
    best = evaluated(files, [*arguments, "--allow-missing", "--nbest", "2"])
    assert best["nbest"]["correct_in_n"] == 2
    assert best["nbest"]["verdicts"] == [["wrong_output", "correct"], [], ["correct"], []]


def test_spoc_ids(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (files / "f.tgt").write_text("\n".join([DOUBLE.replace("n * 2", "n * 2 << endl")] * 4) + "\n")
    found = evaluated(files, spoc(files, "--programs", str(files / "f.tgt"), "--by", "worker"))
    assert [entry["id"] for entry in found["verdicts"]] == ["1A-1-7", "1A-2-7", "1A-3-8", "2B-4-8"]
    assert found["counts"]["correct"] == 3 and found["counts"]["no_testcases"] == 1
    assert found["by"]["7"] == {"n": 2, "correct": 2, "compiled": 2}
    assert found["by"]["8"] == {"n": 2, "correct": 1, "compiled": 2}
    assert "never correct: 2B" in capsys.readouterr().err
    hidden = spoc(files, "--programs", str(files / "f.tgt"), "--cases", "hidden")
    assert evaluated(files, hidden)["counts"]["no_testcases"] == 4


def test_folder_of_sources(files: Path) -> None:
    folder = files / "sources"
    folder.mkdir()
    (folder / "1A-1-7.cpp").write_text('int main() {\n\tint n;\n\tcin >> n;\n\tprintf("%d\\n", 2 * n);\n}\n')
    found = evaluated(files, spoc(files, "--programs", str(folder), "--allow-missing"))
    assert found["counts"]["correct"] == 1 and found["counts"]["missing"] == 3
    assert "decode:plain" in found["signature"]
    (folder / "9Z-1-1.cpp").write_text("")
    assert run("evaluate", spoc(files, "--programs", str(folder))) == 2


ECHO = 'print("a  b", end="")'  # two blanks: lossless lines would have them as one


def python_files(files: Path, program: str, expected: str, *more: str) -> list[str]:
    for name, line in (("p.py", program), ("p.inp", ""), ("p.out", expected)):
        (files / name).write_text(f"{line}\n")
    given = ["--inputs", str(files / "p.inp"), "--expected", str(files / "p.out")]
    return ["--programs", str(files / "p.py"), *given, "--language", "python", *COMMON, *more]


@pytest.mark.parametrize("decode", [[], ["--decode", "plain"]])
def test_references_are_read_in_the_format_of_the_programs(files: Path, decode: list[str]) -> None:
    found = evaluated(files, python_files(files, ECHO, "a  b", "--gold", str(files / "p.py"), *decode))
    assert (found["correct_rate"], found["gold"]["correct_rate"]) == (1, 1)
    assert "decode:plain" in found["signature"]


def test_references_beside_a_folder_of_sources_are_lines(files: Path) -> None:
    (files / "sources").mkdir()
    (files / "sources/0.cpp").write_text("int main() {\n\tcout << 2;\n}\n")
    for name, line in (("lines", "int main ( ) { $ cout << 2 ; $ }"), ("one.inp", ""), ("one.out", "2")):
        (files / name).write_text(f"{line}\n")
    given = ["--inputs", str(files / "one.inp"), "--expected", str(files / "one.out"), *COMMON]
    arguments = ["--programs", str(files / "sources"), *given, "--gold", str(files / "lines")]
    for way in ([], ["--compat", "published"]):
        found = evaluated(files, [*arguments, *way])
        assert (found["correct_rate"], found["gold"]["correct_rate"]) == (1, 1)


def test_a_newline_that_a_line_cannot_hold(files: Path) -> None:
    assert evaluated(files, python_files(files, "print(7)", "7"))["correct_rate"] == 1
    assert evaluated(files, python_files(files, "print('7\\n')", "7"))["correct_rate"] == 0
    assert evaluated(files, python_files(files, "print('7\\n')", "7", "--compare", "tokens"))["correct_rate"] == 1


def test_references_that_fail_are_shown(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    programs = synthetic(files, "--programs", str(files / "f.tgt"))
    assert evaluated(files, [*programs, "--min-correct", "0.75"])["correct_rate"] == 0.75
    evaluated(files, [*programs, "--min-correct", "0.8"], status=1)
    said = capsys.readouterr().err
    assert "75.00% are correct, fewer than --min-correct 80.00%; the first that is not is 3: wrong_output" in said
    assert "('8', expected '9')" in said


def command(arguments: list[str], **streams: Any) -> subprocess.CompletedProcess[bytes]:
    line = [sys.executable, "-m", "fairseq_cft", "evaluate", *arguments]
    return subprocess.run(line, stderr=subprocess.PIPE, timeout=60, **streams)


def test_nobody_reads_what_is_printed(files: Path) -> None:
    out = files / "kept.json"
    reader, writer = os.pipe()
    os.close(reader)
    done = command(python_files(files, "print(7)", "7", "--json", str(out)), stdout=writer)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads(out.read_text())["correct_rate"] == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("kept", [True, False])
def test_what_is_printed_goes_to_a_full_disk(files: Path, kept: bool) -> None:
    out = files / "kept.json"
    with Path("/dev/full").open("wb") as full:
        done = command(python_files(files, "print(7)", "7", *(["--json", str(out)] if kept else [])), stdout=full)
    assert done.returncode == 1 and out.exists() == kept
    words = f"{out} holds the results" if kept else "the score is lost"
    assert done.stderr.decode() == f"standard output cannot be written; {words}\n"


def test_what_cannot_be_kept_is_printed(files: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    arguments = [*python_files(files, "print(7)", "7"), "--json", str(files / "kept.json")]
    assert run("evaluate", arguments) == 1
    out, err = capsys.readouterr()
    assert "correct   100.00%" in out and "kept.json: no space left on device" in err and "lost" in err
    assert not [path for path in files.iterdir() if "kept.json" in path.name]


@pytest.mark.parametrize("closed", ["stdout", "stderr"])
def test_a_stream_that_is_closed(files: Path, closed: str) -> None:
    arguments = python_files(files, "print(7)", "7", "--json", str(files / "kept.json"))
    arguments.remove("--quiet")
    line = shlex.join([sys.executable, "-m", "fairseq_cft", "evaluate", *arguments])
    done = subprocess.run(["sh", "-c", f"{line} {'>&-' if closed == 'stdout' else '2>&-'}"], capture_output=True)
    assert done.returncode == 0 and (files / "kept.json").exists()


def test_no_more_outputs_count_than_there_are(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = files / "generate.log"
    log.write_text("".join(f"H-{number}\t-0.1\t{DOUBLE}\n" for number in range(4)))
    found = evaluated(files, synthetic(files, "--outputs", str(log), "--nbest", "10"))
    assert found["nbest"]["n"] == 1 and found["nbest"]["correct_in_n"] == 2
    out, err = capsys.readouterr()
    assert "in   1     50.00%" in out and "--nbest 10: there are at most 1 outputs a sentence" in err


def test_published_way(files: Path) -> None:
    found = evaluated(files, synthetic(files, "--programs", str(files / "f.tgt"), "--compat", "published"))
    for part in ("std:default", "wall:2s", "retry:no", "decode:published"):
        assert part in found["signature"]
    assert found["counts"]["correct"] == 3


PAIRS = "--inputs f.inp --expected f.out"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("--programs f.tgt --ids f.id", "give either --ids and --testcases"),
        ("--programs f.tgt --ids f.id --expected f.out", "give either --ids and --testcases"),
        (f"--programs absent {PAIRS}", "cannot read absent"),
        ("--programs f.tgt --inputs f.inp --expected short", "f.inp has 4 lines but short has 1"),
        (f"--programs short {PAIRS}", "short has 1 programs for 4 examples"),
        ("--programs f.tgt --inputs empty --expected empty", "empty is empty"),
        (f"--programs latin {PAIRS}", "latin, line 1: byte 0xe9 is not UTF-8"),
        (f"--hypotheses f.tgt {PAIRS}", "no line H-<id>"),
        ("--programs f.tgt --ids f.tgt --testcases cases", "f.tgt, line 1: .* is no id"),
        ("--programs f.tgt --ids f.id --testcases absent", "the folder of test cases absent"),
        (f"--programs f.tgt {PAIRS} --by worker", "--by worker needs"),
        (f"--programs f.tgt {PAIRS} --resume", "--json-lines"),
        (f"--programs f.tgt {PAIRS} --nbest 0", "must be 1 or more"),
        (f"--programs f.tgt {PAIRS} --jobs 0", "must be above 0"),
        (f"--programs f.tgt {PAIRS} --cache f.tgt", "folder of --cache"),
        (f"--programs f.tgt {PAIRS} --json f.tgt/x", "cannot write --json"),
        (f"--programs f.tgt {PAIRS} --json cases", "cannot write --json"),
        (f"--programs f.tgt {PAIRS} --gold short", "short has 1"),
        (f"--programs f.tgt {PAIRS} --min-correct 98", "--min-correct is 98.0; it is a share"),
        (f"--programs f.tgt {PAIRS} --wall-limit inf", "wall_limit is inf; it must be above 0 and at most 86400 s"),
        (f"--programs f.tgt {PAIRS} --time-limit nan", "time_limit is nan"),
        (f"--programs f.tgt {PAIRS} --memory-limit 1", r"under these limits \(2 s of CPU, 6 s, 1 MiB\) a program"),
        (f"--programs f.tgt {PAIRS} --compat published --language python", r"--compat published compiles C\+\+"),
    ],
)
def test_mistakes(files: Path, arguments: str, words: str, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    (files / "short").write_text("1\n")
    (files / "empty").write_text("")
    (files / "latin").write_bytes(b"caf\xe9\n")
    monkeypatch.chdir(files)
    jobs = [] if "--jobs" in arguments else ["--jobs", "1"]
    assert run("evaluate", [*arguments.split(), *jobs, "--allow-unsafe", "--quiet"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("fairseq-cft evaluate: error: ") and said.count("\n") == 1
    assert re.search(words, said), said


def test_a_failing_evaluator_gives_no_score(files: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    def fail(*_: object, **__: object) -> None:
        raise InfraError("the disk is full")

    monkeypatch.setattr(cli, "evaluate", fail)
    out = files / "out.json"
    assert run("evaluate", synthetic(files, "--programs", str(files / "f.tgt"), "--json", str(out))) == 1
    assert "there is no score: the disk is full" in capsys.readouterr().err
    assert not out.exists()


SLOW = "int main ( ) { int n ; cin >> n ; for ( volatile long i = 0 ; i < 150000000 ; i = i + 1 ) ; cout << n * %d ; }"


@pytest.fixture
def slow(files: Path, open_folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Twelve programs of a few tenths of a second each; what a killed evaluation leaves is in `open_folder`."""
    monkeypatch.setenv("TMPDIR", str(open_folder))
    (files / "f.tgt").write_text("".join(SLOW % number + "\n" for number in range(12)))
    (files / "f.inp").write_text("1\n" * 12)
    (files / "f.out").write_text("".join(f"{number - number % 2}\n" for number in range(12)))
    return synthetic(files, "--programs", str(files / "f.tgt"), "--time-limit", "4")


def start(arguments: list[str]) -> subprocess.Popen[bytes]:
    line = [sys.executable, "-m", "fairseq_cft", "evaluate", *arguments]
    return subprocess.Popen(line, cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)


def wait_for_lines(path: Path, count: int) -> None:
    end = time.monotonic() + 60
    while not path.exists() or path.read_bytes().count(b"\n") < count:
        assert time.monotonic() < end, "the evaluation writes no results"
        time.sleep(0.02)


def test_killed_and_resumed_is_like_uninterrupted(files: Path, open_folder: Path, slow: list[str], capsys: Any) -> None:
    lines = files / "out.jsonl"
    process = start([*slow, "--json-lines", str(lines)])
    try:
        wait_for_lines(lines, 3)
    finally:
        process.kill()
        process.communicate()
    with lines.open("a") as file:
        file.write('{"id": "5", "key": "cut sho')  # as a kill in the middle of a write leaves it
    assert run("evaluate", [*slow, "--json-lines", str(lines)]) == 2
    assert "add --resume" in capsys.readouterr().err
    resumed = evaluated(files, [*slow, "--json-lines", str(lines), "--resume"])
    assert 0 < resumed["judged"] < 12
    whole = evaluated(files, slow)
    assert [e["verdict"] for e in whole["verdicts"]] == ["correct", "wrong_output"] * 6
    for report in (resumed, whole):
        for key in ("seconds", "judged"):
            del report[key]
        for entry in report["verdicts"]:
            del entry["cpu_seconds"], entry["wall_seconds"]
    assert resumed == whole
    records = [json.loads(line) for line in lines.read_text().split("\n") if line.endswith("}")]
    assert sorted(int(record["id"]) for record in records) == list(range(12))
    end = time.monotonic() + 5
    while alive_in(open_folder):
        assert time.monotonic() < end, "programs outlive a killed evaluation"
        time.sleep(0.1)


def test_stopped_by_the_keyboard(files: Path, slow: list[str]) -> None:
    lines = files / "out.jsonl"
    process = start([*slow, "--json-lines", str(lines)])
    wait_for_lines(lines, 1)
    os.kill(process.pid, signal.SIGINT)
    started = time.monotonic()
    _, said = process.communicate(timeout=20)
    assert process.returncode == 130 and time.monotonic() - started < 5
    assert b"interrupted" in said and b"Traceback" not in said


def test_two_evaluations_in_one_folder(files: Path, slow: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    lines = files / "out.jsonl"
    process = start([*slow, "--json-lines", str(lines)])
    try:
        wait_for_lines(lines, 1)
        assert run("evaluate", [*slow, "--json-lines", str(lines), "--resume"]) == 2
        assert "in use by another evaluation" in capsys.readouterr().err
    finally:
        process.kill()
        process.communicate()


def test_the_first_failed_case_is_kept(files: Path) -> None:
    """Also where the verdict comes from the cache; long texts are cut."""
    (files / "f.inp").write_text("1\n2\n3\n4\t" + "5" * 500 + "\n")
    arguments = synthetic(files, "--programs", str(files / "f.tgt"), "--cache", str(files / "cache"))
    first, again = (evaluated(files, arguments)["verdicts"] for _ in range(2))
    assert first == again
    assert not {"input", "expected"} & first[0].keys()
    wrong = first[3]
    assert (wrong["verdict"], wrong["case"], wrong["detail"], wrong["expected"]) == ("wrong_output", 1, "8", "9")
    assert wrong["input"] == "4\n" + "5" * 398 + "..."
