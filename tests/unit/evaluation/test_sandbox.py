"""Choosing a tier, and what a jail tells the evaluator."""

import dataclasses
import errno
import os
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from unit.evaluation.conftest import sandbox_or_skip

from fairseq_cft.errors import InfraError, UsageError
from fairseq_cft.evaluation.sandbox import selftest
from fairseq_cft.evaluation.sandbox.jail import CPU_TIME, WALL_CLOCK, kill_running_jails
from fairseq_cft.evaluation.sandbox.limits import Limits
from fairseq_cft.evaluation.sandbox.selftest import find_sandbox, trouble
from fairseq_cft.evaluation.sandbox.supervisor import supervisor_executable
from fairseq_cft.evaluation.sandbox.tiers import Sandbox, tasks_of_user, unprivileged_user

LIMITS = Limits(cpu_seconds=1, wall_seconds=1, diagnostic_bytes=100)
SHELL = [Path("/bin"), Path("/usr/bin")]


def test_one_jail_runs_many_inputs(sandbox: Sandbox) -> None:
    with sandbox.open(["/bin/sh", "-c", "cat; echo words >&2"], LIMITS, program=True, read=SHELL) as jail:
        for text in (b"first", b"", b"\0\xff" * 100_000):
            outcome = jail.run(text)
            assert (outcome.exit_code, outcome.stdout, outcome.stderr) == (0, text, b"words\n")


def test_a_stopped_run_does_not_end_the_jail(sandbox: Sandbox) -> None:
    script = "read word; test $word = wait && sleep 100; echo $word"
    with sandbox.open(["/bin/sh", "-c", script], LIMITS, program=True, read=SHELL) as jail:
        stopped = jail.run(b"wait\n")
        assert (stopped.stopped, stopped.signal_name) == (WALL_CLOCK, "SIGKILL")
        assert 1 <= stopped.wall_seconds < 3
        assert jail.run(b"go\n").stdout == b"go\n"


def test_writable_folder_is_the_compilers_alone(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> None:
    if sandbox.tier == "none":
        pytest.skip("the tier none shows the whole file system")
    with sandbox.open(["/bin/ls", "/", "/etc"], LIMITS, program=False, read=SHELL) as jail:
        seen = jail.run(b"").stdout.decode().split()
    assert not {"tmp", "home", "root", "var", "sys", "passwd", "hostname"} & set(seen)


def test_a_compiler_writes_into_its_folder_alone(sandbox: Sandbox, open_folder: Path) -> None:
    """Programs may open nothing for writing; for compilers, to which that filter does not apply, only mounts decide."""
    if sandbox.tier == "none":
        pytest.skip("the tier none lets the compiler write where the user may")
    read, write = open_folder / "read", open_folder / "write"
    for folder in (read, write):
        folder.mkdir()
        folder.chmod(0o777)
    script = f"for place in '' /dev /usr/lib {read} {write}; do (echo x > $place/x) 2> /dev/null && echo $place; done"
    with sandbox.open(["/bin/sh", "-c", script], LIMITS, program=False, read=[*SHELL, read], write=[write]) as jail:
        assert jail.run(b"").stdout.decode().split("\n")[:-1] == [str(write)]


def test_a_command_that_cannot_start_is_told_apart(sandbox: Sandbox) -> None:
    with sandbox.open(["/no/such/program"], LIMITS, program=True) as jail:
        outcome = jail.run(b"")
    assert (outcome.exit_code, outcome.signal, outcome.unstartable) == (None, None, errno.ENOENT)


def test_a_jail_that_does_not_start_says_why() -> None:
    sandbox = dataclasses.replace(sandbox_or_skip("bwrap"), supervisor=Path("/no/such/supervisor"))
    with pytest.raises(InfraError, match=r"did|ended"), sandbox.open(["/bin/cat"], LIMITS, program=True):
        pass
    assert trouble(sandbox)


def test_a_killed_jail_is_our_fault(sandbox: Sandbox) -> None:
    timer = threading.Timer(0.3, kill_running_jails)
    limits = Limits(cpu_seconds=20, wall_seconds=20)
    started = time.monotonic()
    with sandbox.open(["/bin/sleep", "20"], limits, program=True, read=SHELL) as jail, pytest.raises(InfraError):
        timer.start()
        jail.run(b"")
    assert time.monotonic() - started < 5
    timer.join()


def test_none_is_never_taken_unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="--allow-unsafe"):
        find_sandbox("none")
    monkeypatch.setattr(selftest, "_sandbox", lambda tier: (Sandbox(tier, Path("x")), "" if tier == "none" else "no"))
    with pytest.raises(UsageError, match=r"no sandbox works here .*bwrap: no; unshare: no"):
        find_sandbox("auto")
    assert find_sandbox("auto", allow_unsafe=True).tier == "none"
    with pytest.raises(UsageError, match="no such sandbox"):
        find_sandbox("docker")


def test_best_tier_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selftest, "_sandbox", lambda tier: (Sandbox(tier, Path("x")), "no" if tier == "bwrap" else ""))
    assert find_sandbox("auto", allow_unsafe=True).tier == "unshare"


@pytest.mark.parametrize("tier", ["bwrap", "unshare"])
def test_selftest_finds_a_leak(tier: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A jail that passes the whole machine on is refused, whatever it is called."""
    sandbox_or_skip(tier)
    leaky = Sandbox(tier, supervisor_executable())
    monkeypatch.setattr(Sandbox, "_prefix", lambda self, read, write: [str(self.supervisor)])
    assert "write outside" in trouble(leaky) or "processes" in trouble(leaky)


def test_supervisor_refuses_nonsense() -> None:
    sandbox = Sandbox("none", supervisor_executable())
    limits = dataclasses.replace(LIMITS)
    with sandbox.open(["/bin/cat"], limits, program=True) as jail:
        jail._send(b"no number\n", 1)
        with pytest.raises(InfraError, match="ended early"):
            jail._line(2)


def test_output_is_stopped_at_its_limit(sandbox: Sandbox) -> None:
    """Not only cut when it is read: a flood must never take the machine's memory."""
    limits = dataclasses.replace(LIMITS, output_bytes=10_000)
    with sandbox.open(["/usr/bin/yes"], limits, program=True, read=SHELL) as jail:
        outcome = jail.run(b"")
    assert outcome.signal_name == "SIGXFSZ"
    assert outcome.stdout == b"y\n" * 5_000


def test_cpu_time_is_limited(sandbox: Sandbox) -> None:
    limits = Limits(cpu_seconds=0.5, wall_seconds=20)
    with sandbox.open(["/bin/sh", "-c", "while :; do :; done"], limits, program=True, read=SHELL) as jail:
        outcome = jail.run(b"")
    assert (outcome.stopped, outcome.signal_name) == (CPU_TIME, "SIGKILL")
    assert 0.5 <= outcome.cpu_seconds < 0.9


def test_nothing_lives_on_to_the_next_case(sandbox: Sandbox) -> None:
    started = "until grep -qsF '(sleep)' /proc/[0-9]*/stat; do :; done"  # until then its name is that of the shell
    script = f"sleep 100 & sleep 100 & {started}; cat /proc/[0-9]*/stat"
    limits = dataclasses.replace(LIMITS, processes=None)
    with sandbox.open(["/bin/sh", "-c", script], limits, program=True, read=SHELL) as jail:
        sleepers = [jail.run(b"").stdout.count(b"(sleep)") for _ in range(3)]
    assert max(sleepers) <= 2 or sandbox.tier == "none"  # there, others' processes are seen as well
    assert sleepers[0] >= 1


def test_processes_are_limited(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    if sandbox.tier == "none":  # where it is far off
        monkeypatch.setattr(Sandbox, "_processes_counted_as_well", lambda _: 0)
    script = "i=0; while [ $i -lt $number ]; do sleep 5 & i=$((i + 1)); done; echo all"
    for processes, number, everything in ((16, 16, b""), (16, 15, b"all\n"), (None, 40, b"all\n")):
        if sandbox.tier == "none" and number == 15:
            continue
        limits = dataclasses.replace(LIMITS, processes=processes)
        command = ["/bin/sh", "-c", f"number={number}; {script}"]
        with sandbox.open(command, limits, program=True, read=SHELL) as jail:
            assert jail.run(b"").stdout == everything


@pytest.fixture
def many_others() -> Iterator[None]:
    """Twenty processes of the user that programs run as."""
    user = unprivileged_user()
    others = [subprocess.Popen(["sleep", "100"], user=user, group=user, cwd="/") for _ in range(20)]
    yield
    for other in others:
        other.kill()
        other.wait()


def test_what_else_the_user_runs_does_not_count(sandbox: Sandbox, many_others: None) -> None:
    assert tasks_of_user(-1) >= 20
    script = "for i in 1 2 3 4 5; do sleep 0.1 & done; wait; echo done"
    with sandbox.open(["/bin/sh", "-c", script], LIMITS, program=True, read=SHELL) as jail:
        assert jail.run(b"").stdout == b"done\n"


def test_programs_run_as_nobody_when_we_are_root(sandbox: Sandbox) -> None:
    """Not as root of the namespace that is root outside: a hole in a namespace must not lead to the machine's root."""
    script = "while read -r name value rest; do test $name = Uid: && echo $value; done < /proc/self/status"
    script += "; cat /proc/self/uid_map"
    with sandbox.open(["/bin/sh", "-c", script], LIMITS, program=True, read=SHELL) as jail:
        user, inside, outside, _ = map(int, jail.run(b"").stdout.split())
    assert outside + user - inside == (os.getuid() or 65534)
