"""What the evaluator must know about a language: how a program is made ready to run, and by which command it runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

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
