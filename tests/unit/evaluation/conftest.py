"""The tiers that work on this machine; a test that needs one that does not is skipped by name."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from fairseq_cft.evaluation.sandbox import Sandbox
from fairseq_cft.evaluation.selftest import trouble
from fairseq_cft.evaluation.supervisor import supervisor_executable
from fairseq_cft.evaluation.toolchain import Toolchain, find_toolchain

_known: dict[str, tuple[Sandbox, str]] = {}


def sandbox_or_skip(tier: str) -> Sandbox:
    if tier not in _known:
        sandbox = Sandbox(tier, supervisor_executable())
        _known[tier] = (sandbox, trouble(sandbox))
    sandbox, reason = _known[tier]
    if reason:
        pytest.skip(f"the tier {tier} does not work here: {reason}")
    return sandbox


@pytest.fixture(scope="session", params=["bwrap", "unshare", "none"])
def sandbox(request: pytest.FixtureRequest) -> Sandbox:
    return sandbox_or_skip(request.param)


@pytest.fixture(scope="session")
def toolchain() -> Toolchain:
    return find_toolchain()


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that the unprivileged user of the jails can enter; pytest's own are closed to others."""
    with tempfile.TemporaryDirectory(prefix="cft-test-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
