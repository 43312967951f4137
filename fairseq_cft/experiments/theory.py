"""The paper's theory in two-layer ReLU networks: how large a predictor must be, with and without a denoiser behind it.

The target is a staircase of N steps on N disjoint intervals of [0, 1]: y = i / N for x in [i / N, (i + 1/2) / N].
The valid outputs are the multiples of 1 / N, and the denoiser is the projection on them. Directly, a network must bend
twice in every gap; behind the projection, a straight line will do, and it also fits intervals that were never seen.

Two kinds of networks, each for N from 2 to 32:

- exact: the smallest norm of all networks that fit the data, by linear programming. The kinks of a smallest network lie
  on data points, so that only the outer weights are unknown.
- trained: width 200, Adam with weight decay, several random initialisations and data sets.

The norm is half the sum of squares of all weights, inner biases among them, at the best scaling of each unit: the sum
over units of |outer weight| * |(inner weight, inner bias)|. Composed networks must keep a margin to the border of the
right cell (--margin, in steps): inside of it the denoiser's output is right and costs nothing.
"""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.optimize import linprog

from ..report.plots import pyplot, save

STEPS = (2, 4, 8, 16, 32)
POINTS = 8  # of each interval, its ends among them
UNSEEN = 4  # intervals to the right of the data
WIDTH = 200
COLORS = {"direct": "#33658a", "composed": "#f26419"}

Predict = Callable[[np.ndarray], np.ndarray]  # (P,) -> (P,)


def intervals(first: int, last: int, steps: int, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Points of the intervals ``first`` to ``last - 1`` and their targets: (P,), (P,)."""
    inside = np.sort(generator.random((last - first, POINTS - 2)), axis=1)
    places = np.concatenate([np.zeros((last - first, 1)), inside, np.ones((last - first, 1))], axis=1) / 2
    numbers = np.arange(first, last)[:, None]
    return ((numbers + places) / steps).ravel(), np.repeat(numbers / steps, POINTS, axis=1).ravel()


def smallest(x: np.ndarray, y: np.ndarray, tolerance: float) -> tuple[float, Predict]:
    """The network of smallest norm within ``tolerance`` of the targets: (P,), (P,) -> its norm, predictor."""
    kinks = np.unique(x)

    def features(points: np.ndarray) -> np.ndarray:  # (P,) -> (P, 2 * kinks): units open to the right, to the left
        right = np.maximum(points[:, None] - kinks, 0)
        return np.concatenate([right, right - (points[:, None] - kinks)], axis=1)

    size = 2 * len(kinks)
    unit_norm = np.tile(np.sqrt(1 + kinks**2), 2)  # of (1, kink), the inner weight and bias
    matrix = np.concatenate([features(x), -features(x), np.ones((len(x), 1))], axis=1)
    found = linprog(
        np.concatenate([unit_norm, unit_norm, [0.0]]),
        A_ub=np.concatenate([matrix, -matrix]),
        b_ub=np.concatenate([y + tolerance, tolerance - y]),
        bounds=[(0, None)] * (2 * size) + [(None, None)],
    )
    if not found.success:
        raise RuntimeError(f"no smallest network was found: {found.message}")
    outer, bias = found.x[:size] - found.x[size : 2 * size], found.x[-1]
    return float(found.fun), lambda points: features(points) @ outer + bias


def trained(
    x: np.ndarray, y: np.ndarray, tolerance: float, seed: int, updates: int, decay: float
) -> tuple[float, Predict]:
    """Adam on the squared distance to the targets beyond ``tolerance``, with weight decay: norm, predictor."""
    generator = torch.Generator().manual_seed(seed)
    inputs, targets = torch.tensor(x, dtype=torch.float32), torch.tensor(y, dtype=torch.float32)
    inner = torch.randn(WIDTH, generator=generator)
    weights = [inner, -inner * torch.rand(WIDTH, generator=generator), torch.randn(WIDTH, generator=generator) / WIDTH]
    weights = [weight.requires_grad_() for weight in (*weights, targets.mean())]

    def output(points: torch.Tensor) -> torch.Tensor:
        inner, inner_bias, outer, bias = weights
        return torch.relu(points[:, None] * inner + inner_bias) @ outer + bias

    optimizer = torch.optim.Adam(weights, lr=3e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, updates)
    scale = 1 / (len(np.unique(y)) ** 2)  # of squared errors: a step is as high as N is small
    for _ in range(updates):
        beyond = torch.relu((output(inputs) - targets).abs() - tolerance)
        loss = beyond.square().mean() / scale + decay * sum(weight.square().sum() for weight in weights[:3])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    with torch.no_grad():
        inner, inner_bias, outer, _ = weights
        norm = (outer.abs() * torch.hypot(inner, inner_bias)).sum()
    return float(norm), lambda points: output(torch.tensor(points, dtype=torch.float32)).detach().numpy()


def measure(predict: Predict, x: np.ndarray, y: np.ndarray, steps: int) -> dict[str, float]:
    """Mean absolute error of the bare network, in steps, and the share of points that are wrong after projection."""
    output = predict(x)
    wrong = np.round(output * steps) != np.round(y * steps)
    return {"error": float(np.abs(output - y).mean() * steps), "wrong": float(wrong.mean())}


def run(steps: int, seed: int, options: argparse.Namespace) -> list[dict[str, Any]]:
    """All networks for one staircase and one seed."""
    generator = np.random.default_rng((seed, steps))
    seen = intervals(0, steps, steps, generator)
    unseen = intervals(steps, steps + UNSEEN, steps, generator)
    records = []
    for system, tolerance in (("direct", 0.0), ("composed", (0.5 - options.margin) / steps)):
        for kind in ("exact", "trained"):
            if kind == "exact":
                norm, predict = smallest(*seen, tolerance)
            else:
                norm, predict = trained(*seen, tolerance, seed, options.updates, options.weight_decay)
            record = {"steps": steps, "seed": seed, "system": system, "kind": kind, "norm": norm}
            for name, points in (("seen", seen), ("unseen", unseen)):
                record |= {f"{name}_{key}": value for key, value in measure(predict, *points, steps).items()}
            records.append(record)
    return records


def select(records: Sequence[dict[str, Any]], figure: str, **wanted: Any) -> np.ndarray:
    """Mean over seeds for each N, with least and greatest: (steps, 3)."""
    rows = []
    for steps in STEPS:
        values = [
            record[figure]
            for record in records
            if record["steps"] == steps and all(record[name] == value for name, value in wanted.items())
        ]
        rows.append((np.mean(values), np.min(values), np.max(values)))
    return np.array(rows)


def markdown(records: Sequence[dict[str, Any]], options: argparse.Namespace) -> str:
    """Norms and errors by N: means over seeds, with least and greatest where they differ."""

    def cells(figure: str, form: str, **wanted: Any) -> list[str]:
        rows = [[format(value, form) for value in row] for row in select(records, figure, **wanted)]
        return [mean if low == high else f"{mean} ({low} to {high})" for mean, low, high in rows]

    kinds = [(kind, system) for kind in ("exact", "trained") for system in ("direct", "composed")]
    sizes = {"N": [str(steps) for steps in STEPS]}
    wrong = dict(sizes)
    for kind, system in kinds:
        sizes[f"{system}, {kind}"] = cells("norm", ".1f", kind=kind, system=system)
        for place in ("seen", "unseen"):
            wrong[f"{system}, {kind}, {place}"] = cells(f"{place}_wrong", ".0%", kind=kind, system=system)
    sizes["error of direct, trained, in steps"] = cells("seen_error", ".2f", kind="trained", system="direct")
    ratio = select(records, "norm", kind="exact", system="direct")[:, 0]
    ratio = ratio / select(records, "norm", kind="exact", system="composed")[:, 0]
    growth = np.polyfit(np.log(STEPS), np.log(ratio), 1)[0]
    lines = [
        "# Two-layer ReLU networks on a staircase of N steps",
        "",
        f"Means over {options.seeds} seeds (least to greatest).",
        "",
        "## Norm",
        "",
        *table(sizes),
        "",
        f"Smallest direct norm over smallest composed norm: {', '.join(f'{value:.0f}' for value in ratio)}; it grows "
        f"like N to the power {growth:.2f}.",
        "",
        "## Wrong after projection",
        "",
        "The direct network has the projection behind it too. Unseen: the next "
        f"{UNSEEN} intervals to the right of the data.",
        "",
        *table(wrong),
    ]
    return "\n".join(lines) + "\n"


def table(columns: dict[str, list[str]]) -> list[str]:
    """A Markdown table."""
    rows = [[*columns], ["---"] * len(columns), *zip(*columns.values(), strict=True)]
    return ["| " + " | ".join(row) + " |" for row in rows]


def draw(records: Sequence[dict[str, Any]], options: argparse.Namespace, file: Path) -> None:
    """Both smallest networks for N = 8; norms and errors by N."""
    figure, (fits, norms, errors) = pyplot().subplots(1, 3, figsize=(14, 4.4), layout="constrained")
    steps, generator = 8, np.random.default_rng((1, 8))
    seen, unseen = intervals(0, steps, steps, generator), intervals(steps, steps + UNSEEN, steps, generator)
    line = np.linspace(0, (steps + UNSEEN) / steps, 1000)
    fits.axvspan(1, line[-1], color="#eeeeee", label="never seen")
    for system, tolerance in (("direct", 0.0), ("composed", (0.5 - options.margin) / steps)):
        _, predict = smallest(*seen, tolerance)
        label = "direct: smallest network" if system == "direct" else "smallest base predictor"
        fits.plot(line, predict(line), color=COLORS[system], label=label)
    fits.plot(*seen, ".k", markersize=4, label="target")
    fits.plot(*unseen, ".", color="#777777", markersize=4)
    fits.set(title=f"N = {steps}", xlabel="x", ylabel="y")
    for kind, style in (("exact", "-"), ("trained", "--")):
        for system in ("direct", "composed"):
            for axes, name in ((norms, "norm"), (errors, "unseen_wrong")):
                values = select(records, name, kind=kind, system=system) * (100 if name == "unseen_wrong" else 1)
                axes.plot(STEPS, values[:, 0], style, color=COLORS[system], label=f"{system}, {kind}", marker="o")
                axes.fill_between(STEPS, values[:, 1], values[:, 2], color=COLORS[system], alpha=0.15, linewidth=0)
    norms.set(title="norm of the network", xlabel="N", xscale="log", yscale="log")
    errors.set(title="wrong after projection, unseen intervals", xlabel="N", ylabel="%", xscale="log", ylim=(-5, 105))
    for axes in (norms, errors):
        axes.set_xticks(STEPS, STEPS)
        axes.minorticks_off()
    for axes in (fits, norms, errors):
        axes.legend(fontsize=8)
        axes.grid(alpha=0.3)
    save(figure, file)
