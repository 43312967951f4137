"""report.png: correct programs by method with intervals and seeds, and the curves of the trainings."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..systems import SPLITS
from .plots import percents, plain_log_scale, pyplot, save
from .results import Results

RATES = {
    "exact": "equal to the reference",
    "correct_rate": "programs that run right",
}  # drawn: the first that is logged
COLORS = {"test": "#33658a", "ood": "#f26419", "testw": "#33658a", "testp": "#f26419"}


def read_curves(log: Path) -> dict[str, list[tuple[float, float]]]:
    """Validation figures of a training log written with --log-format json: name -> [(updates, value)].

    A training that was killed and resumed has validated some updates twice, and may have left half a line.
    """
    curves: dict[str, dict[float, float]] = defaultdict(dict)
    for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            values = json.loads(line[line.index('{"epoch"') :])
            updates = float(values["valid_num_updates"])
        except (ValueError, KeyError):
            continue
        for name, value in values.items():
            if name.startswith("valid_"):
                curves[name.removeprefix("valid_")][updates] = float(value)
    return {name: sorted(points.items()) for name, points in curves.items()}


def draw(datasets: Sequence[Results], logs: Mapping[str, Path], file: Path) -> None:
    """A row of bars for each data set; beside them, curves of the trainings, by name."""
    methods = max(len(results.methods) for results in datasets)
    widths = [max(5.5, 1.5 + 0.75 * methods), 9] if logs else [max(5.5, 1.5 + 0.75 * methods)]
    figure = pyplot().figure(figsize=(sum(widths), 4.8 * len(datasets)), layout="constrained")
    parts = figure.subfigures(1, len(widths), width_ratios=widths, squeeze=False)[0]
    for part, results in zip(parts[0].subfigures(len(datasets), 1, squeeze=False)[:, 0], datasets, strict=True):
        draw_bars(part, results)
    if logs:
        draw_curves(parts[1], logs)
    save(figure, file)


def draw_bars(figure: Any, results: Results) -> None:
    axes = figure.subplots()
    width = 0.8 / len(results.splits)
    for place, split in enumerate(results.splits):
        found = [(i, results.interval(method, split)) for i, method in enumerate(results.methods)]
        bars = [(i, interval) for i, interval in found if interval is not None]
        values, errors = percents([interval for _, interval in bars])
        color, label = COLORS.get(split, f"C{place}"), f"{split} ({SPLITS.get(split, split)})"
        places = [i + place * width for i, _ in bars]
        axes.bar(places, values, width, yerr=errors, capsize=3, color=color, label=label)
        for i, _ in bars:
            draw_seeds(axes, results, results.methods[i], split, i + place * width, 0.3 * width)
    axes.set_xticks([i + width * (len(results.splits) - 1) / 2 for i in range(len(results.methods))])
    axes.set_xticklabels(results.methods, rotation=25, ha="right")
    axes.set_ylabel(f"{results.words[0]}, %", fontsize=8)
    points = ", points: the seeds" if len(results.seeds) > 1 else ", 1 seed"
    axes.set_title(f"{results.dataset}: correct, 95 % intervals{points}")
    figure.legend(loc="outside lower center", ncols=2, fontsize=8)


def draw_seeds(axes: Any, results: Results, method: str, split: str, where: float, spread: float) -> None:
    """A point for each of several seeds, side by side around `where`."""
    rates = [100 * sum(row) / len(row) for row in results.by_seed(method, split).values()]
    if len(rates) > 1:
        places = [where + spread * (2 * number / (len(rates) - 1) - 1) for number in range(len(rates))]
        axes.plot(places, rates, "o", markersize=5, color="white", markeredgecolor="black", zorder=3)


def draw_curves(figure: Any, logs: Mapping[str, Path]) -> None:
    """One legend for both panels: a colour is a system, a dashed line its base predictor."""
    losses, rates = figure.subplots(1, 2)
    found = {name: read_curves(log) for name, log in logs.items()}
    rate = "exact" if any("exact" in curves for curves in found.values()) else "correct_rate"
    for number, (name, curves) in enumerate(found.items()):
        color, dashed = f"C{number}", {"linestyle": "--", "color": f"C{number}"}
        main = "composed_loss" if "composed_loss" in curves else "loss"
        if main in curves:
            losses.plot(*zip(*curves[main], strict=True), color=color, label=name)
        if "base_loss" in curves:
            losses.plot(*zip(*curves["base_loss"], strict=True), **dashed, label=f"{name}: base predictor")
        if rate in curves:
            rates.plot(*zip(*curves[rate], strict=True), color=color)
        if f"base_{rate}" in curves:
            rates.plot(*zip(*curves[f"base_{rate}"], strict=True), **dashed)
    losses.set(title="validation loss", xlabel="updates", ylabel="bits a token")
    plain_log_scale(losses.yaxis)
    rates.set(title=f"validation: {RATES[rate]}", xlabel="updates", ylabel="%")
    for axes in (losses, rates):
        axes.grid(alpha=0.3)
    figure.legend(loc="outside lower center", ncols=3, fontsize=9)
