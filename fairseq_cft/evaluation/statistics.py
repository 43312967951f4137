"""Intervals and comparisons for rates of correct programs. Pure: arrays in, numbers out, seeds are arguments.

Shapes: E examples, S seeds (trained models), B bootstrap draws. Outcomes are 0 or 1, of shape (E,) for one model or
(S, E) for several seeds of one method on the same examples.
"""

import copy
import functools
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

DRAWS = 10_000
CHUNK_BYTES = 64 << 20

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Interval:
    """An estimate with the ends of its interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Comparison:
    """Two methods on the same examples: difference and relative gain of the first over the second, and p values.

    An interval's ends, and a p value, are not a number where there is nothing to tell them from.
    """

    difference: Interval
    relative_gain: Interval
    bootstrap_p: float  # over examples and seeds; never below what `mcnemar_p` could come to
    mcnemar_p: float  # over examples; see `exact_test`
    seeds_p: float  # over seeds alone; see `seeds_test`
    only_first: int  # examples (times seeds) that only the first method gets right
    only_second: int
    seeds: int = 1  # pairs of trained models

    def winner(self, alpha: float = 0.05) -> int:
        """1 where the first method is better by every test that there is, -1 where the second is, 0 undecided.

        With one seed this is said of the two trained models, not of the methods: there is no test over trainings.
        """
        tests = [self.bootstrap_p, self.mcnemar_p, *([self.seeds_p] if self.seeds > 1 else [])]
        clear = self.difference.low > 0 or self.difference.high < 0
        return (1 if self.difference.value > 0 else -1) if clear and all(p < alpha for p in tests) else 0


def bootstrap_interval(outcomes: npt.ArrayLike, *, seed: int, draws: int = DRAWS, level: float = 0.95) -> Interval:
    """Percentile interval of the mean; examples are redrawn, and where there are several seeds these as well.
    Of one seed it is that of `rate_interval`. Where no outcome or every one is a success: the exact binomial bound.

    outcomes: (E,) or (S, E). Raises ValueError when it is empty.
    """
    values = _table(outcomes)
    rate, examples = float(values.mean()), values.shape[1]
    if len(values) == 1 or rate in (0, 1):
        return rate_interval(round(rate * examples), examples, level=level)
    return _interval(rate, _bootstrap_means([values], seed=seed, draws=draws)[0], level)


def compare(
    first: npt.ArrayLike, second: npt.ArrayLike, *, seed: int, draws: int = DRAWS, level: float = 0.95
) -> Comparison:
    """Paired comparison of two methods; first, second: (E,) or (S, E), the same examples in the same order.

    Both methods are redrawn with the same examples; with equally many seeds, the seeds are redrawn together too. The
    interval of the difference is McNemar's, or none, where the redrawn ones are all alike, and where they keep clear of
    zero though so few examples differ that it could be chance: from a handful of examples nothing is certain.
    """
    left, right = _table(first), _table(second)
    if left.shape[1] != right.shape[1]:
        raise ValueError(f"the methods were run on {left.shape[1]} and {right.shape[1]} examples")
    paired = len(left) == len(right)
    unit = len(left) if paired else len(left) * len(right)
    by_example = np.rint((left.mean(0) - right.mean(0)) * unit).astype(np.int64)  # (E,), in whole numbers
    exact = exact_test(by_example)
    means = _bootstrap_means([left, right], seed=seed, draws=draws)
    drawn = means[0] - means[1]
    difference = _interval(float(by_example.sum() / (unit * len(by_example))), drawn, level)
    relative = _relative(float(left.mean()), float(right.mean()), means[0], means[1], level)
    clear = difference.low > 0 or difference.high < 0
    if np.ptp(drawn) < 1e-12 or (clear and exact >= 1 - level):
        difference = _mcnemar_interval(difference.value, by_example, unit, level)
        relative = Interval(relative.value, math.nan, math.nan)
    least = 2.0 ** (1 - min(int(np.count_nonzero(by_example)), 1000))  # p of so many examples, all on one side
    only_first, only_second = discordant(left, right)
    return Comparison(
        difference=difference,
        relative_gain=relative,
        bootstrap_p=min(1.0, max(_two_sided(drawn), least)),
        mcnemar_p=exact,
        seeds_p=seeds_test(left.mean(1) - right.mean(1)) if paired else math.nan,
        only_first=only_first,
        only_second=only_second,
        seeds=len(left) if paired else 1,
    )


def discordant(first: npt.ArrayLike, second: npt.ArrayLike) -> tuple[int, int]:
    """How many outcomes only the first, and only the second method has right; paired seed by seed where both have S."""
    left, right = _table(first), _table(second)
    if left.shape[0] != right.shape[0]:
        left, right = left[:1], right[:1]  # seeds that cannot be paired: the first of each
    return int(((left == 1) & (right == 0)).sum()), int(((left == 0) & (right == 1)).sum())


def exact_test(differences: npt.ArrayLike) -> float:
    """Two-sided p value of a sum of paired differences (E,), whole numbers: of all ways to give each its sign, all
    equally likely where the methods are alike, the share whose sum is as far from zero. McNemar's test for -1, 0, 1;
    with several seeds an example's differences are added up first, for its outcomes depend on each other.
    """
    given = np.asarray(differences, dtype=np.int64)
    chances = np.ones(1)  # of the positive differences' sum, from 0 on
    for size in np.abs(given[given != 0]):
        chances = 0.5 * (np.pad(chances, (0, size)) + np.pad(chances, (size, 0)))
    sums = 2 * np.arange(len(chances)) - (len(chances) - 1)
    return min(1.0, float(chances[np.abs(sums) >= abs(int(given.sum()))].sum()))


def seeds_test(differences: npt.ArrayLike) -> float:
    """Two-sided p value of a paired t test over the seeds' differences (S,): would other trainings say the same?
    Where all are alike, so that nothing is known of their spread, by their signs alone; not a number for one seed."""
    values = np.asarray(differences, dtype=np.float64)
    if len(values) < 2:
        return math.nan
    if np.ptp(values) < 1e-12:
        return 2.0 ** (1 - len(values)) if abs(values[0]) > 1e-12 else 1.0
    from scipy.special import stdtr  # here, for it takes a while

    t = values.mean() / (values.std(ddof=1) / math.sqrt(len(values)))
    return float(2 * stdtr(len(values) - 1, -abs(t)))


def rate_interval(correct: int, total: int, *, level: float = 0.95) -> Interval:
    """Percentile interval of a bootstrap over `total` outcomes, from the binomial distribution that redrawing comes to.
    Where all are alike, so that redrawing shows no spread, the exact bound (Clopper and Pearson, 1934)."""
    if total <= 0:
        raise ValueError("no examples")
    rate, tail = correct / total, (1 - level) / 2
    bound = tail ** (1 / total)
    if correct in (0, total):
        return Interval(rate, bound if correct else 0.0, 1.0 if correct else 1 - bound)
    logs = [_log_choose(total, k) + k * math.log(rate) + (total - k) * math.log(1 - rate) for k in range(total + 1)]
    reached = np.cumsum(np.exp(logs))
    low, high = np.searchsorted(reached, [tail, 1 - tail]) / total
    return Interval(rate, float(low), float(min(high, 1.0)))


def _log_choose(total: int, k: int) -> float:
    return math.lgamma(total + 1) - math.lgamma(k + 1) - math.lgamma(total - k + 1)


def _mcnemar_interval(value: float, differences: npt.NDArray[np.int64], unit: int, level: float) -> Interval:
    """Of the difference, given how many examples differ: from the exact interval of the first method's share of these.
    Where none differs, from how many could. None where some differ more than others, as they may with several seeds.
    """
    sizes = np.abs(differences[differences != 0])
    if len(sizes) and np.ptp(sizes):
        return Interval(value, math.nan, math.nan)
    wins, losses, tail = int((differences > 0).sum()), int((differences < 0).sum()), (1 - level) / 2
    if wins + losses == 0:
        bound = 1 - tail ** (1 / len(differences))
        return Interval(value, -bound, bound)
    from scipy.special import betaincinv

    low = betaincinv(wins, losses + 1, tail) if wins else 0.0
    high = betaincinv(wins + 1, losses, 1 - tail) if losses else 1.0
    most = float(sizes.sum()) / (unit * len(differences))
    return Interval(value, float(2 * low - 1) * most, float(2 * high - 1) * most)


def _table(outcomes: npt.ArrayLike) -> Array:
    values = np.atleast_2d(np.asarray(outcomes, dtype=np.float64))  # (E,) -> (1, E)
    if values.ndim != 2 or values.size == 0:
        raise ValueError(f"expected outcomes of shape (E,) or (S, E), got {np.shape(outcomes)}")
    return values


def _bootstrap_means(tables: list[Array], *, seed: int, draws: int) -> list[Array]:
    """Means of (B,) redrawn tables: the same examples from every table, the same seeds if equally many."""
    examples = tables[0].shape[1]
    times, generator = _redrawn(seed, examples, draws)
    generator = copy.deepcopy(generator)
    paired = len({table.shape[0] for table in tables}) == 1
    means: list[Array] = []
    seeds: Array | None = None
    for table in tables:
        if seeds is None or not paired:
            count = table.shape[0]
            seeds = generator.multinomial(count, np.full(count, 1 / count), size=draws) / count  # (B, S) weights
        right = times @ table.T.astype(np.float32)  # (B, E) x (E, S) -> (B, S), whole numbers
        means.append((right.astype(np.float64) / examples * seeds).sum(axis=1))
    return means


@functools.lru_cache(maxsize=1)  # a report redraws the same examples for every rate
def _redrawn(seed: int, examples: int, draws: int) -> tuple[npt.NDArray[np.float32], np.random.Generator]:
    """How often each draw has each example (B, E), and the generator after that."""
    generator = np.random.default_rng(seed)
    times = np.empty((draws, examples), dtype=np.float32)
    chunk = max(1, CHUNK_BYTES // (8 * examples))
    for rows in (times[start : start + chunk] for start in range(0, draws, chunk)):
        drawn = generator.integers(examples, size=rows.shape)
        drawn += np.arange(0, rows.size, examples)[:, None]  # to each draw numbers of its own
        rows[:] = np.bincount(drawn.ravel(), minlength=rows.size).reshape(rows.shape)
    return times, generator


def _interval(value: float, drawn: Array, level: float) -> Interval:
    tail = (1 - level) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail])
    return Interval(value, float(low), float(high))


def _relative(left: float, right: float, lefts: Array, rights: Array, level: float) -> Interval:
    """(left - right) / right; not a number where the second method never, or in some draw not once, is right."""
    if right == 0 or not rights.all():
        return Interval(math.nan if right == 0 else left / right - 1, math.nan, math.nan)
    return _interval(left / right - 1, lefts / rights - 1, level)


def _two_sided(differences: Array) -> float:
    """Share of draws on the far side of zero, doubled; never zero, since the draws are finitely many."""
    count = len(differences)
    smaller = min(int((differences <= 0).sum()), int((differences >= 0).sum()))
    return min(1.0, 2.0 * (smaller + 1) / (count + 1))
