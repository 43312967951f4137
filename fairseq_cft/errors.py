"""Errors: those that a user can mend are each shown as one sentence instead of a traceback."""

import errno
import sys
from pathlib import Path
from types import TracebackType

# what provides a package, where that is not pip install PACKAGE
_EXTRAS = {"fairseq": "fairseq", "matplotlib": "plots"}
_HINTS = {errno.ENOSPC: "; free some space and run it again", errno.ENOENT: "; check the path"}
_previous_hook = sys.excepthook


class UserError(Exception):
    """A mistake in the input or the options; its text says what is wrong, where, and what to do next."""


class UsageError(UserError):
    """The user asked for something that cannot be done: one sentence, exit status 2."""


class MissingPackageError(UserError, ImportError):
    """Something that this needs is not installed."""

    @classmethod
    def of(cls, error: ModuleNotFoundError) -> "MissingPackageError":
        """What to install where an import has failed."""
        package = (error.name or str(error)).split(".")[0]
        wanted = f"'fairseq_cft[{_EXTRAS[package]}]'" if package in _EXTRAS else package
        about = " (ve-fairseq 0.12.3 on Python 3.11 and 3.12, fairseq 0.12.2 on Python 3.10)"
        return cls(
            f"{package} is not installed, and this needs it: pip install {wanted}{about * (package == 'fairseq')}"
        )


class InfraError(Exception):
    """The evaluator itself failed (no compiler, full disk, a jail that does not start): never a wrong program."""


class Terminated(KeyboardInterrupt):
    """A polite kill, treated as Ctrl-C, so that temporary files are removed."""


def cannot(do: str, path: Path | str, error: OSError) -> str:
    """``cannot read PATH: is a directory``; `do` is "read" or "write"."""
    return f"cannot {do} {path}: {(error.strerror or str(error)).lower()}{_HINTS.get(error.errno or 0, '')}"


def sentence(error: UserError) -> str:
    """The error's text; torch puts the whole traceback into that of an error in a data worker."""
    text = str(error)
    return text.strip().splitlines()[-1].split(": ", 1)[-1] if text.startswith("Caught ") else text


def _show(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if isinstance(error, UserError):
        print(f"fairseq_cft: error: {sentence(error)}", file=sys.stderr)
    else:
        _previous_hook(kind, error, trace)


# fairseq's command lines let every exception through to the interpreter, which exits with status 1 either way.
# tests/unit/test_package.py breaks without this line.
sys.excepthook = _show
