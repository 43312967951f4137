"""The command `fairseq-cft-evaluate`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fairseq_cft.evaluation.compare import COMPARISONS
from fairseq_cft.evaluation.decoding import DECODERS
from fairseq_cft.evaluation.errors import InfraError, UsageError
from fairseq_cft.evaluation.evaluator import evaluate
from fairseq_cft.evaluation.hypotheses import in_order, read_log
from fairseq_cft.evaluation.progress import ProgressBar
from fairseq_cft.evaluation.sandbox import TIERS
from fairseq_cft.evaluation.settings import Settings
from fairseq_cft.evaluation.testcases import SUFFIXES, TestCase, TestCaseFolder, read_ids, read_lines, synthetic_cases


@dataclass(frozen=True)
class Examples:
    """The examples of a data set: an id and the test cases of each."""

    ids: list[str]
    cases: list[tuple[TestCase, ...]]


def parser() -> argparse.ArgumentParser:
    """The options; all times in seconds, memory in MiB."""
    root = argparse.ArgumentParser(
        prog="fairseq-cft-evaluate",
        description="Compiles programs and runs them against test cases, in a sandbox. Rates are over all examples.",
    )
    what = root.add_argument_group("what is evaluated").add_mutually_exclusive_group(required=True)
    what.add_argument("--hypotheses", type=Path, metavar="LOG", help="log of fairseq-generate or fairseq-interactive")
    what.add_argument("--programs", type=Path, metavar="FILE", help="one program line each")
    against = root.add_argument_group("against what")
    against.add_argument("--ids", type=Path, metavar="F.id", help="ids PROBLEM-SUBMISSION-WORKER, one a line")
    against.add_argument("--testcases", type=Path, metavar="DIR", help="folder with PROBLEM/PROBLEM_testcases.txt")
    against.add_argument("--cases", choices=list(SUFFIXES), default="all", help="which of them (default: %(default)s)")
    against.add_argument("--inputs", type=Path, metavar="F.inp", help="inputs, tab-separated, one line a program")
    against.add_argument("--expected", type=Path, metavar="F.out", help="expected output, one line a program")
    how = root.add_argument_group("how")
    how.add_argument("--decode", choices=list(DECODERS), default="ours", help="line format (default: %(default)s)")
    how.add_argument("--compare", choices=list(COMPARISONS), default="exact", help="of outputs (default: %(default)s)")
    how.add_argument("--std", default="gnu++11", metavar="NAME", help="language standard of C++ (default: %(default)s)")
    how.add_argument("--optimize", default="0", metavar="LEVEL", help="-O of the compiler (default: %(default)s)")
    how.add_argument("--time-limit", type=float, default=2.0, metavar="S", help="CPU s a case (default: %(default)s)")
    how.add_argument("--wall-limit", type=float, metavar="S", help="seconds a case (default: 3 times --time-limit)")
    how.add_argument("--memory-limit", type=int, default=1024, metavar="MB", help="MiB (default: %(default)s)")
    how.add_argument("--sandbox", choices=["auto", *TIERS], default="auto", help="isolation (default: %(default)s)")
    how.add_argument("--allow-unsafe", action="store_true", help="run under limits alone where no sandbox works")
    how.add_argument("--jobs", type=int, metavar="N", help="programs judged at the same time (default: all cores)")
    out = root.add_argument_group("results")
    out.add_argument("--json", type=Path, metavar="OUT.json", help="verdicts and counts")
    out.add_argument("--cache", type=Path, metavar="DIR", help="keep verdicts here: no program is run a second time")
    out.add_argument("--allow-missing", action="store_true", help="exit status 0 although hypotheses are missing")
    out.add_argument("--quiet", action="store_true", help="no progress bar")
    return root


def read_examples(options: argparse.Namespace) -> Examples:
    """The examples that the options name; raises UsageError for a combination that names none, or two."""
    spoc = options.ids is not None and options.testcases is not None
    synthetic = options.inputs is not None and options.expected is not None
    given = sum(value is not None for value in (options.ids, options.testcases, options.inputs, options.expected))
    if given != 2 or not (spoc or synthetic):
        raise UsageError("give either --ids and --testcases, or --inputs and --expected")
    if spoc:
        ids = read_ids(options.ids)
        folder = TestCaseFolder(options.testcases, options.cases)
        examples = Examples([str(each) for each in ids], [folder.of(each.problem) for each in ids])
    else:
        files = f"{options.inputs} and {options.expected}"
        cases = synthetic_cases(read_lines(options.inputs), read_lines(options.expected), files)
        examples = Examples([str(index) for index in range(len(cases))], cases)
    if not examples.ids:
        raise UsageError(f"{options.ids or options.inputs} is empty: there is nothing to evaluate")
    return examples


def read_programs(options: argparse.Namespace, total: int) -> list[str | None]:
    """The best hypothesis of each example, None where there is none."""
    if options.hypotheses is not None:
        ordered = in_order(read_log(options.hypotheses), total, str(options.hypotheses))
        return [texts[0] if texts else None for texts in ordered]
    lines = read_lines(options.programs)
    if len(lines) != total:
        raise UsageError(f"{options.programs} has {len(lines)} programs for {total} examples; they must go together")
    return list(lines)


def settings_from(options: argparse.Namespace) -> Settings:
    """The options as settings; raises UsageError for a value out of range."""
    return Settings(
        standard=options.std,
        optimize=options.optimize,
        decode=options.decode,
        compare=options.compare,
        time_limit=options.time_limit,
        wall_limit=options.wall_limit,
        memory_limit=options.memory_limit,
        sandbox=options.sandbox,
        allow_unsafe=options.allow_unsafe,
        jobs=options.jobs,
        cache=options.cache,
    )


def run(options: argparse.Namespace) -> int:
    """Evaluates and prints; returns the exit status."""
    examples = read_examples(options)
    programs = read_programs(options, len(examples.ids))
    with ProgressBar(sys.stderr, quiet=options.quiet) as bar:
        report = evaluate(programs, examples.cases, settings_from(options), ids=examples.ids, progress=bar.update)
    print(report.as_text())
    if options.json is not None:
        report.write(options.json)
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
