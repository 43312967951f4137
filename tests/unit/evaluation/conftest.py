"""The tiers that work on this machine; a test that needs one that does not is skipped by name."""

import platform
import subprocess

import pytest

from fairseq_cft.evaluation.languages.toolchain import Toolchain, find_toolchain
from fairseq_cft.evaluation.sandbox.selftest import trouble
from fairseq_cft.evaluation.sandbox.supervisor import supervisor_executable
from fairseq_cft.evaluation.sandbox.tiers import Sandbox, unprivileged_user

# What a tier asks of the machine, with nothing of ours in it: where this runs, a tier that fails is no reason to skip.
NEEDS = {
    "bwrap": ["bwrap", "--unshare-all", "--unshare-user", "--disable-userns", "--ro-bind", "/", "/", "true"],
    "unshare": ["unshare", "--user", "--map-root-user", "--mount", "--net", "--pid", "--fork", "--mount-proc", "true"],
    "none": ["true"],
}
MOUNT_SETATTR = (5, 12)  # the kernel that has it

_known: dict[str, tuple[Sandbox, str]] = {}


def sandbox_or_skip(tier: str) -> Sandbox:
    if tier not in _known:
        sandbox = Sandbox(tier, supervisor_executable())
        _known[tier] = (sandbox, trouble(sandbox))
    sandbox, reason = _known[tier]
    if reason:
        assert not _machine_allows(tier), f"the tier {tier} would work on this machine, but: {reason}"
        pytest.skip(f"the tier {tier} does not work here: {reason}")
    return sandbox


def _machine_allows(tier: str) -> bool:
    user = unprivileged_user()
    if tier == "unshare" and tuple(map(int, platform.release().split(".")[:2])) < MOUNT_SETATTR:
        return False
    try:
        return subprocess.run(NEEDS[tier], user=user, group=user, cwd="/", capture_output=True).returncode == 0
    except OSError:
        return False


@pytest.fixture(scope="session", params=["bwrap", "unshare", "none"])
def sandbox(request: pytest.FixtureRequest) -> Sandbox:
    return sandbox_or_skip(request.param)


@pytest.fixture(scope="session")
def toolchain() -> Toolchain:
    return find_toolchain()
