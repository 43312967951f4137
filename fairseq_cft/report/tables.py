"""report.md: rates with intervals, paired comparisons, what is known of the denoiser; a section for each data set."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..evaluation.statistics import Comparison, bootstrap_interval, compare
from ..systems import SPLITS, meaning
from .results import BOOTSTRAP_SEED, Results, percent, share

COMPARED = (
    ("composed", "pretrained"),
    ("composed", "pretrained+denoise"),
    ("composed", "pretrained_longer"),
    ("composed", "pretrained_longer+denoise"),
    ("pretrained+denoise", "pretrained"),
    ("pretrained+gate", "pretrained"),
    ("pretrained+gate", "pretrained+denoise"),
    ("composed+gate", "composed"),
    ("composed:base", "pretrained"),
    ("composed_denoiser_init", "pretrained"),
    ("composed_direct_init", "direct+denoise"),
    ("composed_no_init", "direct"),
    ("bart_style", "pretrained"),
    ("backtranslation_composed", "backtranslation"),
)


def section(results: Results) -> list[str]:
    """All that is known of a data set, as Markdown."""
    sizes = {record["split"]: record["n"] for record in results.records}
    several = len(results.seeds) > 1
    lines = [f"# {results.dataset}: {results.words[0]}", ""]
    lines += [
        f"Seeds {', '.join(map(str, results.seeds))}; "
        + ", ".join(f"{split} ({SPLITS.get(split, split)}): {sizes[split]} programs" for split in results.splits)
        + ".",
        "",
    ]
    lines += answers(results)
    lines += table(results)
    lines += ["", *(f"- `{method}`: {meaning(method)}" for method in results.methods if meaning(method)), ""]
    lines += ["## Paired comparisons on the same programs", "", *comparisons(results), ""]
    if results.denoiser:
        lines += [denoiser_sentence(results.denoiser), ""]
    if results.destroyed:
        lines += ["## What fine-tuning destroys", "", *destroyed(results), ""]
    lines += [
        "Intervals: 95 % bootstrap over programs" + (" and seeds." if several else "."),
        "",
        "Evaluation: " + "; ".join(sorted({f"`{record['signature']}`" for record in results.records})),
    ]
    return lines


def answers(results: Results) -> list[str]:
    """Whether composed fine-tuning helps, split by split: decided where the difference's interval is clear of zero."""
    lines = []
    for split in results.splits:
        for baseline in ("pretrained", "pretrained_longer"):
            found = results.comparison("composed", baseline, split)
            if found is not None:
                low, high = found.difference.low, found.difference.high
                answer = "yes" if low > 0 else "no, it harms" if high < 0 else "not decided"
                lines.append(
                    f"- {where(results, 'composed', baseline, split)}, over `{baseline}`: {answer}; {gain(found)}"
                )
    return ["**Does freezing and composing help?**", "", *lines, ""] if lines else []


def table(results: Results) -> list[str]:
    """Methods by splits: programs that are correct and that compile, each with its interval."""
    head = [f"{split}: correct (95 % interval) | {split}: {results.words[1]}" for split in results.splits]
    lines = ["| method | " + " | ".join(head) + " |", "|---" * (1 + 2 * len(results.splits)) + "|"]
    for method in results.methods:
        cells = []
        for split in results.splits:
            found = (results.interval(method, split, figure) for figure in ("correct", "compiles"))
            cells += ["" if interval is None else percent(interval) for interval in found]
        lines.append(f"| `{method}` | " + " | ".join(cells) + " |")
    return lines


def comparisons(results: Results) -> list[str]:
    """Sentences on paired differences, each with its interval and p value."""
    lines = []
    for first, second in COMPARED:
        for split in results.splits:
            found = results.comparison(first, second, split)
            if found is not None:
                lines.append(f"- `{first}` against `{second}`, {where(results, first, second, split)}: {gain(found)}; ")
                # with several seeds a program counts several times, which McNemar's test does not allow for
                one = len(results.common_seeds(first, second, split)) == 1
                test, p = ("McNemar", found.mcnemar_p) if one else ("bootstrap", found.bootstrap_p)
                lines[-1] += (
                    f"only `{first}` right on {found.only_first}, only `{second}` on {found.only_second} "
                    f"({test} p = {p:.3g})"
                )
    return lines


def where(results: Results, first: str, second: str, split: str) -> str:
    """The split of a comparison, and its seeds if one of the methods has not all of them."""
    seeds = results.common_seeds(first, second, split)
    named = "" if seeds == results.seeds else f", seeds {', '.join(map(str, seeds))}"
    return f"{split} ({SPLITS.get(split, split)}){named}"


def gain(found: Comparison) -> str:
    """Relative gain, where it is defined, and difference, with their intervals."""
    relative = "" if np.isnan(found.relative_gain.low) else f"relative gain {percent(found.relative_gain)}, "
    return f"{relative}difference {difference(found)}"


def difference(found: Comparison) -> str:
    value, low, high = (100 * each for each in (found.difference.value, found.difference.low, found.difference.high))
    return f"{value:+.1f} points ({low:+.1f} to {high:+.1f})"


def denoiser_sentence(rates: dict[str, Any]) -> str:
    kept = percent(share(rates["clean_kept"], rates["programs"]))
    sentence = f"Denoiser on {rates['programs']} held-out programs: {kept} of clean programs kept"
    if rates["broken"]:
        sentence += (
            f", {percent(share(rates['restored'], rates['broken']))} of {rates['broken']} corrupted ones restored"
        )
    return sentence + "."


def destroyed(results: Results) -> list[str]:
    """Skill of fine-tuned models at denoising, beside the denoiser they started from, and what it adds behind them."""
    found = results.destroyed or {}
    figures = {"kept": f"clean kept, n = {found['programs']}", "restored": f"corrupted restored, n = {found['broken']}"}
    skill: dict[str, dict[str, list[list[float]]]] = {}  # method -> figure -> (S, E)
    for record in found["models"]:
        for figure in figures:
            rows = skill.setdefault(record["method"], {}).setdefault(figure, [])
            rows.append([float(bit) for bit in record[f"{figure}_by_program"]])
    lines = [
        "The denoiser and models fine-tuned from it, all given the same held-out programs to denoise.",
        "",
        "| model | " + " | ".join(figures.values()) + " |",
        "|---|---|---|",
    ]
    for method, values in skill.items():
        cells = [percent(bootstrap_interval(values[figure], seed=BOOTSTRAP_SEED)) for figure in figures]
        lines.append(f"| `{method}` | " + " | ".join(cells) + " |")
    lines.append("")
    for method, values in skill.items():
        if method != "denoiser":
            changes = [
                f"{name.split(',')[0]}: {gain(compare(values[figure], skill['denoiser'][figure], seed=BOOTSTRAP_SEED))}"
                for figure, name in figures.items()
            ]
            lines.append(f"- `{method}` against the denoiser, {'; '.join(changes)}")
            for split in results.splits:
                added = results.comparison(f"{method}+denoise", method, split)
                if added is not None:
                    lines.append(f"- the denoiser behind `{method}` at test time, correct on {split}: {gain(added)}")
    return lines


def plain_table(results: Results) -> str:
    """The table for a terminal."""
    width = max(map(len, results.methods)) + 2
    heads = [f"{split} ({SPLITS.get(split, split)})" for split in results.splits]
    lines = [" " * width + "".join(f"{head:<{column(head)}}" for head in heads)]
    for method in results.methods:
        line = f"{method:<{width}}"
        for split, head in zip(results.splits, heads, strict=True):
            interval = results.interval(method, split)
            cell = "-" if interval is None else f"{interval.value:6.1%}  [{interval.low:.1%}, {interval.high:.1%}]"
            line += f"{cell:<{column(head)}}"
        lines.append(line)
    return "\n".join(line.rstrip() for line in lines)


def column(head: str) -> int:
    return max(34, len(head) + 2)
