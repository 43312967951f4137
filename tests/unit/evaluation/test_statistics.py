"""Intervals and p values against hand-derived numbers and against brute force."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from fairseq_cft.evaluation.statistics import bootstrap_interval, compare, discordant, mcnemar, rate_interval


def test_interval_of_a_fair_coin_is_the_normal_one() -> None:
    # 400 outcomes, half of them 1: standard error sqrt(.25 / 400) = .025, so .5 +- 1.96 * .025 = .451 to .549.
    interval = bootstrap_interval([0, 1] * 200, seed=3)
    assert interval.value == 0.5
    assert interval.low == pytest.approx(0.451, abs=0.006)
    assert interval.high == pytest.approx(0.549, abs=0.006)


def test_interval_holds_against_enumeration() -> None:
    # All 4 ** 4 redraws of four outcomes, every one equally likely.
    outcomes = [1, 0, 0, 1]
    means = [sum(outcomes[i] for i in drawn) / 4 for drawn in itertools.product(range(4), repeat=4)]
    low, high = np.quantile(means, [0.05, 0.95])
    interval = bootstrap_interval(outcomes, seed=1, draws=40_000, level=0.9)
    assert (interval.low, interval.high) == (low, high)


def test_interval_of_counts_agrees_with_that_of_outcomes() -> None:
    by_counts = rate_interval(30, 100, seed=5)
    by_outcomes = bootstrap_interval([1] * 30 + [0] * 70, seed=6)
    assert by_counts.low == pytest.approx(by_outcomes.low, abs=0.011)
    assert by_counts.high == pytest.approx(by_outcomes.high, abs=0.011)


def test_outcomes_that_are_all_alike_still_leave_doubt():
    """0 of 30: the rate p with (1 - p) ** 30 = 0.025 is 1 - 0.025 ** (1 / 30) = 0.1157; tables give 11.6 %."""
    for found in (rate_interval(0, 30, seed=1), bootstrap_interval([[0] * 30] * 3, seed=1)):
        assert (found.value, found.low) == (0, 0) and found.high == pytest.approx(0.1157, abs=1e-4)
    found = rate_interval(30, 30, seed=1)
    assert (found.value, found.high) == (1, 1) and found.low == pytest.approx(0.8843, abs=1e-4)


def test_seeds_that_disagree_widen_the_interval() -> None:
    # Two models, one always right, one never: whatever the examples, the mean is 0, .5 or 1 by the seeds drawn.
    interval = bootstrap_interval([[1] * 50, [0] * 50], seed=2)
    assert (interval.value, interval.low, interval.high) == (0.5, 0.0, 1.0)


def test_same_seed_same_interval() -> None:
    outcomes = np.random.default_rng(0).integers(2, size=(3, 40))
    assert bootstrap_interval(outcomes, seed=9) == bootstrap_interval(outcomes, seed=9)
    assert len({bootstrap_interval(outcomes, seed=seed, draws=50).low for seed in range(20)}) > 1


def test_chunks_do_not_bound_the_number_of_examples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fairseq_cft.evaluation.statistics.CHUNK_BYTES", 8 * 100 * 7)
    interval = bootstrap_interval([0, 1] * 50, seed=4, draws=1000)
    assert interval.low == pytest.approx(0.4, abs=0.03)


@pytest.mark.parametrize(
    ("first", "second", "p"),
    [
        (0, 0, 1.0),
        (5, 5, 1.0),
        (0, 5, 2 / 32),  # two tails of 1 in 2 ** 5
        (1, 5, 2 * (1 + 6) / 64),
        (0, 1, 1.0),
    ],
)
def test_mcnemar_by_hand(first: int, second: int, p: float) -> None:
    assert mcnemar(first, second) == pytest.approx(p)
    assert mcnemar(second, first) == pytest.approx(p)


def test_mcnemar_of_many_examples_stays_finite() -> None:
    assert 0 < mcnemar(400, 600) < 1e-9


def test_comparison_by_hand() -> None:
    # 60 both right, 20 only the first, 5 only the second, 15 both wrong: rates .80 and .65.
    first = [1] * 60 + [1] * 20 + [0] * 5 + [0] * 15
    second = [1] * 60 + [0] * 20 + [1] * 5 + [0] * 15
    found = compare(first, second, seed=7)
    assert (found.only_first, found.only_second) == (20, 5)
    assert found.difference.value == pytest.approx(0.15)
    assert found.relative_gain.value == pytest.approx(0.80 / 0.65 - 1)
    # Paired: the variance of a difference is (.25 - .15 ** 2) / 100, standard error .0477.
    assert found.difference.low == pytest.approx(0.15 - 1.96 * 0.0477, abs=0.012)
    assert found.difference.high == pytest.approx(0.15 + 1.96 * 0.0477, abs=0.012)
    assert found.relative_gain.low > 0
    assert found.bootstrap_p < 0.01
    assert found.mcnemar_p == pytest.approx(0.00408, abs=1e-4)


def test_a_method_against_itself() -> None:
    outcomes = [1, 0, 1, 1, 0]
    found = compare(outcomes, outcomes, seed=1)
    assert found.difference.low == found.difference.high == 0
    assert found.bootstrap_p == found.mcnemar_p == 1.0


def test_relative_gain_over_nothing_is_not_a_number() -> None:
    found = compare([1, 0], [0, 0], seed=1)
    assert math.isnan(found.relative_gain.value)


def test_seeds_are_paired_only_when_they_can_be() -> None:
    assert discordant([[1, 0], [1, 1]], [[0, 0], [1, 0]]) == (2, 0)
    assert discordant([[1, 0], [1, 1]], [[0, 1]]) == (1, 1)


def test_bad_shapes() -> None:
    with pytest.raises(ValueError, match="3 and 2 examples"):
        compare([1, 0, 1], [1, 0], seed=1)
    with pytest.raises(ValueError, match="shape"):
        bootstrap_interval([], seed=1)
    with pytest.raises(ValueError, match="no examples"):
        rate_interval(0, 0, seed=1)
