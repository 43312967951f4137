"""`fairseq-cft report-speed`: a table that begins with the ratios, and a picture; the clock of benchmark_speed.py."""

from __future__ import annotations

import json
import runpy
import subprocess
import sys
from unittest import mock

import pytest
from commands import ROOT
from script_runs import command


@pytest.fixture(scope="module")
def speed():
    with mock.patch.object(sys, "path", [str(ROOT / "scripts"), *sys.path]):
        return runpy.run_path(str(ROOT / "scripts/_speed.py"))


def record(group, name, seconds, **more):
    found = {"seconds_median": seconds, "seconds_fastest": seconds / 2, "seconds_slowest": 2 * seconds}
    return {"group": group, "name": name, **found, "over_first": seconds, "tokens_per_second": 100, **more}


def test_ratios_stand_first_and_every_record_is_there(tmp_path):
    records = [record("training step", "cross-entropy", 1.0), record("training step", "composed K=1, reinforce", 2.25)]
    for length in (50, 100):
        records.append(record("growth with length", "cross-entropy", 1.0, length=length, batch=4000))
        records += [record("growth with length", f"composed K={k}", 1.0 + k, length=length, batch=4000) for k in (1, 2)]
    records.append({"group": "peak memory", "name": "cross-entropy", "bytes": 123_000_000})
    result = {
        "ratios": {"composed_k1_over_cross_entropy": 2.25, "corruption_wait_share": 0.0034},
        "machine": {"cores": 2},
        "records": records,
    }
    (tmp_path / "speed.json").write_text(json.dumps(result))
    done = command("report-speed", tmp_path / "speed.json", "--output-dir", tmp_path)
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "speed.md").read_text()
    assert "| a composed step with K = 1 over a cross-entropy step | **2.25** |" in text.split("## ")[0]
    assert "corrupted programs, one worker | **0.3%** |" in text
    assert "| composed K=1, reinforce | 2.25 | 100 | 2.25 (1.12 to 4.5) |" in text
    assert "| composed K=2, length 100, batch 4000 | 3.00 |" in text and "| cross-entropy | 123 |" in text
    assert (tmp_path / "speed.png").stat().st_size > 10_000
    assert "**2.25**" in done.stdout and "peak" not in done.stdout


def test_repeats_are_interleaved_and_the_first_is_not_counted(speed):
    calls = []
    cases = {name: lambda name=name: calls.append(name) for name in "ab"}
    found = speed["side_by_side"](cases, 3, lambda: None)
    assert calls == ["a", "b"] * 4
    assert [len(found[name].seconds) for name in "ab"] == [3, 3]


def test_a_record_holds_the_spread(speed):
    made = speed["Timing"]((0.3, 0.1, 0.123456)).record("case", length=5)
    seconds = {"seconds_median": 0.1235, "seconds_fastest": 0.1, "seconds_slowest": 0.3}
    assert made == {"name": "case", **seconds, "repeats": 3, "length": 5}


def test_peak_memory_is_this_process_own():
    """A small process started by a large one: getrusage would give it the large one's peak."""
    block = b"x" * 700_000_000
    code = "import sys; sys.path.insert(0, 'scripts'); from _speed import peak_memory; print(peak_memory('cpu'))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert 50_000_000 < int(done.stdout.split()[-1]) < len(block)
