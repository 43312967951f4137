"""Python: byte-compiled in the jail ("compiles"), run by `python3 -s -B` with an environment of its own."""

import dataclasses
import functools
import platform
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ...errors import InfraError
from ..sandbox.limits import COMPILER_LIMITS
from ..sandbox.tiers import Sandbox
from .language import Prepared, Rejected, rejection

ISOLATED = ("-s", "-B")  # no user site, no byte code written
# Strings are hashed alike in every run, so that sets have one order (`-I` would pass over this: test_python.py), and no
# module is looked for beside the program (Python 3.11 and later).
ENVIRONMENT = {"PYTHONHASHSEED": "0", "PYTHONSAFEPATH": "1"}
COMPILE = "import sys; compile(sys.stdin.buffer.read(), 'main.py', 'exec', dont_inherit=True)"
LIMITS = dataclasses.replace(COMPILER_LIMITS, output_bytes=1 << 20)
DETAIL = slice(-2000, None)  # characters: a traceback says last what is wrong


@dataclass(frozen=True)
class Python:
    """Runs programs with `interpreter`, which needs `read` besides the shared libraries."""

    interpreter: str
    version: str
    read: Sequence[Path]

    @property
    def signature(self) -> str:
        return f"python|interpreter:{self.version}"

    @property
    def canary(self) -> str:
        return "print('ok', end='')"

    def prepare(self, source: str, folder: Path, sandbox: Sandbox) -> Prepared | Rejected:
        text = folder / "main.py"
        text.write_bytes(source.encode("utf-8", "surrogateescape"))
        text.chmod(0o644)
        command = [self.interpreter, *ISOLATED]
        compiler = [*command, "-c", COMPILE]
        with sandbox.open(compiler, LIMITS, program=True, read=self.read, environment=ENVIRONMENT) as jail:
            outcome = jail.run(text.read_bytes())
        prepared = Prepared([*command, str(text)], [*self.read, text], ENVIRONMENT)
        return rejection(outcome, LIMITS, self.interpreter, DETAIL) or prepared


@functools.cache
def find_python(sandbox: Sandbox) -> Python:
    """The first interpreter that the user of the jails can run: ours, or else the system's."""
    for path, read in _candidates():
        script = "import platform; print(platform.python_version())"
        try:
            with sandbox.open([path, *ISOLATED, "-c", script], LIMITS, program=True, read=read) as jail:
                outcome = jail.run(b"")
        except InfraError:
            continue
        if outcome.exit_code == 0:
            return Python(path, outcome.stdout.decode().strip(), read)
    raise InfraError(
        f"no Python runs in the sandbox {sandbox.tier} (ours is {platform.python_version()} in {sys.base_prefix}): "
        "install the system's python3"
    )


def _candidates() -> list[tuple[str, tuple[Path, ...]]]:
    own = Path(sys.executable).resolve()
    found: list[tuple[str, tuple[Path, ...]]] = [(str(own), (Path(sys.base_prefix), own))]
    for name in ("/usr/bin/python3", shutil.which("python3") or ""):
        path = Path(name).resolve()
        if name and path.is_file() and not path.is_relative_to(sys.base_prefix):
            found.append((str(path), (path,)))
    return found
