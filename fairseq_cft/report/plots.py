"""matplotlib as the reports want it: without a display, without fairseq's debug messages, whole files."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any


def pyplot() -> Any:
    """``matplotlib.pyplot`` that draws into files."""
    for name in ("matplotlib", "PIL"):  # importing fairseq turns every logger's debug messages on
        logging.getLogger(name).setLevel(logging.WARNING)
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    return plt


def save(figure: Any, file: Path, dots_per_inch: int = 120) -> None:
    """The figure as a PNG file, by a temporary name."""
    temporary = file.with_suffix(".tmp.png")
    figure.savefig(temporary, dpi=dots_per_inch)
    temporary.replace(file)
