"""Where neither torch nor fairseq is installed: programs, data, evaluation and reports work, and all help is shown."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from commands import ROOT
from script_runs import write_results

from fairseq_cft.__main__ import command_names

PROGRAM = "int main ( ) { $ int a ; $ cin >> a ; $ cout << a + {} ; $ return 0 ; $ }"
REFUSING = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {refused}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Refuse())
from fairseq_cft.__main__ import main
status = main(sys.argv[1:])
sys.exit(status)
"""


NOT_INSTALLED = ("torch", "fairseq")
SLOW = (*NOT_INSTALLED, "matplotlib", "scipy", "omegaconf", "hydra", "sklearn")  # to import


def cft(folder: Path, *arguments: object, refused: tuple[str, ...] = NOT_INSTALLED) -> subprocess.CompletedProcess[str]:
    """A command in an interpreter that refuses these packages."""
    command = [sys.executable, "-c", REFUSING.replace("{refused}", str(refused)), *map(str, arguments)]
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "HOME": str(folder)}
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment, timeout=120)


def done(folder: Path, *arguments: object) -> str:
    ended = cft(folder, *arguments)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.mark.parametrize("name", command_names())
def test_help_imports_nothing_slow(name, tmp_path):
    ended = cft(tmp_path, name, "--help", refused=SLOW)
    assert ended.returncode == 0 and ended.stdout.startswith(f"usage: fairseq-cft {name}"), ended.stderr


def test_data_are_made(tmp_path):
    counts = "--labeled 20 --valid 4 --test 4 --ood 4 --unlabeled 30"
    done(tmp_path, "synthetic", "--preset", "tiny", "--seed", 1, "--out", "data", *counts.split())
    programs = (tmp_path / "data/unlabeled.tgt").read_text().splitlines()
    options = "--noise synthetic --copies 2 --seed 1 --output-prefix noisy --input data/unlabeled.tgt"
    assert "60 pairs" in done(tmp_path, "corrupt", *options.split())
    assert (tmp_path / "noisy.tgt").read_text().splitlines() == [line for line in programs for _ in range(2)]
    for arguments in (
        "train --input data/unlabeled.tgt --model-prefix bpe --vocab-size 100",
        "encode --model bpe.model --input data/unlabeled.tgt --output pieces",
        "decode --model bpe.model --input pieces --output again",
    ):
        done(tmp_path, "subwords", *arguments.split())
    assert (tmp_path / "again").read_text().splitlines() == programs


def test_spocs_tables_are_read(tmp_path):
    rows = ["|int main() {|0", "let a be a number|int a;|1", "read a|cin >> a;|1", "print a|cout << a;|1", "|}|0"]
    lines = ["text\tcode\tworkerid\tprobid\tsubid\tline\tindent"]
    for number, row in enumerate(rows):
        text, code, indent = row.split("|")
        lines.append(f"{text}\t{code}\t7\t1A\t5\t{number}\t{indent}")
    (tmp_path / "spoc.tsv").write_text("".join(f"{line}\n" for line in lines))
    done(tmp_path, "spoc", "--tsv", "spoc.tsv", "--output-prefix", "p")
    assert "cout << a ;" in done(tmp_path, "spoc", "--program", "p.tgt", "--line", 1)


@pytest.mark.skipif(shutil.which("g++") is None, reason="no g++")
def test_programs_are_judged(tmp_path):
    (tmp_path / "programs").write_text(f"{PROGRAM.replace('{}', '1')}\n{PROGRAM.replace('{}', '2')}\n")
    (tmp_path / "inputs").write_text("4\n4\n")
    (tmp_path / "expected").write_text("5\n5\n")
    options = "--programs programs --inputs inputs --expected expected --json out.json --quiet --allow-unsafe"
    done(tmp_path, "evaluate", *options.split())
    assert json.loads((tmp_path / "out.json").read_text())["verdicts"][1]["verdict"] == "wrong_output"


def test_results_are_reported(tmp_path):
    results = write_results(tmp_path / "results", "synthetic", (1, 2))
    assert "composed" in done(tmp_path, "report", results, "--output-dir", "out")
    assert (tmp_path / "out/report.png").stat().st_size > 10_000
    assert (tmp_path / "out/report.md").read_text().startswith("# synthetic: ")


def test_what_needs_them_says_what_to_install(tmp_path):
    (tmp_path / "denoiser.pt").write_bytes(b"")
    ended = cft(tmp_path, "check-denoiser", "--denoiser", "denoiser.pt")
    assert ended.returncode == 1
    said = "fairseq-cft check-denoiser: error: fairseq is not installed, and this needs it: pip"
    assert ended.stderr.startswith(said) and ended.stderr.count("\n") == 1
