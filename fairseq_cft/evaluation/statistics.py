"""Intervals and comparisons for rates of correct programs. Pure: arrays in, numbers out, seeds are arguments.

Shapes: E examples, S seeds (trained models), B bootstrap draws. Outcomes are 0 or 1, of shape (E,) for one model or
(S, E) for several seeds of one method on the same examples.
"""

from __future__ import annotations

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
    """Two methods on the same examples: difference and relative gain of the first over the second, and p values."""

    difference: Interval
    relative_gain: Interval
    bootstrap_p: float
    mcnemar_p: float
    only_first: int  # examples (times seeds) that only the first method gets right
    only_second: int


def bootstrap_interval(outcomes: npt.ArrayLike, *, seed: int, draws: int = DRAWS, level: float = 0.95) -> Interval:
    """Percentile interval of the mean; examples are redrawn, and where there are several seeds these as well.
    Where no outcome or every one is a success: the exact binomial bound.

    outcomes: (E,) or (S, E). Raises ValueError when it is empty.
    """
    values = _table(outcomes)
    means = _bootstrap_means([values], seed=seed, draws=draws)[0]
    return _rate_interval(float(values.mean()), means, values.shape[1], level)


def compare(
    first: npt.ArrayLike, second: npt.ArrayLike, *, seed: int, draws: int = DRAWS, level: float = 0.95
) -> Comparison:
    """Paired comparison of two methods; first, second: (E,) or (S, E), the same examples in the same order.

    Both methods are redrawn with the same examples; with equally many seeds, the seeds are redrawn together too.
    """
    left, right = _table(first), _table(second)
    if left.shape[1] != right.shape[1]:
        raise ValueError(f"the methods were run on {left.shape[1]} and {right.shape[1]} examples")
    means = _bootstrap_means([left, right], seed=seed, draws=draws)
    differences = means[0] - means[1]
    value = float(left.mean() - right.mean())
    only_first, only_second = discordant(left, right)
    return Comparison(
        difference=_interval(value, differences, level),
        relative_gain=_relative(float(left.mean()), float(right.mean()), means[0], means[1], level),
        bootstrap_p=_two_sided(differences),
        mcnemar_p=mcnemar(only_first, only_second),
        only_first=only_first,
        only_second=only_second,
    )


def discordant(first: npt.ArrayLike, second: npt.ArrayLike) -> tuple[int, int]:
    """How many outcomes only the first, and only the second method has right; paired seed by seed where both have S."""
    left, right = _table(first), _table(second)
    if left.shape[0] != right.shape[0]:
        left, right = left[:1], right[:1]  # seeds that cannot be paired: the first of each
    return int(((left == 1) & (right == 0)).sum()), int(((left == 0) & (right == 1)).sum())


def mcnemar(only_first: int, only_second: int) -> float:
    """Exact two-sided McNemar test: of the outcomes on which the methods differ, is the share of each one half?"""
    total, smaller = only_first + only_second, min(only_first, only_second)
    if total == 0:
        return 1.0
    logs = [
        math.lgamma(total + 1) - math.lgamma(k + 1) - math.lgamma(total - k + 1) - total * math.log(2)
        for k in range(smaller + 1)
    ]
    return min(1.0, 2.0 * math.fsum(math.exp(log) for log in logs))


def rate_interval(correct: int, total: int, *, seed: int, draws: int = DRAWS, level: float = 0.95) -> Interval:
    """`bootstrap_interval` for counts: redrawing 0s and 1s is drawing from a binomial distribution."""
    if total <= 0:
        raise ValueError("no examples")
    rate = correct / total
    drawn = np.random.default_rng(seed).binomial(total, rate, size=draws) / total
    return _rate_interval(rate, drawn, total, level)


def _table(outcomes: npt.ArrayLike) -> Array:
    values = np.atleast_2d(np.asarray(outcomes, dtype=np.float64))  # (E,) -> (1, E)
    if values.ndim != 2 or values.size == 0:
        raise ValueError(f"expected outcomes of shape (E,) or (S, E), got {np.shape(outcomes)}")
    return values


def _bootstrap_means(tables: list[Array], *, seed: int, draws: int) -> list[Array]:
    """Means of (B,) redrawn tables: the same examples from every table, the same seeds if equally many."""
    generator = np.random.default_rng(seed)
    examples = tables[0].shape[1]
    paired = len({table.shape[0] for table in tables}) == 1
    chunk = max(1, CHUNK_BYTES // (8 * examples))
    found: list[list[Array]] = [[] for _ in tables]
    for start in range(0, draws, chunk):
        size = min(chunk, draws - start)
        drawn = generator.integers(examples, size=(size, examples))
        seeds: Array | None = None
        for table, means in zip(tables, found, strict=True):
            if seeds is None or not paired:
                count = table.shape[0]
                seeds = generator.multinomial(count, np.full(count, 1 / count), size=size) / count  # (B, S) weights
            by_seed = np.stack([row[drawn].mean(axis=1) for row in table], axis=1)  # (B, E) -> (B, S)
            means.append((by_seed * seeds).sum(axis=1))
    return [np.concatenate(means) for means in found]


def _interval(value: float, drawn: Array, level: float) -> Interval:
    tail = (1 - level) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail])
    return Interval(value, float(low), float(high))


def _rate_interval(rate: float, drawn: Array, examples: int, level: float) -> Interval:
    """As `_interval`, but where all outcomes are alike, so that redrawing them shows no spread, the exact binomial
    bound (Clopper and Pearson, 1934) over the examples."""
    bound = ((1 - level) / 2) ** (1 / examples)
    if rate == 0:
        return Interval(rate, 0.0, 1 - bound)
    if rate == 1:
        return Interval(rate, bound, 1.0)
    return _interval(rate, drawn, level)


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
