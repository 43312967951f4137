"""The command `fairseq-cft-evaluate`."""

from __future__ import annotations

import argparse
import errno
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..errors import UsageError
from ..evaluation.errors import InfraError
from ..evaluation.evaluator import evaluate
from ..evaluation.inputs import Examples, read_candidates, read_examples, read_programs
from ..evaluation.progress import ProgressBar
from ..evaluation.report import Report
from ..evaluation.settings import Settings
from ..evaluation.verdict import Verdict
from .evaluation_options import parser, settings_from

MOST_NAMED = 10


def run(options: argparse.Namespace) -> int:
    """Evaluates and prints; returns the exit status."""
    examples = read_examples(options)
    settings = settings_from(options)
    candidates = read_candidates(options, examples.ids)
    groups = examples.groups(options.by) if options.by else None
    gold_lines = read_programs(options.gold, len(examples.ids)) if options.gold else None
    if options.resume and options.json_lines is None:
        raise UsageError("--resume goes on with a file of results: name it with --json-lines")
    if options.json is not None:
        _require_writable(options.json)
    with ProgressBar(sys.stderr, quiet=options.quiet) as bar:
        best = [texts[0] if texts else None for texts in candidates]
        report = evaluate(best, examples.cases, settings, ids=examples.ids, progress=bar.update)
    aside = replace(settings, results=None, resume=False)
    more: dict[str, Any] = {}
    if options.nbest > 1:
        more["nbest"] = _nbest(candidates, examples, aside, report, options)
    if gold_lines is not None:
        more["gold"] = _gold(gold_lines, examples, aside, options)
    if groups is not None:
        more["by"] = report.by(groups)
    report = replace(report, more=more)
    print(report.as_text())
    if options.json is not None:
        report.write(options.json)
    return _status(report, examples, options)


def _require_writable(path: Path) -> None:
    """Before hours of work, not after them."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir() or not os.access(path.parent, os.W_OK):
            raise PermissionError(errno.EACCES, "no file can be written there")
    except OSError as error:
        raise UsageError(f"cannot write --json {path}: {error.strerror}") from error


def _nbest(
    candidates: list[list[str]], examples: Examples, settings: Settings, best: Report, options: argparse.Namespace
) -> dict[str, Any]:
    """Whether one of the candidates is correct; the first ones are judged already."""
    flat = [(index, text) for index, texts in enumerate(candidates) for text in texts[1:]]
    with ProgressBar(sys.stderr, quiet=options.quiet) as bar:
        others = evaluate([t for _, t in flat], [examples.cases[i] for i, _ in flat], settings, progress=bar.update)
    verdicts = [[str(judgement.verdict)] if candidates[i] else [] for i, judgement in enumerate(best.judgements)]
    for (index, _), judgement in zip(flat, others.judgements, strict=True):
        verdicts[index].append(str(judgement.verdict))
    correct = sum(Verdict.CORRECT.value in found for found in verdicts)
    return {"n": options.nbest, "correct_in_n": correct, "verdicts": verdicts}


def _gold(lines: list[str], examples: Examples, settings: Settings, options: argparse.Namespace) -> dict[str, Any]:
    """The ceiling: what the references themselves score; they are read in the same line format."""
    own = settings.decode != "plain" or settings.checker is not None
    lines_only = settings if own else replace(settings, decode="lossless")
    with ProgressBar(sys.stderr, quiet=options.quiet) as bar:
        report = evaluate(lines, examples.cases, lines_only, ids=examples.ids, progress=bar.update)
    wrong = [
        name
        for name, judgement in zip(report.ids, report.judgements, strict=True)
        if judgement.verdict is not Verdict.CORRECT
    ]
    rates = {"correct_rate": report.correct_rate, "compile_rate": report.compile_rate}
    return {**rates, "counts": report.counts, "not_correct": wrong}


def _status(report: Report, examples: Examples, options: argparse.Namespace) -> int:
    """Says what a reader of the score must know, and returns the exit status."""
    bare = examples.without_cases()
    if bare:
        named = ", ".join(bare[:MOST_NAMED]) + (", ..." if len(bare) > MOST_NAMED else "")
        print(f"without usable test cases, never correct: {named}", file=sys.stderr)
    if report.missing and not options.allow_missing:
        print(f"{report.missing} hypotheses are missing and count as wrong; see --allow-missing", file=sys.stderr)
        return 1
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status: 0 done, 1 the evaluation failed or is incomplete, 2 the user asked for something impossible."""
    options = parser().parse_args(arguments)
    try:
        return run(options)
    except UsageError as error:
        print(f"fairseq-cft-evaluate: {error}", file=sys.stderr)
        return 2
    except (InfraError, OSError) as error:
        print(f"fairseq-cft-evaluate: the evaluation failed, there is no score: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("fairseq-cft-evaluate: stopped", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
