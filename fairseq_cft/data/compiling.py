"""Whether a program line still compiles: with it, a corruption that changes nothing for a compiler can be left out."""

import subprocess
from dataclasses import dataclass

from ..errors import InfraError, UsageError, UserError
from ..evaluation.languages.toolchain import Toolchain, find_toolchain, prologue_of
from ..formats.line_format import decode_line

SECONDS = 10  # a program takes a tenth of one; what takes longer does not count as one that compiles


@dataclass(frozen=True)
class FailsToCompile:
    """Says of a program line that the compiler refuses it; nothing is linked or run."""

    toolchain: Toolchain

    @classmethod
    def asked_for(cls, option: str, compiler: str = "g++") -> "FailsToCompile":
        """By this compiler; a UserError that begins with the option of the command line where it does not work."""
        try:
            return cls(find_toolchain(compiler=compiler))
        except (InfraError, UsageError) as error:
            raise UserError(f"{option}: {error}; or leave it out") from error

    def __call__(self, program_line: str) -> bool:
        """True where there are errors."""
        text = decode_line(program_line)
        options = ["-w", "-fmax-errors=1", "-fsyntax-only", *self.toolchain.include(text)]
        command = [self.toolchain.compiler, *self.toolchain.flags(), *options]
        source = (prologue_of(text) + text).encode()
        try:
            done = subprocess.run([*command, "-x", "c++", "-"], input=source, capture_output=True, timeout=SECONDS)
        except subprocess.TimeoutExpired:
            return True
        return done.returncode != 0
