"""Stages of an experiment: what each would run, what it reads, and the digest by which it is known to be done."""

import hashlib
import os
import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import fairseq_cft

PACKAGE = Path(fairseq_cft.__file__).resolve().parent
CFT = ("python", "-m", "fairseq_cft")  # stands before the name of each of our own commands
WITHOUT_EFFECT = {"--allow-unsafe", "--eval-allow-unsafe", "--quiet"}  # options that decide no result


@dataclass(frozen=True)
class Command:
    """A program with its arguments; with ``output``, what it prints goes there and appears when it ended well."""

    words: tuple[str, ...]
    output: Path | None = None

    def __str__(self) -> str:
        """As one would type it into a shell."""
        return shlex.join(self.words) + (f" >{shlex.quote(str(self.output))}" if self.output else "")


def run(*words: object, output: Path | None = None) -> Command:
    """Any program."""
    return Command(tuple(map(str, words)), output)


def cft(name: str, *words: object) -> Command:
    """``fairseq-cft NAME ...``"""
    return run(*CFT, name, *words)


@dataclass(frozen=True)
class Task:
    """Commands, one after the other, that are done or not done together.

    Attributes:
        name: of its log and of the note that it was done.
        reads: files, patterns of files (``train.*``) and folders that decide its result, besides every file that is
            named in a command.
        writes: files and folders that are removed before it is done anew.
        training: its save directory, where it is a training: that one is kept, and so resumed, unless the digest is
            another.
    """

    name: str
    commands: tuple[Command, ...]
    reads: tuple[Path, ...] = ()
    writes: tuple[Path, ...] = ()
    training: Path | None = None

    def log(self, out: Path) -> Path:
        """What it printed: of a training also before a kill, of all else when it last ran."""
        return self.training / "train.log" if self.training else out / "logs" / f"{self.name}.log"

    def products(self) -> tuple[Path, ...]:
        outputs = (command.output for command in self.commands if command.output)
        return (*self.writes, *outputs, *([self.training] if self.training else []))


Chain = tuple[Task, ...]  # one after the other


@dataclass(frozen=True)
class Stage:
    """A line for the user: tasks, of which those of different chains may run at the same time.

    Attributes:
        only: a folder in which nothing may stand but what tasks of these stages make, no output of another experiment.
    """

    name: str
    title: str
    chains: tuple[Chain, ...]
    parallel: bool = True
    only: Path | None = None

    def tasks(self) -> Iterator[Task]:
        """All of them."""
        return (task for chain in self.chains for task in chain)


def single(name: str, title: str, *commands: Command, reads: Iterable[Path] = (), writes: Iterable[Path] = ()) -> Stage:
    """A stage of one task."""
    return Stage(name, title, ((Task(name, commands, tuple(reads), tuple(writes)),),))


def script(stages: Sequence[Stage], out: Path) -> str:
    """What ``--dry-run`` prints: the commands of all stages, as a shell runs them."""
    folders = {path.parent for stage in stages for task in stage.tasks() for path in task.products()} | {out}
    lines = ["export PYTHONWARNINGS=ignore", shlex.join(["mkdir", "-p", *sorted(map(str, folders))])]
    for number, stage in enumerate(stages, start=1):
        lines.append(f"# [{number}/{len(stages)}] {stage.name}: {stage.title}")
        lines += [str(command) for task in stage.tasks() for command in task.commands]
    return "\n".join(lines)


# Digests -----------------------------------------------------------------------------------------------------------


class Digests:
    """Digests of tasks; a file's content is read once while its size and time of change stay the same."""

    def __init__(self, out: Path) -> None:
        self._out = out
        self._known: dict[Path, tuple[tuple[int, int], str]] = {}

    def of(self, task: Task) -> str:
        """A hash of the commands, of what they read and of this package's version, wherever OUT lies."""
        found = hashlib.sha256(fairseq_cft.__version__.encode())
        for command in task.commands:
            words = [self._portable(word) for word in command.words if word not in WITHOUT_EFFECT]
            found.update("\0".join(words).encode())
        for path in sorted({*self._named(task), *expanded(task.reads)}):
            found.update(f"\0{self._portable(str(path))}\0{self._content(path)}".encode())
        return found.hexdigest()

    def _portable(self, word: str) -> str:
        return word.replace(str(self._out), "OUT").replace(str(PACKAGE), "PACKAGE")

    def _named(self, task: Task) -> Iterator[Path]:
        """Files that stand in the commands, alone or in a list, but for what the task itself writes."""
        own = task.products()
        for word in (word for command in task.commands for word in command.words):
            for part in {word, *word.split(":"), *word.split(","), word.partition("=")[2]}:
                path = Path(part)
                if path.is_absolute() and path.is_file() and not any(path.is_relative_to(each) for each in own):
                    yield path

    def _content(self, path: Path) -> str:
        state = path.stat()
        key = (state.st_size, state.st_mtime_ns)
        if path not in self._known or self._known[path][0] != key:
            found = hashlib.sha256()
            with path.open("rb") as file:
                while block := file.read(2**20):
                    found.update(block)
            self._known[path] = (key, found.hexdigest())
        return self._known[path][1]


def expanded(paths: Iterable[Path]) -> Iterator[Path]:
    """The files behind files, patterns and folders; what does not exist has none."""
    for path in paths:
        if "*" in path.name:
            yield from expanded(path.parent.glob(path.name))
        elif path.is_dir():
            for folder, _, names in os.walk(path):
                yield from (Path(folder, name) for name in names if not name.endswith(".pyc"))
        elif path.is_file():
            yield path
