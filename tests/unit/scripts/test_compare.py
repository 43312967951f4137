"""compare.sh: what it would run on somebody's own data, and what it refuses; docs/own_data.md's test runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from commands import ROOT
from script_runs import value

FILES = [f"{split}.{side}" for split in ("train", "valid", "test") for side in ("src", "tgt")]


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder `mine` with text files, and a user file beside it; both are named by relative paths."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()
    for name in FILES:
        (tmp_path / "mine" / name).write_text("a\nb\n")
    (tmp_path / "mine/unlabeled.tgt").write_text("a\n" * 40)
    (tmp_path / "one.py").write_text("")
    (tmp_path / "two.py").write_text("")
    return tmp_path


def compare(*arguments: object) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    command = [str(ROOT / "scripts/compare.sh"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PATH": path}, timeout=120)


def lines(done: subprocess.CompletedProcess[str], start: str) -> list[str]:
    assert done.returncode == 0, done.stderr
    return [line.strip() for line in done.stdout.splitlines() if line.strip().startswith(start)]


def test_a_dry_run_names_noise_checker_and_user_files_wherever_they_are_needed(data: Path) -> None:
    own = ["--noise", "n", "--checker", "c", "--user-file", "one.py:two.py", "--clean-share", "0.3"]
    done = compare(
        "--data", "mine", *own, "--denoiser-updates", 40, "--updates", 30, "--dry-run", "out", "--", "--fp16"
    )
    trained = lines(done, "fairseq-train")
    files = f"--user-file {data}/one.py:{data}/two.py"
    assert f"--noise n --clean-share 0.3 {files}" in trained[0] and "--max-update 40" in trained[0]
    assert [line.split("--save-dir ")[1].split()[0].rsplit("/", 1)[1] for line in trained] == [
        "denoiser", "direct.1", "pretrained.1", "composed.1",
    ]  # fmt: skip
    assert all("--fp16" in line for line in trained) and all("--max-update 30" in line for line in trained[1:3])
    assert not any("--user-file" in line for line in trained[1:])
    evaluated = lines(done, "fairseq-cft-evaluate")
    cases = f"--inputs {data}/mine/test.src --expected {data}/mine/test.tgt --decode plain {files} --checker c"
    assert len(evaluated) == 6 and all(cases in line for line in evaluated)  # no ood
    assert not (data / "out").exists()


def test_options_after_two_dashes_win_over_the_scripts_own(data: Path) -> None:
    given = {"--lr": "7", "--max-update": "3", "--dropout": "0.5", "--task": "other"}
    after = [word for option in given.items() for word in option]
    done = compare("--data", "mine", "--noise", "n", "--checker", "c", "--dry-run", "out", "--", *after)
    for line in lines(done, "fairseq-train"):
        assert {option: value(line.split(), option) for option in given} == given


def test_another_test_set_and_files_for_the_checker_are_taken_where_they_exist(data: Path) -> None:
    for name in ("ood.src", "ood.tgt", "test.inp", "test.out"):
        (data / "mine" / name).write_text("a\n")
    arguments = ["--data", "mine", "--noise", "cpp", "--systems", "pretrained", "--dry-run", "out"]
    evaluated = lines(compare(*arguments, "--checker", "c"), "fairseq-cft-evaluate")
    assert len(evaluated) == 4
    assert sum(f"--inputs {data}/mine/test.inp --expected {data}/mine/test.out" in line for line in evaluated) == 2
    assert sum(f"--inputs {data}/mine/ood.src --expected {data}/mine/ood.tgt" in line for line in evaluated) == 2
    missing = compare(*arguments, "--language", "cpp")
    assert missing.returncode == 1 and f"{data}/mine/ood.inp does not exist" in missing.stderr
    for name in ("ood.src", "ood.tgt"):
        (data / "mine" / name).unlink()
    for line in lines(compare(*arguments, "--language", "cpp", "--decode", "ours"), "fairseq-cft-evaluate"):
        assert f"--expected {data}/mine/test.out --decode ours --language cpp" in line


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        (["--noise", "n", "--checker", "c"], 2, "give --data DIR and --noise NAME"),
        (["--data", "mine", "--checker", "c"], 2, "give --data DIR and --noise NAME"),
        (["--data", "mine", "--noise", "n"], 2, "give --checker NAME, or --language NAME"),
        (
            ["--data", "mine", "--noise", "n", "--checker", "c", "--language", "cpp"],
            2,
            "give --checker or --lang",
        ),
        (["--data", "mine", "--noise", "n", "--checker", "c", "--scale", "cpu"], 2, "there is no option --scale"),
        (["--data", "gone", "--noise", "n", "--checker", "c"], 1, "gone does not exist; --data names the folder"),
        (["--data", "mine", "--noise", "n", "--checker", "c", "--user-file", "one.py:x.py"], 1, "x.py does not exist"),
    ],
)
def test_wrong_use_is_told(data: Path, arguments: list[str], status: int, sentence: str) -> None:
    done = compare(*arguments, "out")
    assert done.returncode == status and sentence in done.stderr and not (data / "out").exists()


@pytest.mark.parametrize("name", ["train.src", "test.tgt", "unlabeled.tgt"])
def test_a_missing_file_is_told(data: Path, name: str) -> None:
    (data / "mine" / name).unlink()
    done = compare("--data", "mine", "--noise", "n", "--checker", "c", "out")
    assert done.returncode == 1 and f"mine/{name} does not exist" in done.stderr


def test_too_few_unlabeled_outputs(data: Path) -> None:
    (data / "mine/unlabeled.tgt").write_text("a\n" * 9)
    done = compare("--data", "mine", "--noise", "n", "--checker", "c", "out")
    assert done.returncode == 1 and "unlabeled.tgt has fewer than 10 lines" in done.stderr
    (data / "mine/unlabeled.tgt").write_text("a\n" * 9 + "b")  # a last line without a newline is a line
    assert compare("--data", "mine", "--noise", "n", "--checker", "c", "--dry-run", "out").returncode == 0
