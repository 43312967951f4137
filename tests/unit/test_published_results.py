"""What README and docs say of results/ against the reports there, and these reports against their results."""

import json
import re
from pathlib import Path

import pytest
from commands import ROOT
from script_runs import command

PUBLISHED = {"synthetic-cpu": "### An invented language", "geoquery-cpu": "### Questions to SQL"}  # README's tables
COMPOSED = {"direct": "composed_direct_init", "backtranslation": "backtranslation_composed"}  # by what it starts from
NUMBER = r"-?\d+(?:\.\d+)?"


def numbers(text: str) -> list[float]:
    return [float(each) for each in re.findall(NUMBER, text)]


def rows(page: str, heading: str) -> list[tuple[str, list[str]]]:
    """The rows of a section's tables that begin with a name in backquotes: the name and the other cells."""
    section = (ROOT / page).read_text(encoding="utf-8").split(f"{heading}\n")[1].split("\n#")[0]
    found = re.findall(r"^\| `([^`]+)`[^|]*\|(.+)\|$", section, re.MULTILINE)
    assert found, f"{page} has no table of names under {heading}"
    return [(name, cells.split("|")) for name, cells in found]


def correct(run: str) -> dict[str, tuple[str, str]]:
    """The rates of correct programs in a report, on test and ood."""
    table = rows(f"results/{run}/report.md", "**Does freezing and composing help?**")
    return {name: (cells[0], cells[2]) for name, cells in table if len(cells) == 4}


def report(run: str) -> str:
    return (ROOT / "results" / run / "report.md").read_text(encoding="utf-8")


SAID = [(run, *row) for run, heading in PUBLISHED.items() for row in rows("README.md", heading)]


@pytest.mark.parametrize(("run", "name", "cells"), SAID, ids=[f"{run}-{name}" for run, name, _ in SAID])
def test_rates_and_gains_of_the_readme(run: str, name: str, cells: list[str]) -> None:
    """Rates on test and ood, then the relative gains of the composed system there, in whole percent."""
    start = re.split(r"[_+]", name)[0] if run == "synthetic-cpu" else ""
    composed = COMPOSED.get(start, "composed")
    assert [numbers(cell) for cell in cells[:2]] == [numbers(cell) for cell in correct(run)[name]]
    for split, cell in zip(("test", "ood"), cells[2:], strict=True):
        found = re.findall(rf"^- `{composed}` against `{re.escape(name)}`, {split} .*$", report(run), re.MULTILINE)
        gain = numbers(found[0].split("relative gain")[1])[:3] if found and "relative gain" in found[0] else []
        assert numbers(cell) == pytest.approx(gain, abs=0.51)


@pytest.mark.parametrize(
    ("page", "heading", "places"), [("README.md", "Real programs", (0, 1)), ("docs/benchmarks.md", "SPoC", (0, 2))]
)
def test_rates_on_spoc(page: str, heading: str, places: tuple[int, int]) -> None:
    table = rows("results/spoc-cpu/report.md", "# spoc-cpu: programs that compile and print the right answer")
    found = {name: (cells[0], cells[2]) for name, cells in table if len(cells) == 4}
    for name, cells in rows(page, f"### {heading}"):
        assert [numbers(cells[place]) for place in places] == [numbers(cell) for cell in found[name]], name


def test_the_gates_table() -> None:
    published = correct("synthetic-3-seeds")
    for name, cells in rows("docs/denoisers.md", "### Measured: the gate"):
        alone = f"{name}:base" if name == "composed" else name
        denoised = name if name == "composed" else f"{name}+denoise"
        for cell, method in zip(cells, (alone, f"{name}+gate", denoised), strict=True):
            assert numbers(cell) == [numbers(each)[0] for each in published[method]], method


AXES = {
    "weight of the base predictor's loss": "0=weight-0/pretrained 0.5=weight-0.5/pretrained 1=composed/pretrained",
    "samples (self_critical)": "1=samples-1/pretrained 2=samples-2/pretrained 4=samples-4/pretrained",
    "estimator (2 samples)": "reinforce=estimator-reinforce/pretrained self_critical=samples-2/pretrained "
    "rloo=composed/pretrained gumbel=estimator-gumbel/pretrained",
    "the denoiser's noise": "synthetic=composed/pretrained "
    "random_delete=noise-random_delete/pretrained-noise-random_delete",
    "labeled pairs": "75=labels-75/pretrained-labels-75 150=labels-150/pretrained-labels-150 300=composed/pretrained",
}
RATES_OF_NOISES = {"synthetic": (498, 307), "random_delete": (487, 125)}  # of 500 and of 317


@pytest.mark.parametrize(
    ("run", "chosen", "rates_of_noises"),
    [("ablation-cpu", [*AXES], RATES_OF_NOISES), ("ablation-labels-cpu", ["labeled pairs"], {"synthetic": (497, 307)})],
)
def test_the_ablations_report_is_that_of_its_results(tmp_path: Path, run, chosen, rates_of_noises) -> None:
    results = ROOT / f"results/{run}/results.json"
    axes = [word for name in chosen for word in ("--axis", name, *AXES[name].split())]
    for noise, (kept, restored) in rates_of_noises.items():
        rates = {"programs": 500, "broken": 317, "clean_kept": kept / 500, "restored": restored / 317}
        (tmp_path / f"{noise}.json").write_text(json.dumps(rates))
    denoisers = [f"{noise}={tmp_path}/{noise}.json" for noise in rates_of_noises]
    done = command("report-ablation", results, "--output-dir", tmp_path, *axes, "--denoisers", *denoisers)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "report.md").read_text(encoding="utf-8") == report(run)


@pytest.mark.parametrize("run", ["speed-cpu", "speed-copying-cpu"])
def test_the_report_of_speed_is_that_of_its_results(run: str, tmp_path: Path) -> None:
    assert command("report-speed", ROOT / "results" / run / "speed.json", "--output-dir", tmp_path).returncode == 0
    assert (tmp_path / "speed.md").read_bytes() == (ROOT / "results" / run / "speed.md").read_bytes()


@pytest.mark.parametrize("run", ["quickstart", "synthetic-3-seeds", "spoc-cpu", *PUBLISHED])
def test_the_report_is_that_of_the_results(run: str, tmp_path: Path) -> None:
    results = ROOT / "results" / run / "results.json"
    assert command("report", results, "--output-dir", tmp_path).returncode == 0
    assert (tmp_path / "report.md").read_text(encoding="utf-8") == report(run)
