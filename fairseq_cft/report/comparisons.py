"""Sentences on two systems: how much better the first is, how sure that is, and by how many seeds."""

import math

from ..evaluation.statistics import Comparison
from ..systems import SPLITS, SYSTEMS, split_method
from ..systems import comparisons as others
from .results import Results, percent, seeds

RULE = (
    "Yes or no is said where the interval of the difference is clear of zero and every test gives p < 0.05: one over "
    "programs and, with several seeds, a paired t test over these. Of one seed it is said of its models alone: trained "
    "again, they may differ. Nothing is corrected for the number of comparisons."
)


def rivals(results: Results) -> list[str]:
    """Whatever was trained without composing, alone and with the denoiser behind it."""
    found = [(method, *split_method(method)) for method in results.methods]
    return [method for method, name, suffix in found if suffix in ("", "+denoise") and "composed" not in name]


def pairs(results: Results) -> list[tuple[str, str]]:
    """`composed` and each of its rivals, then what else is compared, other composed systems with their own start."""
    return [*dict.fromkeys((*(("composed", rival) for rival in rivals(results)), *others()))]


def answers(results: Results) -> list[str]:
    """Whether composed fine-tuning helps, split by split: each composed system over what it is compared with."""
    composed = {name for name, system in SYSTEMS.items() if system.composed}
    asked = [pair for pair in pairs(results) if pair[0] in composed]
    lines = []
    for split in results.splits:
        for first, second in asked:
            found = results.comparison(first, second, split)
            if found is not None:
                place = where(results, first, second, split)
                lines.append(f"- {place}, `{first}` over `{second}`: {answer(found)}; {gain(found)}")
    return ["**Does freezing and composing help?**", "", *lines, ""] if lines else []


def answer(found: Comparison) -> str:
    """Yes, no or not decided (`RULE` says when), and by how many seeds."""
    said = {1: "yes", 0: "not decided", -1: "no, it is worse"}[found.winner()]
    return f"{said} (of these models: 1 seed)" if found.seeds == 1 else f"{said} ({seeds(found.seeds)})"


def comparisons(results: Results) -> list[str]:
    """Sentences on paired differences, each with its interval, p values and the number of seeds."""
    lines = []
    for first, second in pairs(results):
        for split in results.splits:
            found = results.comparison(first, second, split)
            if found is not None:
                lines.append(
                    f"- `{first}` against `{second}`, {where(results, first, second, split)}: {gain(found)}; only "
                    f"`{first}` right on {found.only_first}, only `{second}` on {found.only_second} ({p_values(found)})"
                )
    return lines


def p_values(found: Comparison) -> str:
    """By how many seeds, too: with several, a program counts several times, which McNemar's test does not allow for."""
    if found.seeds == 1:
        return f"McNemar p {p_value(found.mcnemar_p)}; 1 seed"
    bootstrap, alone = p_value(found.bootstrap_p), p_value(found.seeds_p)
    return f"bootstrap p {bootstrap}, over seeds alone p {alone}; {seeds(found.seeds)}"


def p_value(p: float) -> str:
    return "< 0.0001" if p < 0.0001 else f"= {p:.2g}"


def where(results: Results, first: str, second: str, split: str) -> str:
    """The split of a comparison, and its seeds if one of the methods has not all of them."""
    seeds = results.common_seeds(first, second, split)
    named = "" if seeds == results.seeds else f", seeds {', '.join(map(str, seeds))}"
    return f"{split} ({SPLITS.get(split, split)}){named}"


def gain(found: Comparison) -> str:
    """Relative gain, where it is defined, and difference, with their intervals."""
    relative = "" if math.isnan(found.relative_gain.low) else f"relative gain {percent(found.relative_gain)}, "
    return f"{relative}difference {difference(found)}"


def difference(found: Comparison) -> str:
    value, low, high = (100 * each for each in (found.difference.value, found.difference.low, found.difference.high))
    interval = "no interval: too few differ" if math.isnan(low) else f"{low:+.1f} to {high:+.1f}"
    return f"{value:+.1f} points ({interval})"
