"""However an evaluation ends, it leaves no process and no folder behind; a jail that dies costs one verdict."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from unit.evaluation.conftest import sandbox_or_skip

from fairseq_cft.errors import InfraError
from fairseq_cft.evaluation.evaluator import Work, _judge
from fairseq_cft.evaluation.judge import Judgement
from fairseq_cft.evaluation.sandbox.jail import JailDiedError
from fairseq_cft.evaluation.sandbox.limits import Limits
from fairseq_cft.evaluation.sandbox.tiers import Sandbox
from fairseq_cft.evaluation.sandbox.workfolder import work_folder
from fairseq_cft.evaluation.testcases import TestCase
from fairseq_cft.evaluation.verdict import Verdict

SHELL = [Path("/bin"), Path("/usr/bin")]
LONG = Limits(cpu_seconds=100, wall_seconds=100)
PATIENCE = 20.0
EVALUATOR = """
import sys
from pathlib import Path
from fairseq_cft.evaluation.sandbox.limits import Limits
from fairseq_cft.evaluation.sandbox.supervisor import supervisor_executable
from fairseq_cft.evaluation.sandbox.tiers import Sandbox
from fairseq_cft.evaluation.sandbox.workfolder import work_folder

tier, script = sys.argv[1:]
command, read = ["/bin/sh", "-c", script], [Path("/bin"), Path("/usr/bin")]
with work_folder("cft-job-") as folder:
    print(folder, flush=True)
    sandbox = Sandbox(tier, supervisor_executable())
    with sandbox.open(command, Limits(100, 100), program=True, read=read) as jail:
        print(jail.run(b"").stdout, flush=True)
"""


def marked() -> tuple[str, str]:
    """A script of two processes that sleep, and what their command lines have in common with no other."""
    mark = f"sleep 1{time.monotonic_ns() % 10**9}"
    return f"{mark} & {mark}", mark


def alive(mark: str) -> int:
    found = 0
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found += path.read_bytes().replace(b"\0", b" ").strip().decode("utf-8", "replace") == mark
        except OSError:
            continue
    return found


def wait_until(mark: str, count: int) -> None:
    end = time.monotonic() + PATIENCE
    while alive(mark) != count and time.monotonic() < end:
        time.sleep(0.02)
    assert alive(mark) == count


def gone(folder: Path) -> bool:
    end = time.monotonic() + PATIENCE
    while folder.exists() and time.monotonic() < end:
        time.sleep(0.02)
    return not folder.exists()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_a_killed_evaluator_leaves_nothing(sandbox: Sandbox, number: signal.Signals) -> None:
    script, mark = marked()
    command = [sys.executable, "-c", EVALUATOR, sandbox.tier, script]
    with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as evaluator:
        assert evaluator.stdout is not None
        folder = Path(evaluator.stdout.readline().decode().strip())
        wait_until(mark, 2)
        assert folder.is_dir()
        evaluator.send_signal(number)
    assert evaluator.returncode == -number
    wait_until(mark, 0)
    assert gone(folder)


def test_ignored_signals_of_the_caller_change_nothing(sandbox: Sandbox) -> None:
    """With SIGCHLD ignored nobody would learn how a child ended; and the program is free of them, too."""
    ignored = {signal.SIGCHLD, signal.SIGTERM, signal.SIGUSR1, signal.SIGRTMIN + 3}

    def ignore() -> None:
        for number in ignored:
            signal.signal(number, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD, signal.SIGUSR2})

    script = "grep -E '^Sig(Ign|Blk)' /proc/self/status; exit 3"
    command = [sys.executable, "-c", EVALUATOR.replace(".stdout", ""), sandbox.tier, script]
    done = subprocess.run(command, preexec_fn=ignore, capture_output=True, text=True)
    assert "exit_code=3" in done.stdout, done.stderr
    assert done.stdout.count("0000000000000000") == 2, done.stdout


@dataclass
class Deadly:
    """A judge whose programs see their jail die, after they have started others."""

    sandbox: Sandbox
    script: str
    canary_works: bool = True
    asked: list[bool] = field(default_factory=list)

    def __call__(self, source: str, cases: Sequence[TestCase]) -> Judgement:
        with self.sandbox.open(["/bin/sh", "-c", self.script], LONG, program=True, read=SHELL) as jail:
            threading.Timer(0.3, os.kill, (jail._process.pid, signal.SIGKILL)).start()
            jail.run(b"")
        return Judgement(Verdict.CORRECT)

    def ready(self, again: bool = False) -> None:
        self.asked.append(again)
        if not self.canary_works:
            raise InfraError("nothing can be judged")


def test_a_jail_that_dies_costs_the_program_its_verdict(sandbox: Sandbox) -> None:
    script, mark = marked()
    judge = Deadly(sandbox, script)
    judgement = _judge(judge, Work("", [TestCase(b"", b"")] * 3), threading.Event())  # type: ignore[arg-type]
    assert (judgement.verdict, judgement.passed, judgement.total) == (Verdict.RUNTIME_ERROR, 0, 3)
    assert judge.asked == [True], "what is known to be right is judged again"
    wait_until(mark, 0)


def test_where_what_is_right_fails_as_well_there_is_no_verdict() -> None:
    judge = Deadly(sandbox_or_skip("none"), "sleep 100", canary_works=False)
    with pytest.raises(InfraError, match="nothing can be judged"):
        _judge(judge, Work("", []), threading.Event())  # type: ignore[arg-type]


def test_a_compiler_whose_jail_dies_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    judge = Deadly(sandbox_or_skip("none"), "sleep 100")

    def die(*_: object) -> Judgement:
        error = JailDiedError("gone")
        error.preparing = True
        raise error

    monkeypatch.setattr(Deadly, "__call__", die)
    assert _judge(judge, Work("", []), threading.Event()).verdict is Verdict.COMPILE_ERROR  # type: ignore[arg-type]


def test_a_work_folder_ends_with_its_block(open_folder: Path) -> None:
    before = os.umask(0o077)
    try:
        with pytest.raises(RuntimeError, match="on the way"), work_folder("cft-", open_folder) as folder:
            assert folder.stat().st_mode & 0o777 == 0o711
            (folder / "a").mkdir()
            (folder / "a/file").write_text("text")
            raise RuntimeError("on the way")
    finally:
        os.umask(before)
    assert list(open_folder.iterdir()) == []


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    place = tmp_path / "none"
    with pytest.raises(InfraError, match=f"in {place}: No such file .*; set TMPDIR"), work_folder("cft-", place):
        pass
