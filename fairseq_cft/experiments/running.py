"""Runs stages: what is done is skipped, what died half-way is done again, and nothing outlives an interruption."""

import fcntl
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO

from ..errors import UserError, cannot
from .stages import Command, Digests, Stage, Task

POLL_SECONDS = 0.05
GRACE_SECONDS = 5  # to tidy up after SIGTERM, before SIGKILL
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PROGRESS = re.compile(rb'"(epoch|num_updates)": ([^,}\n]*)')
LAST_LINES = 5  # of a failed task's log


class StageFailedError(UserError):
    """A stage failed; what its log says stands in the message."""


class StoppedError(Exception):
    """A signal ended the run; its number is the argument."""


@dataclass
class Job:
    """A chain at work: its current task, and that task's current command."""

    rest: list[Task]
    task: Task | None = None
    commands: list[Command] = field(default_factory=list)
    process: subprocess.Popen[bytes] | None = None
    command: Command | None = None
    digest: str = ""
    log_start: int = 0


class Runner:
    """Runs the stages of one experiment in OUT, alone there.

    Args:
        jobs: tasks of a stage at the same time, with one thread each where it is more than one.
    """

    def __init__(self, out: Path, jobs: int) -> None:
        self.out, self.jobs = out, jobs
        # programs of this interpreter's environment come first, whatever the PATH says
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
        self._environment = {**os.environ, "PATH": path, "PYTHONWARNINGS": "ignore"}
        self._digests = Digests(out)
        self._signal: int | None = None
        self._lock = -1
        self._terminal = sys.stdout.isatty()

    def run(self, stages: Sequence[Stage]) -> None:
        """All of them; raises StageFailedError at the first that fails, StoppedError after a signal."""
        for folder in ("logs", ".done"):
            (self.out / folder).mkdir(parents=True, exist_ok=True)
        width = len(str(len(stages)))
        made = {path for stage in stages for task in stage.tasks() for path in task.products()}
        with self._alone(), self._signals():
            for only in (stage.only for stage in stages if stage.only):
                for path in set(only.glob("*")) - made:
                    remove(path)
            for number, stage in enumerate(stages, start=1):
                self._run_stage(stage, f"[{number:{width}}/{len(stages)}] {stage.title:<46}")

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Holds OUT's lock, which programs inherit: one that outlives a killed run holds it until it ends."""
        self._lock = os.open(self.out / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._lock)
            busy = f"another run, or a stage left by one that was killed, still works in {self.out}"
            raise UserError(f"{busy}: wait for it, or end it") from None
        try:
            yield
        finally:
            os.close(self._lock)

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """Within it a signal is noted, and acted upon where nothing is half-started."""

        def note(number: int, _: FrameType | None) -> None:
            self._signal = self._signal or number

        before = {number: signal.signal(number, note) for number in STOPPING}
        try:
            yield
        finally:
            for number, action in before.items():
                signal.signal(number, action)

    # One stage ------------------------------------------------------------------------------------------------------

    def _run_stage(self, stage: Stage, label: str) -> None:
        began, ran = time.monotonic(), False
        waiting = [Job(list(chain)) for chain in stage.chains]
        at_once = min(self.jobs if stage.parallel else 1, len(waiting))
        running: list[Job] = []
        try:
            while waiting or running:
                while waiting and len(running) < at_once:
                    running.append(waiting.pop(0))
                for job in [*running]:
                    if not self._advance(job, stage, single_thread=at_once > 1):
                        running.remove(job)
                ran = ran or any(job.process for job in running)
                if any(job.process for job in running):
                    self._show(label, began, running)
                    time.sleep(POLL_SECONDS)
                if self._signal:
                    raise StoppedError(self._signal)
        except StageFailedError:
            self._end_line(f"{label} FAILED after {time.monotonic() - began:.0f} s")
            raise
        finally:
            stop([job.process for job in running if job.process])
        self._end_line(f"{label} {time.monotonic() - began:4.0f} s" if ran else f"{label} done before")

    def _advance(self, job: Job, stage: Stage, *, single_thread: bool) -> bool:
        """Starts what can be started; whether anything of the job is left."""
        try:
            return self._step(job, stage, single_thread)
        except OSError as error:  # a full disk, a program that is not there
            raise self._failure(job, stage, cannot("start or write", error.filename or self.out, error)) from error

    def _step(self, job: Job, stage: Stage, single_thread: bool) -> bool:
        while True:
            if job.process is not None:
                status = job.process.poll()
                if status is None:
                    return True
                self._finish_command(job, stage, status)
            if job.task is not None and not job.commands:
                self._note(job, finished=True)
                job.task = None
            if job.task is None:
                if not job.rest:
                    return False
                job.task = job.rest.pop(0)
                if not self._prepare(job):
                    job.task = None
                    continue
            self._start_command(job, single_thread)

    def _prepare(self, job: Job) -> bool:
        """Removes what another recipe left, where the task must be done; else False."""
        task = job.task
        assert task is not None
        job.digest, known = self._digests.of(task), self._known(task)
        same = known.get("digest") == job.digest
        if same and known.get("finished") and all(map(os.path.lexists, task.products())):
            return False
        for path in task.products():
            if not (same and path == task.training):
                remove(path)
            path.parent.mkdir(parents=True, exist_ok=True)
        log = task.log(self.out)
        if task.training:
            task.training.mkdir(exist_ok=True)
            (task.training / "recipe").write_text("".join(f"{command}\n" for command in task.commands))
            job.log_start = log.stat().st_size if log.exists() else 0
        else:
            log.write_bytes(b"")
        self._note(job, finished=False)
        job.commands = list(task.commands)
        return True

    def _start_command(self, job: Job, single_thread: bool) -> None:
        task, command = job.task, job.commands.pop(0)
        assert task is not None
        job.command = command
        threads = {"OMP_NUM_THREADS": "1"} if single_thread else {}
        with task.log(self.out).open("ab") as log:
            output: IO[bytes] = partial(command.output).open("wb") if command.output else log
            try:
                job.process = subprocess.Popen(
                    command.words,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=log,
                    env={**self._environment, **threads},
                    start_new_session=True,  # in which nothing can hide from an interruption
                    pass_fds=(self._lock,),
                )
            finally:
                if output is not log:
                    output.close()

    def _finish_command(self, job: Job, stage: Stage, status: int) -> None:
        process, command = job.process, job.command
        assert process is not None and command is not None
        job.process = None
        stop([process])  # what it left behind
        if status != 0:
            raise self._failure(job, stage)
        if command.output:
            partial(command.output).replace(command.output)

    # What is known --------------------------------------------------------------------------------------------------

    def _file(self, task: Task) -> Path:
        return self.out / ".done" / f"{task.name}.json"

    def _known(self, task: Task) -> dict[str, object]:
        with suppress(OSError, ValueError):
            return dict(json.loads(self._file(task).read_text()))
        return {}

    def _note(self, job: Job, *, finished: bool) -> None:
        """Whole or not at all."""
        assert job.task is not None
        file = self._file(job.task)
        partial(file).write_text(json.dumps({"digest": job.digest, "finished": finished}))
        partial(file).replace(file)

    def _failure(self, job: Job, stage: Stage, reason: str = "") -> StageFailedError:
        """A sentence for the user rather than a traceback, where the log has one."""
        assert job.task is not None
        log = job.task.log(self.out)
        lines = [reason] if reason else []
        with suppress(OSError):
            said = log.read_bytes()[job.log_start :].decode(errors="replace").splitlines()
            lines += ([line for line in said if "error: " in line] or said)[-LAST_LINES:]
        with suppress(OSError):
            if shutil.disk_usage(self.out).free == 0:
                lines.append(f"no space is left on the disk of {self.out}")
        lines.append(f"stage '{stage.name}' failed; its log: {log}")
        return StageFailedError("\n".join(f"    {line.strip()}" for line in lines))

    # What is shown --------------------------------------------------------------------------------------------------

    def _show(self, label: str, began: float, running: Sequence[Job]) -> None:
        """On a terminal: seconds so far and the latest figures in the log, on the stage's own line."""
        if not self._terminal:
            return
        latest = ""
        with suppress(OSError):
            (job, *_) = [each for each in running if each.task]
            assert job.task is not None
            figures = dict(PROGRESS.findall(job.task.log(self.out).read_bytes()[-2000:]))
            latest = "  ".join(f"{name.decode()} {value.decode()}" for name, value in sorted(figures.items()))
        print(f"\r{label} {time.monotonic() - began:4.0f} s  {latest}\033[K", end="", flush=True)

    def _end_line(self, text: str) -> None:
        print(f"\r{text}\033[K" if self._terminal else text, flush=True)


def partial(path: Path) -> Path:
    """The temporary name of a file that is being written."""
    return path.with_name(f".{path.name}.tmp")


def remove(path: Path) -> None:
    """A file or a folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def stop(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    """Ends the processes' groups: seconds to tidy up after SIGTERM, then SIGKILL."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        for process in processes:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, number)
        deadline = time.monotonic() + GRACE_SECONDS
        while any(map(_alive, processes)) and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        if not any(map(_alive, processes)):
            return


def _alive(process: subprocess.Popen[bytes]) -> bool:
    """Whether any process of its group is left."""
    process.poll()  # a zombie would count
    with suppress(ProcessLookupError):
        os.killpg(process.pid, 0)
        return True
    return False
