"""Runs the programs of scripts/ as a user does, and reads what a dry run of a benchmark shows."""

import contextlib
import importlib
import io
import json
import os
import shlex
import subprocess
import sys
from collections import Counter
from pathlib import Path

from commands import ROOT

from fairseq_cft.__main__ import main
from fairseq_cft.experiments.stages import CFT


def script(name: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """A shell script or a Python program, with this interpreter's programs on the PATH."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    command = [*([sys.executable] if name.endswith(".py") else []), str(ROOT / "scripts" / name), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PATH": path}, timeout=300)


def command(name: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """A command of ``fairseq-cft``, in this process: what a new one imports takes longer than most of them."""
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        status = wrong_use(name, [*map(str, arguments)])
    return subprocess.CompletedProcess([name], status, out.getvalue(), err.getvalue())


def dry_run(name: str, *arguments: object) -> str:
    """What a command prints with --dry-run, in this process; nothing else may be printed."""
    module = importlib.import_module(f"fairseq_cft.commands.{name.replace('-', '_')}")
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        assert module.main(["--dry-run", *map(str, arguments)]) == 0
    return printed.getvalue()


def wrong_use(name: str, arguments: list[str]) -> int:
    """The exit status of a command that prints a sentence and does nothing."""
    try:
        return main([name, *arguments])
    except SystemExit as status:  # argparse's
        return int(status.code or 0)


def shown_commands(dry_run: str, program: str) -> list[list[str]]:
    """The words of each command of a program in what a dry run printed; of ours those from its name on."""
    found, text = [], ""
    for line in dry_run.splitlines():
        text += f"{line}\n"
        try:
            words = [word for word in shlex.split(text, comments=True) if not word.startswith(">")]
        except ValueError:  # a quoted word goes on in the next line
            continue
        text = ""
        words = words[3:] if words[:3] == [*CFT] else words
        found += [words] if words and words[0] == program else []
    return found


def shown_trainings(dry_run: str) -> dict[str, list[str]]:
    """The trainings of a dry run by the names of their models, in order."""
    return {Path(value(each, "--save-dir")).name: each for each in shown_commands(dry_run, "fairseq-train")}


def value(words: list[str], option: str) -> str:
    """The last value of an option, as argparse takes it."""
    return words[len(words) - words[::-1].index(option)]


def write_evaluation(path: Path, correct: list[bool]) -> None:
    """What fairseq-cft-evaluate writes, of programs that are correct or do not compile."""
    verdicts = ["correct" if each else "compile_error" for each in correct]
    content = {
        "signature": "made for this test",
        "counts": dict(Counter(verdicts)),
        "verdicts": [{"id": str(number), "verdict": verdict} for number, verdict in enumerate(verdicts)],
    }
    path.write_text(json.dumps(content), encoding="utf-8")


def write_results(folder: Path, dataset: str, seeds: tuple[int, ...]) -> Path:
    """results.json, and the evaluations that it comes from: of 100 programs each method has the first ones right."""
    folder.mkdir(exist_ok=True)
    for seed in seeds:
        for method, count in (("pretrained", 38), ("composed", 58), ("composed:base", 38), ("mine", 10)):
            rows = [number < count + 2 * seed for number in range(100)]
            write_evaluation(folder / f"{method}.{seed}.test.json", rows)
    evaluations = sorted(folder.glob("*.json"))
    done = command("collect", *evaluations, "--dataset", dataset, "--output", folder / "results.json")
    assert done.returncode == 0, done.stderr
    return folder / "results.json"
