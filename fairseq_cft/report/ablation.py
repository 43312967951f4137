"""Table and picture of an ablation: composed and standard fine-tuning as one thing changes at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import UserError
from ..systems import SPLITS
from .comparisons import difference
from .pictures import COLORS
from .plots import percents, pyplot, save
from .results import Results
from .tables import denoiser_sentence


@dataclass(frozen=True)
class Axis:
    """What changes, and for each value the composed model and the model that it started from."""

    name: str
    values: list[tuple[str, str, str]]  # value, composed, baseline


def read_axis(words: Sequence[str]) -> Axis:
    """NAME VALUE=METHOD/BASELINE ..."""
    name, *settings = words
    values = []
    for setting in settings:
        value, _, methods = setting.partition("=")
        composed, _, baseline = methods.partition("/")
        if not (value and composed and baseline):
            raise UserError(f"--axis {name}: {setting} is not VALUE=METHOD/BASELINE")
        values.append((value, composed, baseline))
    return Axis(name, values)


def table(results: Results, axis: Axis) -> list[str]:
    """Composed, its baseline and their paired difference, for each value and split."""
    head = [f"{split}: composed | {split}: fine-tuned | {split}: difference" for split in results.splits]
    lines = [f"## {axis.name}", ""]
    lines += ["| | " + " | ".join(head) + " |", "|---" * (1 + 3 * len(results.splits)) + "|"]
    for value, composed, baseline in axis.values:
        cells = [value]
        for split in results.splits:
            cells += [results.rate(method, split) for method in (composed, baseline)]
            found = results.comparison(composed, baseline, split)
            cells.append("" if found is None else difference(found))
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def markdown(results: Results, axes: Sequence[Axis], denoisers: Mapping[str, dict[str, Any]]) -> str:
    """The page; denoisers: noise -> the rates of the denoiser that was trained on it."""
    lines = [
        f"# {results.dataset}: one thing changed at a time",
        "",
        "Programs that compile and print the right answer, 95 % bootstrap intervals over programs and seeds "
        f"({', '.join(map(str, results.seeds))}); differences are paired.",
        "",
    ]
    for axis in axes:
        lines += [*table(results, axis), ""]
    lines += [f"- Noise `{noise}`. {denoiser_sentence(rates)}" for noise, rates in denoisers.items()]
    return "\n".join(lines) + "\n"


def draw(results: Results, axes: Sequence[Axis], file: Path) -> None:
    """A panel for each axis: filled points composed, hollow ones the baseline, with intervals."""
    widths = [1.2 + 0.9 * len(axis.values) for axis in axes]
    figure = pyplot().figure(figsize=(max(6.0, sum(widths)), 4.4), layout="constrained")
    panels = figure.subplots(1, len(axes), squeeze=False, sharey=True, width_ratios=widths)[0]
    for panel, axis in zip(panels, axes, strict=True):
        for number, split in enumerate(results.splits):
            for kind, label in enumerate(("composed", "fine-tuned")):
                points = [(place, results.interval(each[kind + 1], split)) for place, each in enumerate(axis.values)]
                known = [(place, interval) for place, interval in points if interval is not None]
                values, errors = percents([interval for _, interval in known])
                panel.errorbar(
                    [place + 0.13 * (2 * number + kind - 1.5) for place, _ in known],
                    values,
                    yerr=errors,
                    fmt="o",
                    capsize=3,
                    color=COLORS.get(split, f"C{number}"),
                    markerfacecolor="white" if kind else None,
                    label=f"{label}, {split} ({SPLITS.get(split, split)})" if panel is panels[0] else None,
                )
        panel.set_xticks(range(len(axis.values)), [value for value, *_ in axis.values], rotation=20)
        panel.set_xlim(-0.6, len(axis.values) - 0.4)
        panel.set_title(axis.name, fontsize=10)
        panel.grid(axis="y", alpha=0.3)
    panels[0].set_ylabel("compile and print the right answer, %")
    figure.legend(loc="outside lower center", ncols=2, fontsize=9)
    save(figure, file)
