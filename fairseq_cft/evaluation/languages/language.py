"""What the evaluator must know about a language: how a program is made ready to run, and by which command it runs."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from ...errors import InfraError
from ..sandbox.jail import TOTAL_MEMORY, WALL_CLOCK, Outcome
from ..sandbox.limits import Limits
from ..sandbox.tiers import Sandbox
from ..verdict import Verdict

CANARY_OUTPUT = b"ok"


@dataclass(frozen=True)
class Prepared:
    """A program that compiles: its command line, the paths that this needs besides the shared libraries, and all of
    the environment that it sees."""

    command: Sequence[str]
    read: Sequence[Path] = ()
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Rejected:
    """A program that does not compile: `compile_error` or `compile_time_limit`, and the compiler's words."""

    verdict: Verdict
    detail: str


def rejection(outcome: Outcome, limits: Limits, compiler: str, shown: slice) -> Rejected | None:
    """What compiling a program says against it, with these characters of the compiler's words; None: it compiles.

    Raises InfraError where `compiler` could not be started.
    """
    if outcome.exit_code == 0:
        return None
    if outcome.unstartable is not None:
        raise InfraError(f"{compiler} cannot be started in the sandbox: {os.strerror(outcome.unstartable)}")
    if outcome.stopped == WALL_CLOCK or outcome.cpu_seconds >= limits.cpu_seconds:
        return Rejected(Verdict.COMPILE_TIME_LIMIT, f"over {limits.cpu_seconds:g} s")
    if outcome.stopped == TOTAL_MEMORY:
        return Rejected(Verdict.COMPILE_ERROR, f"over {limits.memory_bytes} bytes of memory")
    said = outcome.stderr.decode("utf-8", "replace")[shown]
    return Rejected(Verdict.COMPILE_ERROR, said or outcome.signal_name)


class Language(Protocol):
    """A language. `prepare` writes into `folder` alone and runs everything that reads the program in the sandbox."""

    @property
    def signature(self) -> str:
        """Everything about the language that a verdict depends on, for the signature and the cache."""

    @property
    def canary(self) -> str:
        """A program that prints `ok`, without a newline; it is judged first, to see that judging works at all."""

    def prepare(self, source: str, folder: Path, sandbox: Sandbox) -> Prepared | Rejected:
        """Compiles `source`; raises InfraError when the evaluator, not the program, is at fault."""
