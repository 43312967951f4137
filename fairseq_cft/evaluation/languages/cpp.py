"""C++: compiled in the jail by a `Toolchain`, run as an executable."""

import os
import shutil
import stat
from dataclasses import dataclass, field
from pathlib import Path

from ...errors import InfraError
from ..sandbox.limits import COMPILER_LIMITS, Limits
from ..sandbox.tiers import Sandbox, hand_over
from ..verdict import Verdict
from .language import Prepared, Rejected, rejection
from .toolchain import PROLOGUE, Toolchain, prologue_of

COMPILER_PATHS = ("/usr", "/bin")
DETAIL = slice(2000)  # characters of what the compiler says


@dataclass(frozen=True)
class Cpp:
    """Compiles with `toolchain` under `limits`; the two customary lines complete a program that has no `#include`, or
    that does not compile with those it has."""

    toolchain: Toolchain
    limits: Limits = field(default=COMPILER_LIMITS)

    @property
    def signature(self) -> str:
        return f"cpp|compiler:{self.toolchain.signature}"

    @property
    def canary(self) -> str:
        return 'int main() { cout << "ok"; }'

    def prepare(self, source: str, folder: Path, sandbox: Sandbox) -> Prepared | Rejected:
        text, output = folder / "main.cpp", folder / "output"
        code, lines = (source + "\n").encode("utf-8", "surrogateescape"), prologue_of(source).encode()
        text.write_bytes(lines + code)
        text.chmod(0o644)  # whatever the umask: the user of the jails must read it
        output.mkdir()
        hand_over(output)
        header = self.toolchain.header
        compiler = Path(self.toolchain.compiler)
        outside = [] if compiler.is_relative_to("/usr") else [compiler.parents[1]]
        with sandbox.open(
            self.toolchain.command(source, "../main.cpp", "program"),
            self.limits,
            program=False,
            read=[*map(Path, COMPILER_PATHS), *outside, text, *([header] if header else [])],
            write=[output],
            folder=output,
            environment={"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TMPDIR": str(output)},
        ) as jail:
            outcome = jail.run(b"")
            if outcome.exit_code == 1 and not lines:
                text.write_bytes(PROLOGUE.encode() + code)
                again = jail.run(b"")
                outcome = again if again.exit_code == 0 else outcome
        rejected = rejection(outcome, self.limits, "the compiler", DETAIL)
        if rejected is not None:
            if shutil.disk_usage(folder).free < self.limits.output_bytes:
                raise InfraError(f"the disk of {folder.parent} is full: make room, or set TMPDIR to another folder")
            return rejected
        program = output / "program"
        if not os.path.lexists(program) or not stat.S_ISREG(program.lstat().st_mode):
            return Rejected(Verdict.COMPILE_ERROR, "the compiler wrote no executable")
        return Prepared([str(program)], [program])
