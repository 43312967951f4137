"""Compiles programs and runs them against test cases, in a sandbox: verdicts, rates, intervals."""

import argparse
import errno
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tqdm import tqdm

from ..errors import InfraError, UsageError, UserError
from ..evaluation.evaluator import evaluate
from ..evaluation.examples import Examples, read_examples
from ..evaluation.languages.registry import SUFFIXES
from ..evaluation.outputs import in_order, read_folder, read_log, read_programs
from ..evaluation.report import Report
from ..evaluation.settings import Settings
from ..evaluation.testcases import TestCase
from ..evaluation.verdict import Verdict
from ..files import say
from ._evaluation_options import gold_settings, parser, settings_from

MOST_NAMED = 10
MOST_SHOWN = 200  # characters
OUTPUT_SUFFIX = ".txt"  # of files that a checker reads


def run(options: argparse.Namespace) -> int:
    """Evaluates and prints; returns the exit status."""
    if options.resume and options.json_lines is None:
        raise UsageError("--resume goes on with a file of results: name it with --json-lines")
    if not 0 <= options.min_correct <= 1:
        raise UsageError(f"--min-correct is {options.min_correct}; it is a share, from 0 to 1")
    examples = read_examples(
        ids=options.ids,
        testcases=options.testcases,
        which=options.cases,
        inputs=options.inputs,
        expected=options.expected,
        for_checker=options.checker is not None,
    )
    settings = settings_from(options)
    outputs = read_outputs(options, examples.ids)
    groups = examples.groups(options.by) if options.by else None
    gold = read_programs(options.gold, len(examples.ids)) if options.gold else None
    if options.json is not None:
        _require_writable(options.json)
    best = [texts[0] if texts else None for texts in outputs]
    lines = {"results": options.json_lines, "resume": options.resume}
    report = judged(best, examples.cases, settings, options, ids=examples.ids, **lines)
    more: dict[str, Any] = {}
    if options.nbest > 1:
        more["nbest"] = _nbest(outputs, examples, settings, report, options)
    if gold is not None:
        more["gold"] = _gold(gold, examples, gold_settings(options, settings), options)
    if groups is not None:
        more["by"] = report.by(groups)
    return _publish(replace(report, more=more), examples, options)


def judged(
    programs: Sequence[str | None],
    cases: Sequence[Sequence[TestCase]],
    settings: Settings,
    options: argparse.Namespace,
    **more: Any,
) -> Report:
    """`evaluate` with the options that decide no verdict, and a bar on the terminal."""
    origin = options.cases if options.ids is not None else "given"
    silent = options.quiet or sys.stderr is None or None  # None: silent where it is no terminal
    with tqdm(unit=" programs", disable=silent, leave=False) as bar:

        def show(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        return evaluate(
            programs, cases, settings, origin=origin, jobs=options.jobs, cache=options.cache, progress=show, **more
        )


def read_outputs(options: argparse.Namespace, ids: Sequence[str]) -> list[list[str]]:
    """The outputs for each example, best first; none where there is no output."""
    if options.nbest < 1:
        raise UsageError(f"--nbest is {options.nbest}; it must be 1 or more")
    if options.outputs is not None:
        return in_order(read_log(options.outputs, options.nbest), len(ids), str(options.outputs))
    if options.programs.is_dir():
        suffix = OUTPUT_SUFFIX if options.checker else SUFFIXES.get(options.language, f".{options.language}")
        return read_folder(options.programs, ids, suffix)
    return [[line] for line in read_programs(options.programs, len(ids))]


def _require_writable(path: Path) -> None:
    """Before hours of work, not after them."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir() or not os.access(path.parent, os.W_OK):
            raise PermissionError(errno.EACCES, "no file can be written there")
    except OSError as error:
        raise UsageError(f"cannot write --json {path}: {error.strerror}") from error


def _nbest(
    outputs: list[list[str]], examples: Examples, settings: Settings, best: Report, options: argparse.Namespace
) -> dict[str, Any]:
    """Whether one of the outputs is correct; the first ones are judged already."""
    most = max(map(len, outputs), default=0)
    if most < options.nbest:
        say(f"--nbest {options.nbest}: there are at most {most} outputs a sentence, and so many count", sys.stderr)
    flat = [(index, text) for index, texts in enumerate(outputs) for text in texts[1:]]
    others = judged([text for _, text in flat], [examples.cases[index] for index, _ in flat], settings, options)
    verdicts = [[str(judgement.verdict)] if outputs[i] else [] for i, judgement in enumerate(best.judgements)]
    for (index, _), judgement in zip(flat, others.judgements, strict=True):
        verdicts[index].append(str(judgement.verdict))
    correct = sum(Verdict.CORRECT.value in found for found in verdicts)
    return {"n": min(most, options.nbest), "correct_in_n": correct, "verdicts": verdicts}


def _gold(lines: list[str], examples: Examples, settings: Settings, options: argparse.Namespace) -> dict[str, Any]:
    """The ceiling: what the references themselves score."""
    report = judged(lines, examples.cases, settings, options, ids=examples.ids)
    wrong = [
        name
        for name, judgement in zip(report.ids, report.judgements, strict=True)
        if judgement.verdict is not Verdict.CORRECT
    ]
    rates = {"correct_rate": report.correct_rate, "compile_rate": report.compile_rate}
    return {**rates, "counts": report.counts, "not_correct": wrong}


def _publish(report: Report, examples: Examples, options: argparse.Namespace) -> int:
    """Writes and prints what was found, the file first: nobody need be listening. Returns the exit status."""
    status = 0
    if options.json is not None:
        try:
            report.write(options.json)
        except UserError as error:
            say(f"{error}; the verdicts of this run are lost", sys.stderr)
            status = 1
    if not say(report.as_text(), sys.stdout):
        kept = f"{options.json} holds the results" if options.json is not None and not status else "the score is lost"
        say(f"standard output cannot be written; {kept}", sys.stderr)
        status = 1
    bare = examples.without_cases()
    if bare:
        named = ", ".join(bare[:MOST_NAMED]) + (", ..." if len(bare) > MOST_NAMED else "")
        say(f"without usable test cases, never correct: {named}", sys.stderr)
    if report.missing and not options.allow_missing:
        say(f"{report.missing} outputs are missing and count as wrong; see --allow-missing", sys.stderr)
        status = 1
    if report.correct_rate < options.min_correct:
        say(_too_few(report, options.min_correct), sys.stderr)
        status = 1
    return status


def _too_few(report: Report, least: float) -> str:
    """What a user must know of references that fail: the rate, and the first of them."""
    index = next(i for i, judgement in enumerate(report.judgements) if judgement.verdict is not Verdict.CORRECT)
    first = report.as_json()["verdicts"][index]
    expected = f", expected {first['expected'][:MOST_SHOWN]!r}" if "expected" in first else ""
    return (
        f"{report.correct_rate:.2%} are correct, fewer than --min-correct {least:.2%}; the first that is not is "
        f"{first['id']}: {first['verdict']} ({first['detail'][:MOST_SHOWN]!r}{expected}); do --language, "
        "--decode, --compare and the limits fit these programs?"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 0 when done, 1 where the score is incomplete; raises UserError without a score, UsageError for a wish
    that cannot be met."""
    options = parser().parse_args(arguments)
    try:
        return run(options)
    except UsageError:
        raise
    except UserError as error:  # files of the user's that cannot be read
        raise UsageError(str(error)) from error
    except (InfraError, OSError) as error:
        raise UserError(f"the evaluation failed, there is no score: {error}") from error
