"""The one exception that stands for a user's mistake, shown as one sentence instead of a traceback."""

from __future__ import annotations

import sys
from types import TracebackType

_previous_hook = sys.excepthook


class UserError(Exception):
    """A mistake in the input or the options; its text says what is wrong, where, and what to do next."""


class UsageError(UserError):
    """The user asked for something that cannot be done: one sentence, exit status 2."""


def _sentence(error: UserError) -> str:
    """The error's text; torch puts the whole traceback into that of an error in a data worker."""
    text = str(error)
    return text.strip().splitlines()[-1].split(": ", 1)[-1] if text.startswith("Caught ") else text


def _show(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if isinstance(error, UserError):
        print(f"fairseq_cft: error: {_sentence(error)}", file=sys.stderr)
    else:
        _previous_hook(kind, error, trace)


# fairseq's command lines let every exception through to the interpreter, which exits with status 1 either way.
# test_errors.py breaks without this line.
sys.excepthook = _show
