"""A line on the terminal that says how far an evaluation is."""

from __future__ import annotations

import time
from typing import TextIO

SECONDS_BETWEEN = 0.2


class ProgressBar:
    """Shows done, rate and remaining time on a terminal; silent on anything else."""

    def __init__(self, stream: TextIO, quiet: bool = False) -> None:
        self._stream = stream
        self._shown = not quiet and stream.isatty()
        self._started = self._last = time.monotonic()

    def __enter__(self) -> ProgressBar:
        return self

    def update(self, done: int, total: int) -> None:
        """`done` of `total` programs are judged."""
        now = time.monotonic()
        if not self._shown or (now - self._last < SECONDS_BETWEEN and done < total):
            return
        self._last = now
        rate = done / max(now - self._started, 1e-9)
        left = (total - done) / rate if rate else 0.0
        self._stream.write(f"\r{done}/{total} programs, {rate:.1f}/s, {left:.0f} s left\033[K")
        self._stream.flush()

    def __exit__(self, *_: object) -> None:
        if self._shown:
            self._stream.write("\r\033[K")
            self._stream.flush()
