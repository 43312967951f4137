"""One running jail: the supervisor inside it is sent inputs and answers with outcomes."""

import contextlib
import os
import select
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ...errors import InfraError
from .limits import Limits

START_SECONDS = 30.0  # a jail starts in milliseconds; this is for a machine that swaps
GRACE_SECONDS = 20.0  # what the supervisor may need beyond the wall limit to kill and to answer
END_SECONDS = 5.0  # what a supervisor may need to kill what it runs and to end, before it is killed itself
STEP_SECONDS = 0.1  # how soon a jail that is given up is noticed
WALL_CLOCK = 1
TOTAL_MEMORY = 2
CPU_TIME = 3


@dataclass(frozen=True)
class Outcome:
    """How one run ended; times in seconds, memory in bytes.

    Exactly one of `exit_code`, `signal` and `unstartable` (an errno of execve) is set.
    """

    exit_code: int | None
    signal: int | None
    cpu_seconds: float
    wall_seconds: float
    peak_bytes: int
    stopped: int  # 0, WALL_CLOCK, TOTAL_MEMORY or CPU_TIME
    stdout: bytes
    stderr: bytes
    unstartable: int | None = None

    @property
    def signal_name(self) -> str:
        """SIGSEGV for 11, and so on; empty without a signal."""
        if self.signal is None:
            return ""
        try:
            return signal.Signals(self.signal).name
        except ValueError:
            return f"signal {self.signal}"


class JailDiedError(InfraError):
    """A jail ended while something ran in it; `preparing` where that was a compiler."""

    preparing = False


_running: "set[Jail]" = set()
_running_lock = threading.Lock()


def kill_running_jails() -> None:
    """For an evaluation that is given up: nobody waits for its last programs to reach their limits."""
    with _running_lock:
        for jail in _running:
            jail.give_up()


class Jail:
    """A started supervisor; a context manager that leaves no process behind, whatever happens inside."""

    _given_up = False

    def __init__(self, command: Sequence[str], limits: Limits, environment: dict[str, str], user: int | None) -> None:
        self._limits = limits
        identity = {} if user is None else {"user": user, "group": user, "extra_groups": []}
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=environment,
                cwd="/",
                start_new_session=True,
                **identity,  # type: ignore[call-overload]
            )
        except OSError as error:
            raise InfraError(f"the jail {command[0]} does not start ({error}); try another --sandbox") from error
        self._buffer = b""
        with _running_lock:
            _running.add(self)

    def __enter__(self) -> "Jail":
        try:
            if self._line(START_SECONDS) != b"ready":
                raise self._failure("did not start")
        except JailDiedError as error:  # nothing has run in it yet: no program is to blame
            self.close()
            raise InfraError(str(error)) from error
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def run(self, stdin: bytes) -> Outcome:
        """Runs the command once on `stdin`; raises JailDiedError when the supervisor does not answer."""
        deadline = self._limits.wall_seconds + GRACE_SECONDS
        self._send(b"%d\n" % len(stdin) + stdin, deadline)
        kind, code, cpu, wall, peak, stopped, out, err = self._line(deadline).split()
        stdout, stderr = self._take(int(out), GRACE_SECONDS), self._take(int(err), GRACE_SECONDS)
        return Outcome(
            exit_code=int(code) if kind == b"exit" else None,
            signal=int(code) if kind == b"signal" else None,
            cpu_seconds=int(cpu) / 1000,
            wall_seconds=int(wall) / 1000,
            peak_bytes=int(peak) * 1024,
            stopped=int(stopped),
            stdout=stdout,
            stderr=stderr,
            unstartable=int(code) if kind == b"unstartable" else None,
        )

    def close(self) -> None:
        """Ends the supervisor and with it everything in its namespace, or in its process group."""
        process = self._process
        assert process.stdin is not None and process.stdout is not None and process.stderr is not None
        with contextlib.suppress(OSError):
            process.stdin.close()  # the supervisor ends at the end of its input, and kills what it runs
        end = time.monotonic() + END_SECONDS
        descriptor = process.stdout.fileno()
        while not (ended := _ready(descriptor, select.POLLIN, end) and not os.read(descriptor, 1 << 16)):
            if time.monotonic() >= end:
                break
        if not ended:
            self._kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()
        with _running_lock:
            _running.discard(self)

    def give_up(self) -> None:
        """From another thread: whoever waits for an answer gets an InfraError soon, and closes the jail."""
        self._given_up = True

    def _kill(self) -> None:
        """Kills what belongs to the jail: its session, which where there is no namespace no program can leave."""
        if self._process.returncode is not None:  # waited for: its number may be another's by now
            return
        end = time.monotonic() + END_SECONDS
        while (members := _session(self._process.pid)) and time.monotonic() < end:
            for pid in members:
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.001)

    def _send(self, data: bytes, seconds: float) -> None:
        assert self._process.stdin is not None
        end = time.monotonic() + seconds
        view = memoryview(data)
        descriptor = self._process.stdin.fileno()
        os.set_blocking(descriptor, False)
        while view:
            if not self._wait(descriptor, select.POLLOUT, end):
                raise self._failure("does not read its input")
            try:
                view = view[os.write(descriptor, view) :]
            except BlockingIOError:
                continue
            except BrokenPipeError:
                raise self._failure("ended early") from None

    def _wait(self, descriptor: int, event: int, end: float) -> bool:
        """`_ready`, in small steps that notice `give_up`."""
        while not _ready(descriptor, event, min(end, time.monotonic() + STEP_SECONDS)):
            if self._given_up:
                raise InfraError("the evaluation was given up")
            if time.monotonic() >= end:
                return False
        return True

    def _receive(self, end: float) -> None:
        assert self._process.stdout is not None
        descriptor = self._process.stdout.fileno()
        if not self._wait(descriptor, select.POLLIN, end):
            raise self._failure("does not answer")
        chunk = os.read(descriptor, 1 << 20)
        if not chunk:
            raise self._failure("ended early")
        self._buffer += chunk

    def _line(self, seconds: float) -> bytes:
        end = time.monotonic() + seconds
        while b"\n" not in self._buffer:
            self._receive(end)
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line

    def _take(self, length: int, seconds: float) -> bytes:
        end = time.monotonic() + seconds
        while len(self._buffer) < length:
            self._receive(end)
        taken, self._buffer = self._buffer[:length], self._buffer[length:]
        return taken

    def _failure(self, what: str) -> JailDiedError:
        """Kills the supervisor and quotes what it, or the program that makes the jail, has said."""
        assert self._process.stderr is not None
        self._kill()
        self._process.wait()
        os.set_blocking(self._process.stderr.fileno(), False)
        said = (self._process.stderr.read() or b"").decode("utf-8", "replace").strip()
        return JailDiedError(f"the jail {what}: {said or 'it said nothing'}; try another --sandbox")


def _session(leader: int) -> list[int]:
    """The living processes of a session."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            state = (folder / "stat").read_bytes().rpartition(b")")[2].split()[0]
            if os.getsid(int(folder.name)) == leader and state not in (b"Z", b"X"):
                found.append(int(folder.name))
    return found


def _ready(descriptor: int, event: int, end: float) -> bool:
    """Waits until the descriptor can be read or written, at most until the monotonic time `end`."""
    poll = select.poll()  # select() refuses descriptors over 1023, and training holds many
    poll.register(descriptor, event)
    return bool(poll.poll(max(0.0, end - time.monotonic()) * 1000))
