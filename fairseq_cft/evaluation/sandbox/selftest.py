"""Chooses a tier by running a tiny jail in it: a binary that is installed may still be forbidden to make namespaces."""

import functools
import tempfile
from pathlib import Path

from ...errors import InfraError, UsageError
from .jail import Outcome
from .limits import Limits
from .supervisor import supervisor_executable
from .tiers import TIERS, Sandbox


class NoSandboxError(UsageError):
    """No tier works here; `reasons` has why, and `advice` what can be done, by the caller's name of the option."""

    def __init__(self, reasons: str) -> None:
        self.reasons = reasons
        super().__init__(f"{reasons}: {self.advice('--allow-unsafe')}")

    def advice(self, option: str) -> str:
        unsafe = f"add {option} to run the programs under limits alone, without isolation"
        return f"install bubblewrap, allow user namespaces, or {unsafe}"


# done in milliseconds; the wall clock is for machines with a hundred times more to do than cores
QUICK = Limits(cpu_seconds=2, wall_seconds=30, diagnostic_bytes=4096)
SHELL_PATHS = (Path("/bin"), Path("/usr/bin"))


def _run(sandbox: Sandbox, script: str, program: bool = True) -> Outcome:
    with sandbox.open(["/bin/sh", "-c", script], QUICK, program=program, read=SHELL_PATHS) as jail:
        return jail.run(b"input")


def trouble(sandbox: Sandbox) -> str:
    """What keeps this tier from being used, as words; empty when it works and is as tight as it promises to be."""
    try:
        if _run(sandbox, "read -r line; echo $line").stdout != b"input\n":
            return "a program in it does not see its input"
        if sandbox.tier == "none":
            return "" if _run(sandbox, "kill -0 $PPID").exit_code else "it lets programs signal other processes"
        with tempfile.NamedTemporaryFile(prefix="cft-selftest-") as file:
            Path(file.name).chmod(0o666)
            if _run(sandbox, f"echo x > {file.name}", program=False).exit_code == 0 or Path(file.name).read_bytes():
                return "it lets programs write outside"
        devices = _run(sandbox, "cat /proc/net/dev").stdout.decode("utf-8", "replace").splitlines()[2:]
        if any(not line.strip().startswith("lo:") for line in devices):
            return "it lets programs see the network"
        alone = _run(sandbox, "echo /proc/[0-9]*").stdout.split()
        if len(alone) > 2:
            return "it lets programs see other processes"
    except InfraError as error:
        return str(error).removesuffix("; try another --sandbox")
    return ""


@functools.cache
def _sandbox(tier: str) -> tuple[Sandbox, str]:
    sandbox = Sandbox(tier, supervisor_executable())
    return sandbox, trouble(sandbox)


def find_sandbox(wanted: str = "auto", allow_unsafe: bool = False) -> Sandbox:
    """The wanted tier, or with `auto` the best that works; raises UsageError where there is none.

    The tier `none` is never taken without `allow_unsafe`.
    """
    if wanted not in ("auto", *TIERS):
        raise UsageError(f"no such sandbox: {wanted}; choose from auto, {', '.join(TIERS)}")
    if wanted == "none" and not allow_unsafe:
        raise UsageError(
            "--sandbox none sets limits but isolates nothing: programs may read, change and send what you may; "
            "add --allow-unsafe to accept it"
        )
    reasons = []
    for tier in TIERS if wanted == "auto" else (wanted,):
        if tier == "none" and not allow_unsafe:
            continue
        sandbox, reason = _sandbox(tier)
        if not reason:
            return sandbox
        reasons.append(f"{tier}: {reason}")
    raise NoSandboxError(f"no sandbox works here ({'; '.join(reasons)})")
