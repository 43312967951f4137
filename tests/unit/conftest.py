"""What tests of models start from; fairseq is imported by these alone, so that the other tests start at once."""

from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def task() -> Any:
    """A dictionary of a few words."""
    from support import fake_task

    return fake_task()


@pytest.fixture
def denoiser_path(task: Any, tmp_path: Path) -> str:
    """A denoiser of random weights."""
    from support import build, save

    return save(build("transformer_cft_tiny", task, seed=1), tmp_path / "denoiser.pt")
