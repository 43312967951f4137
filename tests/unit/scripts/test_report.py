"""collect_results.py and report.py: from evaluations to records, a table with intervals, and a picture."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from commands import ROOT


def script(name: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "scripts" / name), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def write_evaluation(path: Path, correct: list[bool]) -> None:
    verdicts = ["correct" if each else "compile_error" for each in correct]
    content = {
        "signature": "made for this test",
        "counts": dict(Counter(verdicts)),
        "compile_rate": sum(correct) / len(correct),
        "verdicts": [{"id": str(number), "verdict": verdict} for number, verdict in enumerate(verdicts)],
    }
    path.write_text(json.dumps(content), encoding="utf-8")


@pytest.fixture
def results(tmp_path) -> Path:
    """Two seeds; of 100 programs the composed model gets 60 and 62 right, the pretrained one 40 and 42 of these."""
    for seed in (1, 2):
        for method, count in (("pretrained", 38), ("composed", 58), ("composed:base", 38), ("mine", 10)):
            rows = [number < count + 2 * seed for number in range(100)]
            write_evaluation(tmp_path / f"{method}.{seed}.test.json", rows)
    evaluations = sorted(tmp_path.glob("*.json"))
    done = script("collect_results.py", *evaluations, "--dataset", "made", "--output", tmp_path / "results.json")
    assert done.returncode == 0, done.stderr
    return tmp_path / "results.json"


def test_records_hold_counts_and_seeds(results):
    records = json.loads(results.read_text())
    assert len(records) == 8
    one = next(each for each in records if each["method"] == "composed" and each["seed"] == 2)
    assert (one["split"], one["n"], one["correct"], one["compile_error"]) == ("test", 100, 62, 38)
    assert one["signature"] == "made for this test" and one["evaluation"] == "composed.2.test.json"


def test_a_wrong_name_is_refused(tmp_path):
    write_evaluation(tmp_path / "composed.test.json", [True])
    done = script(
        "collect_results.py", tmp_path / "composed.test.json", "--dataset", "made", "--output", tmp_path / "r.json"
    )
    assert done.returncode == 1 and "is not named METHOD.SEED.SPLIT.json" in done.stderr
    assert not (tmp_path / "r.json").exists()


def test_report_compares_on_the_same_programs(results, tmp_path):
    log = tmp_path / "composed.log"
    log.write_text(
        "".join(
            f'2026-01-01 | INFO | valid | {{"epoch": {epoch}, "valid_composed_loss": "{1 / epoch}", '
            f'"valid_base_loss": "0.5", "valid_num_updates": "{10 * epoch}"}}\n'
            for epoch in (1, 2)
        )
    )
    (tmp_path / "denoiser.json").write_text(
        json.dumps({"programs": 500, "broken": 350, "clean_kept": 0.99, "restored": 0.9})
    )
    done = script(
        "report.py", results, "--output-dir", tmp_path / "out", "--curves", f"composed={log}",
        "--denoiser", tmp_path / "denoiser.json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "out/report.md").read_text()
    methods = [line.split("`")[1] for line in text.splitlines() if line.startswith("| `")]
    assert methods == ["pretrained", "composed:base", "composed", "mine"]
    assert "| `composed` | 61.0% (" in text and "Seeds 1, 2" in text
    gain = next(line for line in text.splitlines() if line.startswith("- `composed` against `pretrained`, test"))
    assert "relative gain 48.8% (" in gain and "only `composed` right on 40, only `pretrained` on 0" in gain
    assert "99.0% of clean programs kept" in text
    assert (tmp_path / "out/report.png").read_bytes().startswith(b"\x89PNG")
    assert "composed" in done.stdout and "61.0%" in done.stdout


def test_every_rate_in_the_table_has_its_interval(results, tmp_path):
    script("report.py", results, "--output-dir", tmp_path / "out")
    for line in (tmp_path / "out/report.md").read_text().splitlines():
        if line.startswith("| `"):
            value, low, high = (
                float(part.strip("%"))
                for part in line.split("|")[2].replace("(", "").replace(")", "").split()[::1]
                if "%" in part
            )
            assert low <= value <= high and low < high
