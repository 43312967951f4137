"""Builds the supervisor, the small program that runs judged programs inside a jail, once for each version of it."""

import hashlib
import subprocess
from pathlib import Path

from ...errors import InfraError
from .cachedir import built, cache_folder

SOURCES = Path(__file__).with_name("native")


def supervisor_executable(compiler: str = "g++") -> Path:
    """Path of the executable in the user's cache; raises InfraError when it cannot be built."""
    digest = hashlib.sha256()
    for path in sorted(SOURCES.iterdir()):
        if path.suffix in (".cpp", ".h"):
            digest.update(path.name.encode() + path.read_bytes())
    folder = cache_folder() / f"supervisor-{digest.hexdigest()[:16]}"
    if not (folder / "supervisor").exists():
        with built(folder) as temporary:
            command = [compiler, "-O1", "-std=gnu++17", str(SOURCES / "supervisor.cpp")]
            command += ["-o", str(temporary / "supervisor")]
            _build([*command, "-static"], fallback=command)
    return folder / "supervisor"


def _build(command: list[str], fallback: list[str]) -> None:
    """A static executable starts faster; where libc.a is missing a dynamic one does as well."""
    for attempt in (command, fallback):
        try:
            done = subprocess.run(attempt, capture_output=True, text=True, errors="replace", timeout=120)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise InfraError(f"the evaluator needs a C++ compiler and {attempt[0]} does not run ({error})") from error
        if done.returncode == 0:
            return
    raise InfraError(f"{command[0]} cannot build the supervisor: {done.stderr.strip()[:2000]}")
