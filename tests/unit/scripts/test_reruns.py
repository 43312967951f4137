"""What a benchmark does again in its OUT when options or files changed: real scripts, programs that only note calls."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from commands import ROOT

PROGRAMS = ("python", "fairseq-train", "fairseq-preprocess", "fairseq-generate", "fairseq-cft-evaluate")
PROGRAM = """#!/usr/bin/env bash
echo "$(basename "$0") $*" >>"$RAN"
for word; do
  [[ $word != --* ]] || option=$word
  [[ ${option-} != --output || $word == --* ]] || touch "$word"
done
"""
# In place of prepare_spoc.sh: the words of all tables are the binarised data.
PREPARE = """#!/usr/bin/env bash
echo "prepare_spoc.sh $*" >>"$RAN"
mkdir -p "$2"/{text,data-bin/pairs}
touch "$2"/bpe.model "$2"/data-bin/pairs/dict.src.txt
for part in w p; do seq 9 | tee "$2/text/test$part.id" "$2/text/bpe.test$part.src" >"$2/text/bpe.test$part.tgt"; done
cat "$1"/train/split/*.tsv >"$2/data-bin/pairs/train.bin"
"""
DENOISER = """#!/usr/bin/env bash
mkdir -p "$4" && touch "$4/denoiser.pt"
"""


def write(path: Path, text: str, mode: int = 0o644) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)


class Workplace:
    """A copy of the scripts, programs that note their arguments, and OUT, in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copytree(ROOT / "scripts", folder / "scripts")
        for program in PROGRAMS:
            write(folder / "bin" / program, PROGRAM, 0o755)

    def run(self, script: str, *arguments: object) -> list[str]:
        """The programs that it ran, with their arguments."""
        ran = self.folder / "ran"
        ran.unlink(missing_ok=True)
        environment = {**os.environ, "PATH": f"{self.folder}/bin:{os.environ['PATH']}", "RAN": str(ran)}
        command = [str(self.folder / "scripts" / script), *map(str, arguments), str(self.folder / "out")]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
        return ran.read_text().splitlines() if ran.exists() else []


def of(program: str, lines: list[str]) -> list[str]:
    return [line for line in lines if line.startswith(f"{program} ")]


@pytest.fixture
def workplace(tmp_path: Path) -> Workplace:
    return Workplace(tmp_path)


def test_another_checker_or_line_format_judges_the_same_outputs_anew(workplace: Workplace) -> None:
    data = workplace.folder / "mine"
    for name in ("train", "valid", "test"):
        for side in ("src", "tgt", "inp", "out"):
            write(data / f"{name}.{side}", "a\n")
    write(data / "unlabeled.tgt", "a\n" * 40)

    def compare(*options: str) -> list[str]:
        return workplace.run("compare.sh", "--data", data, "--noise", "n", "--systems", "pretrained", *options)

    first = compare("--checker", "c")
    assert len(of("fairseq-train", first)) == 2 and len(of("fairseq-cft-evaluate", first)) == 2
    assert not compare("--checker", "c")
    for options in (["--checker", "d"], ["--language", "cpp"], ["--language", "cpp", "--decode", "ours"]):
        ran = compare(*options)
        evaluated = of("fairseq-cft-evaluate", ran)
        assert len(evaluated) == 2 and all(" ".join(options[:2]) in line for line in evaluated), ran
        assert any("fairseq_cft report " in line for line in ran)
        assert not of("fairseq-train", ran) and not of("fairseq-generate", ran)


@pytest.fixture
def spoc(workplace: Workplace) -> Path:
    write(workplace.folder / "scripts/prepare_spoc.sh", PREPARE, 0o755)
    write(workplace.folder / "scripts/train_denoiser.sh", DENOISER, 0o755)
    for name in ("train/split/spoc-train-train.tsv", "test/spoc-testp.tsv", "testcases/1A/1A_testcases.txt"):
        write(workplace.folder / "spoc" / name, "some\n")
    return workplace.folder / "spoc"


def test_other_test_programs_are_generated_and_judged_anew(workplace: Workplace, spoc: Path) -> None:
    def benchmark(*options: object, data: Path = spoc) -> tuple[int, int, int]:
        """How many times it prepared, trained systems, and judged."""
        ran = workplace.run("benchmark_spoc.sh", "--data", data, "--scale", "tiny", "--systems", "direct", *options)
        assert len(of("fairseq-generate", ran)) == len(of("fairseq-cft-evaluate", ran))
        trained = [line for line in of("fairseq-train", ran) if "direct" in line]
        return len(of("prepare_spoc.sh", ran)), len(trained), len(of("fairseq-cft-evaluate", ran))

    assert benchmark("--limit", 3) == (1, 2, 3)  # two phases; alone, +denoise, +gate
    assert benchmark("--limit", 3) == (0, 0, 0)
    assert benchmark() == (0, 0, 3)
    assert benchmark("--limit", 3) == (0, 0, 3)
    write(spoc / "test/spoc-testw.tsv", "more\n")
    assert benchmark("--limit", 3) == (1, 0, 6)
    other = shutil.copytree(spoc, workplace.folder / "other")
    write(other / "train/split/spoc-train-train.tsv", "other\n")
    assert benchmark("--limit", 3, data=other) == (1, 2, 6)


def test_what_fine_tuning_destroyed_of_other_systems_is_not_reported(workplace: Workplace, spoc: Path) -> None:
    destroyed = workplace.folder / "out/destroyed.json"
    for systems, measured in (("pretrained", True), ("direct", False)):
        workplace.run("benchmark_spoc.sh", "--data", spoc, "--scale", "tiny", "--systems", systems)
        assert destroyed.exists() == measured
