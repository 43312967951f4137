"""``fairseq-cft COMMAND`` finds the command among the modules of ``commands/``; here errors become one sentence.

A command's module has ``parser()`` and ``main(arguments)``, and its first line says what it is for; a new file is a new
command. ``python -m fairseq_cft`` alone prints this package's folder, for ``--user-dir``.
"""

import ast
import difflib
import signal
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

from .errors import MissingPackageError, Terminated, UsageError, UserError, cannot, sentence
from .files import say, silence

PROGRAM = "fairseq-cft"
COMMANDS = Path(__file__).parent / "commands"
FAILURE, WRONG_USE, INTERRUPTED = 1, 2, 130  # exit statuses; the last is a shell's after Ctrl-C


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command that the first argument names; returns the exit status."""
    name, *rest = [*(sys.argv[1:] if arguments is None else arguments)] or ["--help"]
    if name in ("-h", "--help"):
        print(overview())
        return 0
    if name not in command_names():
        near = difflib.get_close_matches(name, command_names(), n=3, cutoff=0.6)
        meant = f"did you mean {' or '.join(near)}? " if near else ""
        text = f"there is no command {name!r}; {meant}{PROGRAM} --help lists them all"
        print(f"{PROGRAM}: error: {text}", file=sys.stderr)
        return WRONG_USE
    return run(name, rest)


def evaluate() -> int:
    """The console script ``fairseq-cft-evaluate``."""
    return run("evaluate", sys.argv[1:])


def translate() -> int:
    """The console script ``fairseq-cft-translate``."""
    return run("translate", sys.argv[1:])


def command_names() -> list[str]:
    """All commands; no module is imported for that."""
    return sorted(file.stem.replace("_", "-") for file in COMMANDS.glob("[!_]*.py"))


def overview() -> str:
    """What ``fairseq-cft --help`` prints: each command with the first line of its module."""
    lines = [f"usage: {PROGRAM} COMMAND ...", "", f"{PROGRAM} COMMAND --help lists the options of a command:", ""]
    width = max(map(len, command_names()))
    for name in command_names():
        text = (COMMANDS / f"{name.replace('-', '_')}.py").read_text(encoding="utf-8")
        first_line = (ast.get_docstring(ast.parse(text)) or "").split("\n")[0]
        lines.append(f"  {name:{width}} {first_line}")
    return "\n".join(lines)


def run(name: str, arguments: Sequence[str]) -> int:
    """Runs a command and returns its exit status: what a user can mend ends in one sentence, never in a traceback."""

    def failed(text: str, status: int = FAILURE) -> int:
        say(f"{PROGRAM} {name}: error: {text}", sys.stderr)
        return status

    with _terminated_like_ctrl_c(), warnings.catch_warnings():
        if not sys.warnoptions:  # torch's and fairseq's warnings are not for those who run a command
            warnings.simplefilter("ignore")
        try:
            command = import_module(f"{__package__}.commands.{name.replace('-', '_')}")
            status = int(command.main(arguments) or 0)
            if sys.stdout is not None:  # closed by the caller
                sys.stdout.flush()
            return status
        except UserError as error:
            return failed(sentence(error), WRONG_USE if isinstance(error, UsageError) else FAILURE)
        except ModuleNotFoundError as error:
            if (error.name or __package__).startswith(__package__):
                raise
            return failed(str(MissingPackageError.of(error)))
        except KeyboardInterrupt:
            return failed("interrupted", INTERRUPTED)
        except BrokenPipeError:  # whoever read the output has seen enough
            silence(sys.stdout)
            return FAILURE
        except OSError as error:
            silence(sys.stdout)
            return failed(cannot("read or write", error.filename or "a file", error))


@contextmanager
def _terminated_like_ctrl_c() -> Iterator[None]:
    """A polite kill (SIGTERM) raises, so that what is half-written is removed."""

    def stop(*_: object) -> None:
        raise Terminated

    try:
        before = signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # a caller that ignores it keeps from us how compilers ended
    except ValueError:  # not in the main thread
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


if __name__ == "__main__":
    if sys.argv[1:]:
        sys.exit(main())
    print(Path(__file__).parent)
