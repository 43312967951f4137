"""Intervals and p values against hand-derived numbers and against brute force."""

import itertools
import math

import numpy as np
import pytest

from fairseq_cft.evaluation.statistics import (
    bootstrap_interval,
    compare,
    discordant,
    exact_test,
    rate_interval,
    seeds_test,
)


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


@pytest.mark.parametrize(("correct", "total"), [(30, 100), (307, 317), (1, 2), (0, 5), (5, 5)])
def test_one_rate_has_one_interval(correct: int, total: int) -> None:
    for seed in range(5):
        assert bootstrap_interval([1] * correct + [0] * (total - correct), seed=seed) == rate_interval(correct, total)


def test_interval_of_counts_is_that_of_redrawn_outcomes() -> None:
    redrawn = np.random.default_rng(1).integers(100, size=(100_000, 100)) < 30
    low, high = np.quantile(redrawn.mean(1), [0.025, 0.975])
    assert (rate_interval(30, 100).low, rate_interval(30, 100).high) == pytest.approx((low, high))


def test_outcomes_that_are_all_alike_still_leave_doubt():
    """0 of 30: the rate p with (1 - p) ** 30 = 0.025 is 1 - 0.025 ** (1 / 30) = 0.1157; tables give 11.6 %."""
    for found in (rate_interval(0, 30), bootstrap_interval([[0] * 30] * 3, seed=1)):
        assert (found.value, found.low) == (0, 0) and found.high == pytest.approx(0.1157, abs=1e-4)
    found = rate_interval(30, 30)
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
    interval = bootstrap_interval([[0, 1] * 50] * 2, seed=4, draws=1000)
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
def test_mcnemars_test_by_hand(first: int, second: int, p: float) -> None:
    assert exact_test([1] * first + [-1] * second) == pytest.approx(p)
    assert exact_test([1] * second + [-1] * first) == pytest.approx(p)


def test_mcnemars_test_of_many_examples_stays_finite() -> None:
    assert 0 < exact_test([1] * 400 + [-1] * 600) < 1e-9


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
    assert found.difference.value == 0 and found.bootstrap_p == found.mcnemar_p == 1.0 and not found.winner()
    # another example may differ: up to p of them with (1 - p) ** 5 = 0.025, p = 1 - 0.025 ** (1 / 5) = 0.522
    assert (found.difference.low, found.difference.high) == pytest.approx((-0.522, 0.522), abs=1e-3)


@pytest.mark.parametrize("examples", range(1, 12))
@pytest.mark.parametrize("alike", [0, 1, 200])
def test_a_handful_of_examples_decides_nothing(examples: int, alike: int) -> None:
    """All in favour of one method: the exact test gives 2 / 2 ** examples, below 0.05 from six on."""
    first, second = [1] * examples + [1] * alike, [0] * examples + [1] * alike
    for left, right, sign in ((first, second, 1), (second, first, -1)):
        found = compare(left, right, seed=1)
        assert found.bootstrap_p >= 2 / 2**examples and found.mcnemar_p == pytest.approx(2 / 2**examples)
        assert found.winner() == (sign if examples >= 6 else 0)
        clear = found.difference.low > 0 or found.difference.high < 0
        assert clear == (examples >= 6) and found.difference.low < found.difference.high
        assert found.difference.low <= found.difference.value <= found.difference.high


def test_mcnemars_interval_by_hand() -> None:
    # 5 of 5 differ, all for the first: its share is at least 0.025 ** (1 / 5) = 0.478, 2 * 0.478 - 1 = -0.044
    found = compare([1] * 5, [0] * 5, seed=1).difference
    assert (found.low, found.high) == (pytest.approx(-0.0436, abs=1e-4), 1)


@pytest.mark.parametrize("seeds", [2, 3, 6])
def test_seeds_that_repeat_a_handful_of_examples_do_not_make_it_more(seeds: int) -> None:
    found = compare([[1] * 5] * seeds, [[0] * 5] * seeds, seed=1)
    assert found.bootstrap_p == found.mcnemar_p == 2 / 2**5 and not found.winner()
    assert found.difference.low < 0


def test_seeds_that_differ_in_size_leave_no_interval_of_a_handful() -> None:
    """All three programs in favour of the first, but one of them by one seed of two."""
    found = compare([[1, 1, 1], [1, 1, 0]], [[0, 0, 0], [0, 0, 0]], seed=1)
    assert math.isnan(found.difference.low) and math.isnan(found.difference.high)
    assert found.bootstrap_p >= 2 / 2**3 and not found.winner()


def test_the_exact_test_holds_against_enumeration() -> None:
    differences = [3, 1, 0, -2, 1, 3]
    sums = [abs(sum(s * d for s, d in zip(signs, differences, strict=True)))
            for signs in itertools.product((1, -1), repeat=6)]  # fmt: skip
    assert exact_test(differences) == pytest.approx(np.mean([each >= 6 for each in sums]))


def test_the_test_over_seeds_by_hand() -> None:
    # mean 2, standard deviation 1, t = 2 / (1 / sqrt(3)) = 3.464; two degrees of freedom: p = 1 - t / sqrt(t * t + 2)
    t = 2 * math.sqrt(3)
    assert seeds_test([1, 2, 3]) == pytest.approx(1 - t / math.sqrt(t * t + 2))
    assert seeds_test([1, 3]) == pytest.approx(1 - 2 / math.pi * math.atan(2))  # t = 2, one degree of freedom
    assert math.isnan(seeds_test([1])) and seeds_test([0, 0]) == 1
    assert seeds_test([0.5] * 4) == 2 / 2**4  # alike: four signs, no spread to tell more from


def test_a_claim_needs_the_seeds_too() -> None:
    """The first is better by 40, 1 and 0 of 100 programs: clear of zero over programs, not over trainings."""
    first = [[n < 50 + more for n in range(100)] for more in (40, 1, 1)]
    second = [[n < 50 for n in range(100)]] * 3
    found = compare(first, second, seed=1)
    assert found.mcnemar_p < 1e-9 and found.seeds_p > 0.3 and found.seeds == 3 and not found.winner()
    first = [[n < 50 + more for n in range(100)] for more in (40, 39, 41)]
    assert compare(first, second, seed=1).winner() == 1 and compare(second, first, seed=1).winner() == -1


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
        rate_interval(0, 0)
