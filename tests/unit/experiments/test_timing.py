"""The clock of the speed benchmark."""

import subprocess
import sys

from commands import ROOT

from fairseq_cft.experiments.timing import Timing, side_by_side


def test_repeats_are_interleaved_and_the_first_is_not_counted():
    calls = []
    cases = {name: lambda name=name: calls.append(name) for name in "ab"}
    found = side_by_side(cases, 3, lambda: None)
    assert calls == ["a", "b"] * 4
    assert [len(found[name].seconds) for name in "ab"] == [3, 3]


def test_a_record_holds_the_spread():
    made = Timing((0.3, 0.1, 0.123456)).record("case", length=5)
    seconds = {"seconds_median": 0.1235, "seconds_fastest": 0.1, "seconds_slowest": 0.3}
    assert made == {"name": "case", **seconds, "repeats": 3, "length": 5}


def test_peak_memory_is_this_process_own():
    """A small process started by a large one: getrusage would give it the large one's peak."""
    block = b"x" * 700_000_000
    code = "from fairseq_cft.experiments.timing import peak_memory; print(peak_memory('cpu'))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert 50_000_000 < int(done.stdout.split()[-1]) < len(block)
