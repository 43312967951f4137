"""Workers that make variants: what an interrupt finds. tests/unit/noise/test_noise.py has the variants themselves."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from fairseq_cft.data import variants
from fairseq_cft.noise import make_noise


def test_an_interrupt_waits_until_all_workers_have_started(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where another thread, tqdm's say, takes the signal: a fork's own callbacks would swallow the exception."""
    started = []
    start = variants._start

    def interrupted(*arguments):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.05)
        started.append(start(*arguments))
        return started[-1]

    monkeypatch.setattr(variants, "_start", interrupted)
    end = threading.Event()
    other = threading.Thread(target=end.wait)
    other.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            list(variants.Variants(make_noise("synthetic"), 2, 1).of_all(["int a ;"] * 9, jobs=3))
    finally:
        end.set()
        other.join()
    assert len(started) == 3 and not any(worker.process.is_alive() for worker in started)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
