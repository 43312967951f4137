"""Builds report.md and report.png of an ablation: composed and standard fine-tuning as one thing changes at a time."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from _report_picture import COLORS
from _results import Results, percent, read_results
from plots import pyplot, save
from report import denoiser_sentence, difference

from fairseq_cft.errors import UserError
from fairseq_cft.files import write_together
from fairseq_cft.systems import SPLITS


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
            rates = (results.interval(method, split) for method in (composed, baseline))
            cells += ["" if rate is None else percent(rate) for rate in rates]
            found = results.comparison(composed, baseline, split)
            cells.append("" if found is None else difference(found))
        lines.append("| " + " | ".join(cells) + " |")
    return lines


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
                panel.errorbar(
                    [place + 0.13 * (2 * number + kind - 1.5) for place, _ in known],
                    [100 * interval.value for _, interval in known],
                    yerr=[
                        [100 * (interval.value - interval.low) for _, interval in known],
                        [100 * (interval.high - interval.value) for _, interval in known],
                    ],
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


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path, metavar="results.json", help="what collect_results.py wrote")
    parser.add_argument("--output-dir", type=Path, required=True, metavar="DIR", help="gets report.md and report.png")
    parser.add_argument(
        "--axis", nargs="+", action="append", required=True, metavar="NAME VALUE=METHOD/BASELINE",
        help="what changes; each value with the composed method and the one that it started from",
    )  # fmt: skip
    parser.add_argument(
        "--denoisers", nargs="*", default=[], metavar="NOISE=FILE.json", help="what check_denoiser.py wrote of each"
    )
    options = parser.parse_args()
    axes = [read_axis(words) for words in options.axis]
    results, *more = read_results([options.results])
    if more:
        raise UserError(f"{options.results} has several data sets; an ablation is on one")
    lines = [f"# {results.dataset}: one thing changed at a time", ""]
    lines += ["Programs that compile and print the right answer, 95 % bootstrap intervals over programs and seeds", ""]
    lines[-2] += f" ({', '.join(map(str, results.seeds))}); differences are paired."
    for axis in axes:
        lines += [*table(results, axis), ""]
    for denoiser in options.denoisers:
        noise, _, path = denoiser.partition("=")
        rates = json.loads(Path(path).read_text(encoding="utf-8"))
        lines += [f"- Noise `{noise}`. {denoiser_sentence(rates)}"]
    options.output_dir.mkdir(parents=True, exist_ok=True)
    draw(results, axes, options.output_dir / "report.png")
    with write_together(options.output_dir / "report.md") as (page,):
        page.write("\n".join(lines) + "\n")
    print("\n".join(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
