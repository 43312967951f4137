"""The benchmark scripts' stages: skipped once done, done again after every kind of death, nothing left running."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Two stages; the second does what $body says. Each leaves a line in $ran.
SCRIPT = """
set -euo pipefail
out=$1 ran=$2 body=$3
source {stages}
first() {{ echo first >>"$ran"; }}
second() {{ echo second >>"$ran"; eval "$body"; echo finished >>"$ran"; }}
start_stages 2
stage first "the first stage" first
stage second "the second stage" second
"""


class Stages:
    """Runs the script on one output folder; ``ran`` keeps what its stages did."""

    def __init__(self, folder: Path) -> None:
        self.out, self.ran = folder / "out", folder / "ran"
        self.script = folder / "script.sh"
        self.script.write_text(SCRIPT.format(stages=ROOT / "scripts/_stages.sh"))
        self.sessions: list[int] = []

    def command(self, body: str) -> list[str]:
        return ["bash", str(self.script), str(self.out), str(self.ran), body]

    def start(self, body: str) -> subprocess.Popen:
        """The script in a session of its own, once its second stage is at work."""
        process = subprocess.Popen(
            self.command(body), start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.sessions.append(process.pid)
        wait_for(lambda: "second" in self.lines())
        return process

    def run(self, body: str = "true") -> subprocess.CompletedProcess:
        self.ran.unlink(missing_ok=True)
        return subprocess.run(self.command(body), capture_output=True, text=True, timeout=60)

    def lines(self) -> list[str]:
        return self.ran.read_text().split() if self.ran.exists() else []

    def done(self) -> list[str]:
        return sorted(path.name for path in (self.out / ".done").iterdir() if path.suffix != ".tmp")


@pytest.fixture
def stages(tmp_path: Path) -> Iterator[Stages]:
    made = Stages(tmp_path)
    yield made
    for session in made.sessions:  # what a failed test leaves
        for process in alive(session):
            os.kill(process, signal.SIGKILL)


def wait_for(condition, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def alive(session: int) -> dict[int, str]:
    """Command lines of a session's processes, zombies left out."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state, _, _, its_session = (folder / "stat").read_text().rpartition(")")[2].split()[:4]
            if int(its_session) == session and state != "Z":
                found[int(folder.name)] = (folder / "cmdline").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


# A program with a worker, as a training is; its worker outlives a parent that alone is ended.
PARENT_AND_WORKER = "bash -c 'sleep 301 & sleep 302'"


def test_done_stages_are_skipped(stages):
    assert stages.run().returncode == 0 and stages.lines() == ["first", "second", "finished"]
    again = stages.run()
    assert stages.lines() == [] and again.stdout.count("done before") == 2


def test_a_changed_recipe_runs_again_with_what_follows(stages):
    stages.run()
    stages.script.write_text(stages.script.read_text().replace("echo first", "echo changed"))
    stages.run()
    assert stages.lines() == ["changed", "second", "finished"]


def test_an_earlier_success_does_not_stand_for_a_stage_that_died_since(stages):
    stages.run()
    stages.script.write_text(stages.script.read_text().replace("echo first", "echo changed"))
    assert stages.run("false").returncode == 1 and stages.lines() == ["changed", "second"]
    assert stages.run().returncode == 0 and stages.lines() == ["second", "finished"]


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)], ids=lambda x: str(x)
)
def test_an_interruption_leaves_nothing_and_the_stage_is_done_again(stages, number, status):
    """Ctrl-C reaches the foreground group, as from a terminal."""
    process = stages.start(PARENT_AND_WORKER)
    wait_for(lambda: len([line for line in alive(process.pid).values() if line.startswith("sleep")]) == 2)
    os.killpg(process.pid, number)
    process.communicate(timeout=30)
    assert process.returncode == status
    assert not alive(process.pid)
    assert stages.done() == ["first"]
    assert stages.run().returncode == 0 and stages.lines() == ["second", "finished"]


def test_a_stage_that_ignores_the_interruption_is_killed(stages):
    process = stages.start("trap '' TERM; sleep 303")
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 130 and not alive(process.pid)


def test_a_killed_script_is_done_again_but_not_beside_what_it_left(stages):
    process = stages.start("until [[ -e $out/go ]]; do sleep 0.1; done")
    process.kill()
    process.wait()
    beside = stages.run()
    assert beside.returncode == 1 and "still works in" in beside.stderr and stages.lines() == []
    (stages.out / "go").touch()
    wait_for(lambda: not alive(process.pid))
    process.stdout.close()
    assert stages.done() == ["first"]  # finished by what was left, but nobody saw how
    assert stages.run().returncode == 0 and stages.lines() == ["second", "finished"]


def test_a_failure_names_the_stage_and_its_log(stages):
    failed = stages.run("echo 'x.py: error: this is wrong'; echo more; false; echo not reached")
    log = stages.out / "logs" / "second.log"
    assert failed.returncode == 1 and stages.lines() == ["first", "second"] and stages.done() == ["first"]
    assert failed.stderr.splitlines() == [
        "    x.py: error: this is wrong",
        f"    stage 'second' failed; its log: {log}",
    ]
    assert stages.run().returncode == 0 and stages.lines() == ["second", "finished"]


def test_a_failure_without_a_readable_log_is_still_named(stages):
    failed = stages.run('rm -rf "$out/logs"; false')
    assert failed.returncode == 1 and "stage 'second' failed" in failed.stderr


def test_a_file_that_cannot_grow(stages):
    """``ulimit -f`` stops every file at 8 KiB, as a quota does."""
    command = "trap '' XFSZ; ulimit -f 8; exec \"$@\""
    body = 'head -c 20000 /dev/zero >"$out/data"'
    failed = subprocess.run(["bash", "-c", command, "-", *stages.command(body)], capture_output=True, text=True)
    assert failed.returncode == 1 and "File too large" in failed.stderr and "stage 'second' failed" in failed.stderr
    assert stages.done() == ["first"]
    assert stages.run(body).returncode == 0 and stages.lines() == ["second", "finished"]


# $1 becomes a disk of 64 KiB; the script works on it twice, and a filler goes in between.
ON_A_FULL_DISK = """
mkdir -p "$1" && mount -t tmpfs -o size=64k tmpfs "$1" || exit 77
"${@:2}" && exit 1
ls --ignore='*.tmp' "$1/.done"
echo again
rm "$1/data"
"${@:2}"
"""


@pytest.mark.parametrize(
    "body",
    ['cat /dev/zero >"$out/data"', 'cat /dev/zero >"$out/data" || true'],
    ids=["in a stage", "when it is marked as done"],
)
def test_a_full_disk(stages, body):
    """In a user namespace, where anybody may mount a disk. The second time the stage writes a little only."""
    body = f'if [[ $(wc -l <"$ran") == 2 ]]; then {body}; fi'
    done = subprocess.run(
        ["unshare", "--map-root-user", "--mount", "bash", "-c", ON_A_FULL_DISK, "-", stages.out, *stages.command(body)],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    if done.returncode == 77 or "unshare" in done.stderr:
        pytest.skip("no tmpfs can be mounted here")
    log = stages.out / "logs" / "second.log"
    assert f"    no space is left on the disk of {stages.out}\n    stage 'second' failed; its log: {log}" in done.stderr
    before, again = done.stdout.split("again\n")
    assert "FAILED" in before.splitlines()[-2] and before.splitlines()[-1] == "first"
    assert done.returncode == 0 and "done before" in again
    assert stages.lines()[-2:] == ["second", "finished"]
