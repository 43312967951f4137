"""The tutorial docs/own_data.md: its commands, one after another, at sizes of its first block that take seconds."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pages
import pytest
from commands import ROOT

PAGE = ROOT / "docs/own_data.md"
SIZES = {
    "ORDERS": "--train 20 --valid 10 --test 12 --ood 0 --unlabeled 60",
    "UPDATES": "--denoiser-updates 4 --updates 4 --composed-updates 4 --systems pretrained,composed --min-clean-kept 0",
}


def shell_blocks() -> list[str]:
    return [body for language, body in pages.FENCE.findall(PAGE.read_text(encoding="utf-8")) if language == "sh"]


@pytest.mark.timeout(900)  # a minute of CPU, in a dozen processes that each import fairseq
def test_the_tutorial_runs_from_raw_files_to_the_table(tmp_path):
    out = tmp_path / "orders"
    first, *others = shell_blocks()
    for name, value in {**SIZES, "OUT": out}.items():
        first, found = re.subn(rf"^{name}=.*$", f'{name}="{value}"', first, flags=re.MULTILINE)
        assert found == 1, f"the first block of the tutorial does not set {name}"
    script = "\n".join([first, *others])
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    # the trainings are so short that threads only get in each other's way
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "correct   100.00%" in done.stdout  # the references, by the checker of the example
    records = json.loads((out / "results/results.json").read_text())
    methods = {"pretrained", "pretrained+denoise", "composed", "composed:base"}
    assert {(record["method"], record["split"], record["n"]) for record in records} == {
        (method, "test", 12) for method in methods
    }
    assert all(record["signature"].startswith("checker:order|code:") for record in records)
    report = (out / "results/report.md").read_text()
    assert "outputs that are right" in report and "test: is valid" in report
    assert (out / "results/report.png").stat().st_size > 10_000
