"""What README and docs say of results/synthetic-cpu against its report, and the report against its results."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from commands import ROOT
from script_runs import script

RESULTS = ROOT / "results/synthetic-cpu"
NUMBER = r"-?\d+(?:\.\d+)?"
PAPER = re.compile(r"; the paper[^|]*")


def numbers(text: str) -> list[float]:
    return [float(each) for each in re.findall(NUMBER, text)]


def rows(page: str, heading: str) -> list[tuple[str, list[str]]]:
    """The rows of a section's tables that begin with a name in backquotes: the name and the other cells."""
    section = (ROOT / page).read_text(encoding="utf-8").split(heading)[1].split("\n## ")[0]
    found = re.findall(r"^\| `([^`]+)`[^|]*\|(.+)\|$", section, re.MULTILINE)
    return [(name, PAPER.sub("", cells).split("|")) for name, cells in found]


REPORT = (RESULTS / "report.md").read_text(encoding="utf-8")
SAID = rows("README.md", "## Does it help?")
CORRECT = {
    name: (cells[0], cells[2]) for name, cells in rows("results/synthetic-cpu/report.md", "?**") if len(cells) == 4
}


@pytest.mark.parametrize(("name", "cells"), SAID[:-3], ids=[name for name, _ in SAID[:-3]])
def test_rates_of_the_readme(name: str, cells: list[str]) -> None:
    assert [numbers(cell) for cell in cells] == [numbers(cell) for cell in CORRECT[name]]


@pytest.mark.parametrize(("name", "cells"), SAID[-3:], ids=[name for name, _ in SAID[-3:]])
def test_gains_of_the_readme(name: str, cells: list[str]) -> None:
    for split, cell in zip(("test", "ood"), cells, strict=True):
        (line,) = re.findall(rf"^- `composed` against `{re.escape(name)}`, {split} .*$", REPORT, re.MULTILINE)
        assert numbers(cell) == pytest.approx(numbers(line.split("relative gain")[1])[:3], abs=0.51)


def test_the_gates_table() -> None:
    for name, cells in rows("docs/denoisers.md", "### Measured: the gate"):
        alone = f"{name}:base" if name == "composed" else name
        denoised = name if name == "composed" else f"{name}+denoise"
        for cell, method in zip(cells, (alone, f"{name}+gate", denoised), strict=True):
            assert numbers(cell) == [numbers(each)[0] for each in CORRECT[method]], method


def test_the_report_is_that_of_the_results(tmp_path: Path) -> None:
    assert script("report.py", RESULTS / "results.json", "--output-dir", tmp_path).returncode == 0
    assert (tmp_path / "report.md").read_text(encoding="utf-8") == REPORT
