"""The theory: the smallest networks are what they are called, and the program ends in its files."""

import json

import numpy as np
import pytest
from script_runs import command, wrong_use

from fairseq_cft.experiments import theory


@pytest.mark.parametrize("steps", [2, 5])
def test_the_smallest_direct_network_bends_twice_in_every_gap(steps):
    x, y = theory.intervals(0, steps, steps, np.random.default_rng(1))
    norm, predict = theory.smallest(x, y, 0.0)
    np.testing.assert_allclose(predict(x), y, atol=1e-7)
    # a slope of 2 in every gap, from 0 and back to 0; unit (1, b) costs sqrt(1 + b * b), at its kink b
    ends = [((i + 0.5) / steps, (i + 1) / steps) for i in range(steps - 1)]
    assert norm == pytest.approx(2 * sum(np.hypot(1, kink) for pair in ends for kink in pair), rel=1e-6)


@pytest.mark.parametrize("steps", [2, 8, 32])
def test_the_smallest_composed_network_is_one_unit_and_extrapolates(steps):
    x, y = theory.intervals(0, steps, steps, np.random.default_rng(1))
    tolerance = 0.3 / steps
    norm, predict = theory.smallest(x, y, tolerance)
    assert np.abs(predict(x) - y).max() <= tolerance + 1e-7
    assert 0.5 < norm < 1  # a line of slope 1 would cost 1
    line = predict(np.linspace(0, 1.2, 50))
    np.testing.assert_allclose(np.diff(line, 2), 0, atol=1e-7)


def test_training_follows_its_objective():
    x, y = theory.intervals(0, 2, 2, np.random.default_rng(1))
    norm, predict = theory.trained(x, y, 0.0, seed=1, updates=1500, decay=1e-5)
    assert theory.measure(predict, x, y, 2)["error"] < 0.05
    smaller, flatter = theory.trained(x, y, 0.0, seed=1, updates=1500, decay=1e-1)
    assert smaller < norm / 2 and theory.measure(flatter, x, y, 2)["error"] > 0.1


def test_wrong_counts_what_projection_does_not_mend():
    x, y = np.array([0.0, 0.5]), np.array([0.0, 0.5])
    assert theory.measure(lambda points: points + 0.2, x, y, 2) == {"error": pytest.approx(0.4), "wrong": 0.0}
    assert theory.measure(lambda points: points + 0.3, x, y, 2)["wrong"] == 1.0


def test_the_program_writes_table_and_picture(tmp_path):
    done = command("theory", "--output-dir", tmp_path / "out", "--seeds", 1, "--updates", 5)
    assert done.returncode == 0, done.stderr
    records = json.loads((tmp_path / "out/relu_theory.json").read_text())
    assert len(records) == len(theory.STEPS) * 4
    assert "grows like N to the power 1." in (tmp_path / "out/relu_theory.md").read_text()
    assert (tmp_path / "out/relu_theory.png").read_bytes().startswith(b"\x89PNG")


def test_a_margin_that_no_line_keeps_is_refused(tmp_path, capsys):
    assert wrong_use("theory", ["--output-dir", str(tmp_path), "--margin", "0.3"]) == 2
    assert "no line stays that far" in capsys.readouterr().err
