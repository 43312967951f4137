"""Every hostile program gets its verdict, in time, and leaves nothing behind: no process and no file."""

import dataclasses
import os
import socket
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from commands import alive_in
from unit.evaluation.evil import Evil, evil_programs

from fairseq_cft.evaluation.compare import exact
from fairseq_cft.evaluation.judge import Judge, Judgement
from fairseq_cft.evaluation.languages.cpp import Cpp
from fairseq_cft.evaluation.languages.toolchain import Toolchain
from fairseq_cft.evaluation.sandbox.limits import COMPILER_LIMITS, Limits
from fairseq_cft.evaluation.sandbox.tiers import Sandbox
from fairseq_cft.evaluation.testcases import TestCase

pytestmark = pytest.mark.xdist_group("evil_programs")  # one worker: a tier is run as a whole
PROGRAMS = {evil.name: evil for evil in evil_programs()}
RUN = Limits.for_programs(time_limit=1.0, memory_mb=256, wall_limit=2.0)
COMPILE = dataclasses.replace(COMPILER_LIMITS, cpu_seconds=1.0, wall_seconds=4.0)
LONGEST_SECONDS = 20.0  # compile and run limits with room for a busy machine
TRACE = "cft-evil-was-here"
PLACES = [Path(place) for place in ("/tmp", "/var/tmp", "/dev/shm", "/", "/usr/lib", ".", "..")]


@dataclasses.dataclass
class Watch:
    """What can be seen from outside while and after the programs of one tier run."""

    sandbox: Sandbox
    folder: Path
    results: dict[str, tuple[Judgement, float]]


@pytest.fixture(scope="module")
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


@pytest.fixture(scope="module")
def watch(
    sandbox: Sandbox, toolchain: Toolchain, listener: socket.socket, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Watch]:
    """Judges all programs of one tier at once, two at a time: one after the other would take minutes."""
    folder = Path(tempfile.mkdtemp(prefix=f"cft-evil-{sandbox.tier}-"))
    folder.chmod(0o755)
    port = str(listener.getsockname()[1]).encode()
    judge = Judge(Cpp(toolchain, COMPILE), sandbox, RUN, exact)

    def timed(evil: Evil) -> tuple[Judgement, float]:
        started = time.monotonic()
        judgement = judge(evil.source, [TestCase(port + b"\n", b"hello\n")])
        return judgement, time.monotonic() - started

    remove_traces()  # of a run that was killed
    before, tempfile.tempdir = tempfile.tempdir, str(folder)
    try:
        with ThreadPoolExecutor(2) as pool:
            results = dict(zip(PROGRAMS, pool.map(timed, PROGRAMS.values()), strict=True))
    finally:
        tempfile.tempdir = before
    yield Watch(sandbox, folder, results)
    folder.rmdir()
    remove_traces()


def remove_traces() -> None:
    """The tier none lets programs write where the user may."""
    for place in PLACES:
        (place / TRACE).unlink(missing_ok=True)


@pytest.mark.parametrize("name", PROGRAMS)
def test_verdict(watch: Watch, name: str) -> None:
    judgement, seconds = watch.results[name]
    verdicts, words = PROGRAMS[name].expected(watch.sandbox.tier)
    assert judgement.verdict in verdicts, judgement
    assert words in judgement.detail
    assert seconds < LONGEST_SECONDS
    assert "root:" not in judgement.detail or watch.sandbox.tier == "none"  # of /etc/passwd
    assert len(judgement.detail) <= 2000


def test_no_process_is_left(watch: Watch) -> None:
    time.sleep(0.2)
    assert alive_in(watch.folder) == []


def test_nothing_is_written_outside(watch: Watch) -> None:
    assert list(watch.folder.iterdir()) == [], "the folders of the jobs are removed"
    written = [place for place in PLACES if os.path.lexists(place / TRACE)]
    assert written == [] or watch.sandbox.tier == "none"


def test_nothing_reached_the_network(watch: Watch, listener: socket.socket) -> None:
    with pytest.raises(BlockingIOError):
        listener.accept()
