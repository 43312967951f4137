"""Reports need neither torch nor fairseq, and matplotlib for pictures alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from browser_runs import PAIRS, SYSTEMS, write_run
from commands import ROOT

WITHOUT = """
import sys
for name in sys.argv[1].split(","):
    sys.modules[name] = None  # importing it fails
from fairseq_cft.__main__ import main
sys.exit(main(sys.argv[2:]))
"""


def run(without: str, *words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", WITHOUT, without, *map(str, words)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.fixture
def folder(tmp_path) -> Path:
    for name, (outputs, verdicts) in SYSTEMS.items():
        write_run(tmp_path / "evaluations", f"{name}.1.test", PAIRS, outputs, verdicts)
    files = sorted((tmp_path / "evaluations").glob("*.json"))
    done = run(
        "torch,fairseq,matplotlib", "collect", *files, "--dataset", "made", "--output", tmp_path / "results.json"
    )
    assert done.returncode == 0, done.stderr
    return tmp_path


def test_tables_and_pages(folder):
    for words in (["failures"], ["browse", "--output", folder / "page.html"]):
        done = run("torch,fairseq,matplotlib", *words, "--results", folder)
        assert done.returncode == 0, done.stderr


def test_pictures(folder):
    done = run("torch,fairseq", "report", folder / "results.json", "--output-dir", folder)
    assert done.returncode == 0, done.stderr
    assert (folder / "report.png").read_bytes().startswith(b"\x89PNG")


def test_a_report_without_matplotlib_has_its_table_and_says_what_to_install(folder):
    done = run("torch,fairseq,matplotlib", "report", folder / "results.json", "--output-dir", folder)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "matplotlib is not installed" in done.stderr and "pip install 'fairseq_cft[plots]'" in done.stderr
    assert "| `composed` |" in (folder / "report.md").read_text() and not (folder / "report.png").exists()
