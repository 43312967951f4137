"""What the commands of all experiments share: their options, and how they start."""

import argparse
import os
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from ..errors import UserError
from ..evaluation.sandbox.selftest import find_sandbox
from ..systems import SYSTEMS
from .running import Runner, StageFailedError, StoppedError
from .stages import Stage, script

FAILURE = 1
SIGNAL = 128  # a shell's exit status for the first signal is one more


def whole_number(text: str) -> int:
    """From 1 up."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is no whole number from 1 up")
    return int(text)


def add_running_options(parser: argparse.ArgumentParser) -> None:
    """Options of every experiment."""
    parser.add_argument(
        "--allow-unsafe", action="store_true", help="run programs under limits alone where no sandbox works"
    )
    add_dry_run(parser)


def add_dry_run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--dry-run", action="store_true", help="print the commands, as a shell runs them, and write nothing"
    )


def add_seeds(parser: argparse.ArgumentParser) -> None:
    """How often each system is trained."""
    parser.add_argument(
        "--seeds", type=whole_number, default=1, metavar="N", help="trainings of each system (default: 1)"
    )


def add_benchmark_options(parser: argparse.ArgumentParser) -> None:
    """Options of experiments that compare systems with several seeds."""
    add_seeds(parser)
    parser.add_argument(
        "--jobs",
        type=whole_number,
        metavar="J",
        help="trainings at the same time, with one thread each (default: one a core, 1 with a GPU)",
    )
    parser.add_argument(
        "--min-clean-kept",
        type=float,
        default=0.98,
        metavar="SHARE",
        help="of clean programs that the denoiser must keep (default: %(default)s)",
    )
    add_running_options(parser)


def add_systems_option(parser: argparse.ArgumentParser) -> None:
    """Which systems are compared."""
    known = " ".join(name for name, system in SYSTEMS.items() if not system.backwards)
    parser.add_argument(
        "--systems",
        default="direct,pretrained,composed",
        metavar="A,B",
        help=f"of {known}; what a system starts from must be among them (default: %(default)s)",
    )


def default_jobs() -> int:
    """One a core, but never two on a GPU."""
    return 1 if shutil.which("nvidia-smi") else len(os.sched_getaffinity(0))


def require_sandbox(*, allow_unsafe: bool) -> None:
    """Programs that models write are run: whether they may be is asked before hours of training, not after them."""
    find_sandbox("auto", allow_unsafe)


def require_tools(*names: str) -> None:
    """Programs that must be on the PATH or beside this interpreter."""
    folder = Path(sys.executable).parent
    for name in names:
        if not shutil.which(name) and not (folder / name).exists():
            raise UserError(f"{name} is not on the PATH; install it (fairseq: pip install 'fairseq_cft[fairseq]')")


def benchmark(
    stages: Sequence[Stage],
    out: Path,
    options: argparse.Namespace,
    about: str,
    *,
    jobs: int | None = None,
    logs: Sequence[str] = ("report", "check"),
) -> int:
    """Runs an experiment whose outputs are compiled and run, by the options of its command; `about` says what it is."""
    if not options.dry_run:
        require_tools("fairseq-train", "g++")
        require_sandbox(allow_unsafe=options.allow_unsafe)
        print(about)
    return execute(stages, out, jobs=jobs, dry_run=options.dry_run, logs=logs)


def split_arguments(arguments: Sequence[str] | None) -> tuple[list[str], tuple[str, ...]]:
    """A command's own arguments, and those of every fairseq-train, which stand behind ``--``."""
    given = [*(sys.argv[1:] if arguments is None else arguments)]
    end = given.index("--") if "--" in given else len(given)
    return given[:end], tuple(given[end + 1 :])


def execute(
    stages: Sequence[Stage], out: Path, *, jobs: int | None, dry_run: bool, logs: Sequence[str] = ("report", "check")
) -> int:
    """Runs the stages; the exit status. At the end it prints what the logs say."""
    if dry_run:
        print(script(stages, out))
        return 0
    began = time.monotonic()
    try:
        Runner(out, jobs or default_jobs()).run(stages)
    except StageFailedError as error:
        print(error, file=sys.stderr)
        return FAILURE
    except StoppedError as error:
        return SIGNAL + int(error.args[0])
    for log in [out / "logs" / f"{name}.log" for name in logs]:
        if log.exists():
            said = log.read_text(encoding="utf-8").splitlines()
            print("", *(line for line in said if line and "INFO" not in line), sep="\n")  # fairseq's log lines have it
    products = [path for stage in stages[-1:] for task in stage.tasks() for path in task.products()]
    print(f"in {time.monotonic() - began:.0f} s: {' '.join(map(str, products))}")
    return 0
