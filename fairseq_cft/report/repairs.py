"""Table and picture of what a denoiser does to programs, by kind of error: what compiles, what comes back exactly."""

from collections.abc import Sequence
from pathlib import Path
from textwrap import fill
from typing import Any

import numpy as np

from ..evaluation.statistics import rate_interval
from .plots import pyplot, save

LONG = 1000  # characters: the published limit of training programs
FIGURES = {"compiles_before": "compile before", "compiles_after": "compile after", "restored": "restored exactly"}
CLEAN_FIGURES = ("compiles_clean", "compiles_kept")
COLORS = {"compiles_before": "#bcb8b1", "compiles_after": "#33658a", "restored": "#f26419"}


def rate(rows: Sequence[dict[str, Any]], name: str) -> list[float]:
    """Share of rows for which `name` is true, with its 95 % interval."""
    interval = rate_interval(sum(row[name] for row in rows), len(rows))
    return [interval.value, interval.low, interval.high]


def summarise(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Counts and rates over all rows, those whose corruption does not compile, and each kind of error."""
    broken = [row for row in rows if not row["compiles_before"]]
    kinds = sorted({row["kind"] for row in rows})
    lengths = {f"at most {LONG} characters": False, f"over {LONG} characters": True}
    groups = {"all": list(rows), "all that no longer compile": broken}
    groups |= {name: [row for row in rows if row["long"] == long] for name, long in lengths.items()}
    groups |= {kind: [row for row in rows if row["kind"] == kind] for kind in kinds if len(kinds) > 1}
    return {
        "programs": len(rows),
        "corrupted": {
            name: {"n": len(group), **{figure: rate(group, figure) for figure in FIGURES}}
            for name, group in groups.items()
            if group
        },
        "clean": {
            name: {"n": len(group), **{figure: rate(group, figure) for figure in ("kept", *CLEAN_FIGURES)}}
            for name, group in groups.items()
            if group and name in ("all", *lengths)
        },
    }


def percent(value: Sequence[float]) -> str:
    return f"{value[0]:.1%} ({value[1]:.1%} to {value[2]:.1%})"


def markdown(report: dict[str, Any]) -> str:
    lines = [
        f"# Denoiser on {report['programs']} programs of {report['source']}",
        "",
        f"Noise `{report['noise']}`. {report['too_long']} programs exceed the denoiser's positions: counted as failed.",
        "",
        "| corrupted by | n | compile before | compile after | restored exactly |",
        "|---|---|---|---|---|",
    ]
    for name, group in report["corrupted"].items():
        lines.append(f"| {name} | {group['n']} | " + " | ".join(percent(group[figure]) for figure in FIGURES) + " |")
    lines += [
        "",
        "| clean programs | n | come back as they are | compile before | compile after |",
        "|---|---|---|---|---|",
    ]
    for name, group in report["clean"].items():
        cells = " | ".join(percent(group[figure]) for figure in ("kept", *CLEAN_FIGURES))
        lines.append(f"| {name} | {group['n']} | {cells} |")
    lines += ["", f"95 % intervals. Compiler: `{report['signature']}`"]
    return "\n".join(lines) + "\n"


def draw(report: dict[str, Any], file: Path) -> None:
    """Bars by kind of error, with intervals."""
    groups = report["corrupted"]
    figure, axes = pyplot().subplots(figsize=(3 + 1.3 * len(groups), 4.6), layout="constrained")
    for place, (name, label) in enumerate(FIGURES.items()):
        values = 100 * np.array([group[name] for group in groups.values()])  # (groups, 3)
        errors = np.abs(values[:, 1:].T - values[:, 0])
        where = np.arange(len(groups)) + 0.27 * (place - 1)
        axes.bar(where, values[:, 0], 0.25, yerr=errors, capsize=3, color=COLORS[name], label=label)
    axes.set_xticks(range(len(groups)), [f"{fill(name, 14)}\nn = {group['n']}" for name, group in groups.items()])
    axes.set_ylabel("% of corrupted programs")
    axes.set_title(f"{report['source']}: clean programs kept {report['clean']['all']['kept'][0]:.1%}")
    axes.set_ylim(0, 125)
    axes.set_yticks(range(0, 101, 20))
    axes.legend(loc="upper center", ncols=3)
    save(figure, file)
