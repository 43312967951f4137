"""report.md: rates with intervals, paired comparisons, what is known of the denoiser; a section for each data set."""

from typing import Any

from ..evaluation.statistics import bootstrap_interval, compare
from ..systems import SPLITS, meaning
from .comparisons import RULE, answers, comparisons, gain
from .results import BOOTSTRAP_SEED, Results, percent, seeds, share


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
        "Intervals: 95 % bootstrap over programs" + (" and seeds. " if several else ". ") + RULE,
        "",
        "Evaluation: " + "; ".join(sorted({f"`{record['signature']}`" for record in results.records})),
    ]
    return lines


def table(results: Results) -> list[str]:
    """Methods by splits: programs that are correct and that compile, each with its interval."""
    head = [f"{split}: correct (95 % interval) | {split}: {results.words[1]}" for split in results.splits]
    lines = ["| method | " + " | ".join(head) + " |", "|---" * (1 + 2 * len(results.splits)) + "|"]
    for method in results.methods:
        cells = [results.rate(method, split, figure) for split in results.splits for figure in ("correct", "compiles")]
        lines.append(f"| `{method}` | " + " | ".join(cells) + " |")
    return lines


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
        trained = f", {seeds(len(values['kept']))}" if method != "denoiser" else ""
        lines.append(f"| `{method}`{trained} | " + " | ".join(cells) + " |")
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
            cell += results.fewer_seeds(method, split)
            line += f"{cell:<{column(head)}}"
        lines.append(line)
    return "\n".join(line.rstrip() for line in lines)


def column(head: str) -> int:
    return max(34, len(head) + 2)
