"""matplotlib as the reports want it: without a display, without fairseq's debug messages, whole files."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..evaluation.statistics import Interval
from ..files import write_together


def pyplot() -> Any:
    """``matplotlib.pyplot`` that draws into files."""
    for name in ("matplotlib", "PIL"):  # importing fairseq turns every logger's debug messages on
        logging.getLogger(name).setLevel(logging.WARNING)
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    return plt


def percents(intervals: Sequence[Interval]) -> tuple[list[float], list[list[float]]]:
    """Values in percent, and how far their intervals reach below and above them."""
    below = [100 * (each.value - each.low) for each in intervals]
    return [100 * each.value for each in intervals], [below, [100 * (each.high - each.value) for each in intervals]]


def plain_log_scale(axis: Any) -> None:
    """A logarithmic y axis with numbers as people write them, enough of them also where it spans less than a decade."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    axis.axes.set_yscale("log")
    low, high = axis.axes.get_ylim()
    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if high > 20 * low else (1, 1.5, 2, 3, 4, 5, 6, 7, 8)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_locator(NullLocator())


def save(figure: Any, file: Path, dots_per_inch: int = 120) -> None:
    """The figure, which is closed, as a PNG file, whole or not at all."""
    with write_together(file, binary=True) as (stream,):
        figure.savefig(stream, dpi=dots_per_inch, format="png")
    pyplot().close(figure)
