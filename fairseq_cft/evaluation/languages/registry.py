"""Languages by name: C++ and Python, and those of user files."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from ...errors import InfraError, UsageError
from ...user_files import Registry, called, digest, failure, require_parameters
from ..sandbox.tiers import Sandbox
from .cpp import Cpp
from .language import Language, Prepared, Rejected
from .python import find_python
from .toolchain import Toolchain

SUFFIXES = {"cpp": ".cpp", "python": ".py"}

_LANGUAGES: Registry[Callable[[], Language]] = Registry("language", tuple(SUFFIXES))
L = TypeVar("L", bound=Callable[[], Language])


def register_language(name: str) -> Callable[[L], L]:
    """Register a class (or a function without arguments) that makes a `Language`."""
    _LANGUAGES.check_name(name)

    def register(make: L) -> L:
        require_parameters(make, 0, f"language {name!r}", "no arguments that makes its Language, or such a class")
        _LANGUAGES.add(name, make)
        return make

    return register


def language_names() -> list[str]:
    """The names of all languages."""
    return _LANGUAGES.names()


@dataclass(frozen=True, eq=False)  # the user's may not be hashable
class UserLanguage:
    """The language of a user file: its mistakes are failures of the evaluator, told with their place in the file."""

    name: str
    language: Language
    file: Path | None

    @property
    def signature(self) -> str:
        code = digest(self.file) if self.file else "unknown"
        return f"{self.language.signature}|code:{code}"

    @property
    def canary(self) -> str:
        return self.language.canary

    def prepare(self, source: str, folder: Path, sandbox: Sandbox) -> Prepared | Rejected:
        try:
            prepared = self.language.prepare(source, folder, sandbox)
        except InfraError:
            raise
        except (Exception, SystemExit) as error:
            raise InfraError(failure(f"language {self.name!r}", error, source)) from error
        if not isinstance(prepared, (Prepared, Rejected)):
            place = called("language", self.name, self.file)
            raise InfraError(f"{place} prepared {prepared!r:.80}; prepare returns a Prepared or a Rejected")
        return prepared


def find_language(name: str, sandbox: Sandbox, toolchain: Callable[[], Toolchain]) -> Language:
    """The language of this name; `toolchain` finds the compiler of C++. Raises UsageError for an unknown name."""
    if name == "cpp":
        return Cpp(toolchain())
    if name == "python":
        return find_python(sandbox)
    try:
        make = _LANGUAGES.find(name)
    except ValueError as error:
        raise UsageError(str(error)) from error
    try:
        return UserLanguage(name, make(), _LANGUAGES.file_of(name))
    except (Exception, SystemExit) as error:
        raise UsageError(failure(f"language {name!r}", error, name)) from error
