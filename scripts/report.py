"""Builds report.md and report.png from results.json: rates with intervals, paired comparison, training curves."""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from plots import pyplot, save

from fairseq_cft.evaluation.statistics import Comparison, Interval, bootstrap_interval, compare
from fairseq_cft.methods import SPLITS, meaning, place

COMPARED = (
    ("composed", "pretrained"),
    ("composed", "pretrained+denoise"),
    ("pretrained+denoise", "pretrained"),
    ("composed:base", "pretrained"),
    ("composed_denoiser_init", "pretrained"),
    ("composed_direct_init", "direct+denoise"),
    ("composed_no_init", "direct"),
    ("bart_style", "pretrained"),
    ("backtranslation_composed", "backtranslation"),
)
BOOTSTRAP_SEED = 1
COLORS = {"test": "#33658a", "ood": "#f26419"}

Outcomes = dict[tuple[str, str], np.ndarray]  # (method, split) -> (S, E) of 0 and 1


class Results:
    """Records of one or several results.json with the verdicts they point to."""

    def __init__(self, files: Sequence[Path]) -> None:
        self.records: list[dict[str, Any]] = []
        rows: dict[tuple[str, str], list[list[bool]]] = defaultdict(list)
        compiled: dict[tuple[str, str], list[float]] = defaultdict(list)
        for file in files:
            for record in json.loads(file.read_text(encoding="utf-8")):
                evaluation = json.loads((file.parent / record["evaluation"]).read_text(encoding="utf-8"))
                key = record["method"], record["split"]
                rows[key].append([verdict["verdict"] == "correct" for verdict in evaluation["verdicts"]])
                compiled[key].append(evaluation["compile_rate"])
                self.records.append(record)
        if not self.records:
            raise SystemExit(f"report.py: no records in {', '.join(map(str, files))}")
        self.outcomes: Outcomes = {key: np.array(value, dtype=float) for key, value in rows.items()}
        self.compile_rate = {key: float(np.mean(value)) for key, value in compiled.items()}

    @property
    def splits(self) -> list[str]:
        found = {record["split"] for record in self.records}
        return [split for split in SPLITS if split in found] + sorted(found - set(SPLITS))

    @property
    def methods(self) -> list[str]:
        found = {record["method"] for record in self.records}
        return sorted(found, key=place)

    def interval(self, method: str, split: str) -> Interval | None:
        outcomes = self.outcomes.get((method, split))
        return None if outcomes is None else bootstrap_interval(outcomes, seed=BOOTSTRAP_SEED)

    def comparison(self, first: str, second: str, split: str) -> Comparison | None:
        pair = [self.outcomes.get((method, split)) for method in (first, second)]
        if any(outcomes is None for outcomes in pair):
            return None
        return compare(pair[0], pair[1], seed=BOOTSTRAP_SEED)


def percent(interval: Interval) -> str:
    return f"{interval.value:.1%} ({interval.low:.1%} to {interval.high:.1%})"


def table(results: Results) -> list[str]:
    """Methods by splits: correct programs with interval, and the share that compiles."""
    head = [f"{split}: correct (95 % interval) | {split}: compiles" for split in results.splits]
    lines = ["| method | " + " | ".join(head) + " |", "|---" * (1 + 2 * len(results.splits)) + "|"]
    for method in results.methods:
        cells = []
        for split in results.splits:
            interval = results.interval(method, split)
            cells += (
                ["", ""]
                if interval is None
                else [
                    percent(interval),
                    f"{results.compile_rate[method, split]:.1%}",
                ]
            )
        lines.append(f"| `{method}` | " + " | ".join(cells) + " |")
    return lines


def comparisons(results: Results, pairs: Sequence[tuple[str, str]]) -> list[str]:
    """Sentences on paired differences, each with its interval and p value."""
    lines = []
    for first, second in pairs:
        for split in results.splits:
            found = results.comparison(first, second, split)
            if found is None:
                continue
            difference, gain = found.difference, found.relative_gain
            relative = "" if np.isnan(gain.low) else f"relative gain {percent(gain)}, "
            lines.append(
                f"- `{first}` against `{second}`, {split} ({SPLITS.get(split, split)}): {relative}difference "
                f"{100 * difference.value:+.1f} points ({100 * difference.low:+.1f} to {100 * difference.high:+.1f}); "
                f"only `{first}` right on {found.only_first}, only `{second}` on {found.only_second} "
                f"(McNemar p = {found.mcnemar_p:.3g})"
            )
    return lines


def markdown(results: Results, denoiser: Mapping[str, Any] | None) -> str:
    """The whole report as Markdown."""
    datasets = sorted({record["dataset"] for record in results.records})
    seeds = sorted({record["seed"] for record in results.records})
    sizes = {record["split"]: record["n"] for record in results.records}
    lines = [f"# {', '.join(datasets)}: programs that compile and print the right answer", ""]
    lines += [
        f"Seeds {', '.join(map(str, seeds))}; "
        + ", ".join(f"{split} ({SPLITS.get(split, split)}): {sizes[split]} programs" for split in results.splits)
        + ".",
        "",
    ]
    lines += table(results)
    lines += ["", *(f"- `{method}`: {meaning(method)}" for method in results.methods if meaning(method)), ""]
    lines += ["## Paired comparisons on the same programs", ""]
    lines += comparisons(results, COMPARED)
    if denoiser:
        lines += [
            "",
            f"Denoiser on {denoiser['programs']} held-out programs: {denoiser['clean_kept']:.1%} of clean "
            f"programs kept, {denoiser['restored']:.1%} of {denoiser['broken']} corrupted ones restored.",
        ]
    lines += [
        "",
        "Intervals: 95 % bootstrap over programs" + (" and seeds." if len(seeds) > 1 else "."),
        "",
        "Evaluation: " + "; ".join(sorted({f"`{record['signature']}`" for record in results.records})),
    ]
    return "\n".join(lines) + "\n"


def plain_table(results: Results) -> str:
    """The table for a terminal."""
    width = max(map(len, results.methods)) + 2
    lines = [" " * width + "".join(f"{split + ' (' + SPLITS.get(split, split) + ')':<34}" for split in results.splits)]
    for method in results.methods:
        cells = []
        for split in results.splits:
            interval = results.interval(method, split)
            cells.append(
                "-" if interval is None else f"{interval.value:6.1%}  [{interval.low:.1%}, {interval.high:.1%}]"
            )
        lines.append(f"{method:<{width}}" + "".join(f"{cell:<34}" for cell in cells))
    return "\n".join(line.rstrip() for line in lines)


def read_curves(log: Path) -> dict[str, list[tuple[float, float]]]:
    """Validation figures of a training log written with --log-format json: name -> [(updates, value)]."""
    curves: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
        start = line.find('{"epoch"')
        if start < 0:
            continue
        values = json.loads(line[start:])
        if "valid_num_updates" not in values:
            continue
        for name, value in values.items():
            if name.startswith("valid_"):
                curves[name.removeprefix("valid_")].append((float(values["valid_num_updates"]), float(value)))
    return curves


def draw(results: Results, logs: Sequence[str], file: Path) -> None:
    """report.png: bars with intervals; beside them, curves of the trainings given as NAME=LOG."""
    panels = 3 if logs else 1
    figure, axes = pyplot().subplots(
        1, panels, figsize=(6 + 4.5 * (panels - 1), 4.6), squeeze=False, layout="constrained"
    )
    draw_bars(axes[0][0], results)
    if logs:
        draw_curves(axes[0][1], axes[0][2], logs)
    save(figure, file)


def draw_bars(axes: Any, results: Results) -> None:
    width = 0.8 / len(results.splits)
    for position, split in enumerate(results.splits):
        for index, method in enumerate(results.methods):
            interval = results.interval(method, split)
            if interval is None:
                continue
            errors = [[100 * (interval.value - interval.low)], [100 * (interval.high - interval.value)]]
            axes.bar(
                index + position * width,
                100 * interval.value,
                width,
                yerr=errors,
                capsize=3,
                color=COLORS.get(split, "#777777"),
                label=f"{split} ({SPLITS.get(split, split)})" if index == 0 else None,
            )
    axes.set_xticks([i + width * (len(results.splits) - 1) / 2 for i in range(len(results.methods))])
    axes.set_xticklabels(results.methods, rotation=25, ha="right")
    axes.set_ylabel("compile and print the right answer, %")
    axes.set_title("correct programs, 95 % intervals")
    axes.legend(loc="upper left")
    axes.set_ylim(top=1.25 * axes.get_ylim()[1])  # room for the legend


def draw_curves(losses: Any, exact: Any, logs: Sequence[str]) -> None:
    for number, each in enumerate(logs):
        name, _, path = each.partition("=")
        curves = read_curves(Path(path))
        color = f"C{number}"
        if "composed_loss" in curves:
            losses.plot(*zip(*curves["composed_loss"], strict=True), color=color, label=f"{name}: composed loss")
            losses.plot(*zip(*curves["base_loss"], strict=True), "--", color=color, label=f"{name}: base loss")
        elif "loss" in curves:
            losses.plot(*zip(*curves["loss"], strict=True), color=color, label=f"{name}: loss")
        if "exact" in curves:
            exact.plot(*zip(*curves["exact"], strict=True), color=color, label=name)
        if "base_exact" in curves:
            exact.plot(*zip(*curves["base_exact"], strict=True), "--", color=color, label=f"{name}: base")
    losses.set(title="validation loss", xlabel="updates", ylabel="bits a token", yscale="log")
    exact.set(title="validation: equal to the reference", xlabel="updates", ylabel="%")
    for axes in (losses, exact):
        axes.legend(fontsize=8)
        axes.grid(alpha=0.3)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path, nargs="+", metavar="results.json")
    parser.add_argument("--output-dir", type=Path, required=True, metavar="DIR", help="gets report.md and report.png")
    parser.add_argument("--curves", nargs="*", default=[], metavar="NAME=LOG", help="training logs to draw")
    parser.add_argument("--denoiser", type=Path, metavar="FILE.json", help="what check_denoiser.py wrote")
    options = parser.parse_args()
    results = Results(options.results)
    denoiser = json.loads(options.denoiser.read_text(encoding="utf-8")) if options.denoiser else None
    options.output_dir.mkdir(parents=True, exist_ok=True)
    draw(results, options.curves, options.output_dir / "report.png")
    temporary = options.output_dir / "report.md.tmp"
    temporary.write_text(markdown(results, denoiser), encoding="utf-8")
    temporary.replace(options.output_dir / "report.md")
    print(plain_table(results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
