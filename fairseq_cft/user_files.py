"""User files: Python files of the user's own, named by ``--user-file``, that register noises, checkers and languages.

What a user file does is the user's own code and is trusted as such. Whatever goes wrong in it ends in one sentence that
names file and line. A file is read once a process, and again where its text has changed since.
"""

import hashlib
import importlib
import inspect
import os
import re
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar, Generic, TypeVar

from .errors import UserError

HELP = "Python file that registers noises, checkers or languages of your own; several are separated by colons"
NAME = re.compile(r"\w[\w.-]*")
OURS = __name__.split(".")[0]

T = TypeVar("T")


class RegistrationError(UserError, ValueError):
    """What a user file wants to register cannot be taken."""


class Registry(Generic[T]):
    """Things of one kind by their names, ours and those of user files."""

    all: ClassVar["list[Registry[Any]]"] = []

    def __init__(self, kind: str, reserved: Sequence[str] = ()) -> None:
        self.kind = kind
        self._reserved = reserved  # names of ours that are kept elsewhere
        self._things: dict[str, T] = {}
        self._files: dict[str, Path] = {}  # of those that a user file has registered
        Registry.all.append(self)

    def check_name(self, name: str) -> None:
        """Raises RegistrationError for what cannot be a name, such as the function of a bare ``@register_noise``."""
        if not isinstance(name, str) or not NAME.fullmatch(name):
            raise RegistrationError(
                f'a {self.kind} is registered as @register_{self.kind}("name"), the name being of letters, digits, '
                f"_, - and dots; {name!r} is none"
            )

    def refuse_taken(self, name: str, thing: object) -> None:
        """Raises RegistrationError for a name that another thing has."""
        if name in self._reserved or (name in self._things and self._things[name] is not thing):
            where = f"in {shown(self._files[name])}" if name in self._files else f"in {OURS} or in this program"
            raise RegistrationError(f"two {self.kind}s are called {name!r}, the other one {where}; rename one of them")

    def add(self, name: str, thing: T) -> None:
        """Raises RegistrationError for a name that another thing has."""
        self.refuse_taken(name, thing)
        self._things[name] = thing
        if _reading:
            self._files[name] = _reading[-1]

    def names(self) -> list[str]:
        """All names."""
        return [*self._reserved, *sorted(self._things)]

    def find(self, name: str) -> T:
        """Raises ValueError for an unknown name, with the names there are and the user files that have been read."""
        if name not in self._things:
            known = f"choose from {', '.join(self.names())}" if self.names() else f"no {self.kind} is registered"
            read = f"read {', '.join(map(shown, _digests))}" if _digests else "no --user-file was read"
            raise ValueError(f"there is no {self.kind} {name!r}; {known} ({read})")
        return self._things[name]

    def file_of(self, name: str) -> Path | None:
        """The user file that has registered it."""
        return self._files.get(name)

    def forget(self, file: Path) -> None:
        """Takes out what a user file has registered."""
        for name in [name for name, of in self._files.items() if of == file]:
            del self._files[name], self._things[name]


_reading: list[Path] = []  # the user file that is being executed, if any
_digests: dict[Path, str] = {}  # user files that have been read, with the digest of their text


def read_user_files(files: str | Path | Sequence[str | Path] | None) -> list[Path]:
    """Executes the files, colon-separated if in one string, and returns their absolute paths."""
    named = files.split(":") if isinstance(files, str) else [files] if isinstance(files, Path) else files or []
    paths = [Path(file).expanduser().resolve() for file in named if str(file)]
    for path in paths:
        _read(path)
    return paths


def digest(file: Path) -> str:
    """Twelve hexadecimal digits that stand for the text of a user file that has been read."""
    return _digests[file][:12]


def _read(path: Path) -> None:
    try:
        text = path.read_bytes()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UserError(f"cannot read {shown(path)}: {reason}; --user-file names a Python file") from error
    found = hashlib.sha256(text).hexdigest()
    if _digests.get(path) == found:
        return
    _forget(path)
    module = ModuleType(f"cft_user_file_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}_{path.stem}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # dataclasses look themselves up there
    importlib.import_module(f"{OURS}.user")  # before: what we register ourselves is not the file's
    _reading.append(path)
    _digests[path] = found
    try:
        exec(compile(text, str(path), "exec"), vars(module))
    except (Exception, SystemExit) as error:
        place = where(error) or shown(path)
        _forget(path)
        raise UserError(f"{place}: {_said(error)}; mend the file, or leave it out of --user-file") from error
    finally:
        _reading.pop()


def _forget(path: Path) -> None:
    _digests.pop(path, None)
    for registry in Registry.all:
        registry.forget(path)


def require_parameters(function: Callable[..., Any], count: int, what: str, words: str) -> None:
    """Raises RegistrationError for a function that cannot be called with so many arguments, which `words` names."""
    try:
        inspect.signature(function).bind(*range(count))
    except TypeError:
        raise RegistrationError(f"{what} must be a function of {words}") from None


def where(error: BaseException) -> str:
    """``my_task.py, line 12`` of the innermost place in a user file that an exception has passed; '' without one."""
    if isinstance(error, SyntaxError) and error.filename and Path(error.filename) in _digests:
        return f"{shown(Path(error.filename))}, line {error.lineno}"
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if Path(frame.filename) in _digests:
            return f"{shown(Path(frame.filename))}, line {frame.lineno}"
    return ""


def called(kind: str, name: str, file: Path | None) -> str:
    """``noise 'drop_bracket' of my_task.py``."""
    return f"{kind} {name!r}{f' of {shown(file)}' if file else ''}"


def failure(what: str, error: BaseException, about: str) -> str:
    """One sentence on an exception in a user's code: what failed, where, and what it was about."""
    place = where(error)
    return f"{what} failed{f' in {place}' if place else ''}: {_said(error)} (on {_short(about)})"


def _said(error: BaseException) -> str:
    if isinstance(error, UserError):
        return str(error)
    words = error.msg if isinstance(error, SyntaxError) else " ".join(str(error).split())
    return f"{type(error).__name__}: {words}" if words else type(error).__name__


def _short(text: str, most: int = 120) -> str:
    return repr(text if len(text) <= most else f"{text[:most]}...")


def shown(path: Path) -> str:
    """A path as short as it can be named from here."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative
