"""Stages: skipped once done, done again after every kind of death, nothing left running."""

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from commands import ROOT

# Two stages; the second does what the last argument says. Each leaves a line in the file "ran".
SCRIPT = """
import sys
from pathlib import Path
from fairseq_cft.experiments.stages import run, single
from fairseq_cft.experiments.starting import execute

out, first, body = sys.argv[1:]

def shell(name, what):
    return run("bash", "-euo", "pipefail", "-c", f'out=$1; echo {name} >>"$ran"; {what}', name, out)

stages = [
    single("first", "the first stage", shell(first, "true")),
    single("second", "the second stage", shell("second", body), shell("finished", "true")),
]
sys.exit(execute(stages, Path(out), jobs=1, dry_run=False, logs=()))
"""


class Stages:
    """Runs the script on one output folder; ``ran`` keeps what its stages did."""

    def __init__(self, folder: Path) -> None:
        self.out, self.ran = folder / "out", folder / "ran"
        self.mark = f"MARK={uuid.uuid4()}"  # in the environment of all that it starts
        self.environment = {**os.environ, "PYTHONPATH": str(ROOT), "MARK": self.mark.removeprefix("MARK=")}
        self.environment["ran"] = str(self.ran)  # not an argument: a file that a command names is one that it reads

    def command(self, body: str, first: str = "first") -> list[str]:
        return [sys.executable, "-c", SCRIPT, str(self.out), first, body]

    def start(self, body: str) -> subprocess.Popen:
        """The script, once its second stage is at work."""
        process = subprocess.Popen(
            self.command(body), start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env=self.environment,
        )  # fmt: skip
        wait_for(lambda: "second" in self.lines())
        return process

    def run(self, body: str = "true", first: str = "first") -> subprocess.CompletedProcess:
        self.ran.unlink(missing_ok=True)
        return subprocess.run(
            self.command(body, first), capture_output=True, text=True, timeout=60, env=self.environment
        )  # fmt: skip

    def lines(self) -> list[str]:
        return self.ran.read_text().split() if self.ran.exists() else []

    def alive(self) -> dict[int, str]:
        """Command lines of all that the script started, zombies left out, by their process."""
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
                if state != "Z" and self.mark.encode() in (folder / "environ").read_bytes().split(b"\0"):
                    found[int(folder.name)] = (folder / "cmdline").read_text()
            except OSError:
                continue
        return found


@pytest.fixture
def stages(tmp_path: Path) -> Iterator[Stages]:
    made = Stages(tmp_path)
    yield made
    for process in made.alive():  # what a failed test leaves
        os.kill(process, signal.SIGKILL)


def wait_for(condition, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


# A program with a worker, as a training is; its worker outlives a parent that alone is ended.
PARENT_AND_WORKER = "bash -c 'sleep 301 & sleep 302'"


def test_done_stages_are_skipped(stages):
    assert stages.run().returncode == 0 and stages.lines() == ["first", "second", "finished"]
    again = stages.run()
    assert stages.lines() == [] and again.stdout.count("done before") == 2


def test_a_changed_recipe_runs_again_and_nothing_else_does(stages):
    stages.run()
    stages.run(first="changed")
    assert stages.lines() == ["changed"]


def test_an_earlier_success_does_not_stand_for_a_stage_that_died_since(stages):
    stages.run()
    assert stages.run("false").returncode == 1 and stages.lines() == ["second"]
    assert stages.run().returncode == 0 and stages.lines() == ["second", "finished"]


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)], ids=lambda x: str(x)
)
def test_an_interruption_leaves_nothing_and_the_stage_is_done_again(stages, number, status):
    """Ctrl-C reaches the foreground group, as from a terminal."""
    process = stages.start(PARENT_AND_WORKER)
    wait_for(lambda: len([line for line in stages.alive().values() if line.startswith("sleep")]) == 2)
    os.killpg(process.pid, number)
    process.communicate(timeout=30)
    assert process.returncode == status
    assert not stages.alive()
    assert stages.run().returncode == 0 and stages.lines() == ["second", "finished"]


def test_a_stage_that_ignores_the_interruption_is_killed(stages):
    process = stages.start("trap '' TERM; sleep 303")
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 130 and not stages.alive()


def test_a_killed_script_is_done_again_but_not_beside_what_it_left(stages):
    process = stages.start('until [[ -e "$out/go" ]]; do sleep 0.1; done')
    process.kill()
    process.wait()
    beside = stages.run()
    assert beside.returncode == 1 and "still works in" in beside.stderr and stages.lines() == []
    (stages.out / "go").touch()
    wait_for(lambda: not stages.alive())
    process.stdout.close()
    assert stages.run().returncode == 0 and stages.lines() == ["second", "finished"]


def test_a_failure_names_the_stage_and_its_log(stages):
    failed = stages.run("echo 'x.py: error: this is wrong'; echo more; false; echo not reached")
    log = stages.out / "logs" / "second.log"
    assert failed.returncode == 1 and stages.lines() == ["first", "second"]
    assert "the second stage" in failed.stdout and "FAILED" in failed.stdout
    assert failed.stderr.splitlines() == [
        "    x.py: error: this is wrong",
        f"    stage 'second' failed; its log: {log}",
    ]
    assert stages.run().returncode == 0 and stages.lines() == ["second", "finished"]


def test_a_failure_without_a_readable_log_is_still_named(stages):
    failed = stages.run('rm -rf "$out/logs"; false')
    assert failed.returncode == 1 and "stage 'second' failed" in failed.stderr


def test_a_program_that_does_not_exist_is_named(stages):
    command = stages.command("true")
    command[2] = command[2].replace('"bash", ', '"no-such-program", ')
    failed = subprocess.run(command, capture_output=True, text=True, env=stages.environment)
    assert failed.returncode == 1 and "no-such-program" in failed.stderr and "Traceback" not in failed.stderr


def test_a_file_that_cannot_grow(stages):
    """``ulimit -f`` stops every file at 8 KiB, as a quota does."""
    command = 'ulimit -f 8; exec "$@"'
    body = 'head -c 20000 /dev/zero >"$out/data"'
    failed = subprocess.run(
        ["bash", "-c", command, "-", *stages.command(body)], capture_output=True, text=True, env=stages.environment
    )
    assert failed.returncode == 1 and "stage 'second' failed" in failed.stderr
    assert stages.run(body).returncode == 0 and stages.lines() == ["second", "finished"]


# $1 becomes a disk of 64 KiB; the script works on it twice, and a filler goes in between.
ON_A_FULL_DISK = """
mkdir -p "$1" && mount -t tmpfs -o size=64k tmpfs "$1" || exit 77
"${@:2}" && exit 1
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
        capture_output=True, text=True, timeout=60, env=stages.environment,
    )  # fmt: skip
    if done.returncode == 77 or "unshare" in done.stderr:
        pytest.skip("no tmpfs can be mounted here")
    log = stages.out / "logs" / "second.log"
    assert f"    no space is left on the disk of {stages.out}\n    stage 'second' failed; its log: {log}" in done.stderr
    before, again = done.stdout.split("again\n")
    assert "FAILED" in before.splitlines()[-1]
    assert done.returncode == 0 and "done before" in again
    assert stages.lines()[-2:] == ["second", "finished"]
