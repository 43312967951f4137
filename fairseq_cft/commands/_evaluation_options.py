"""The options of `fairseq-cft evaluate`."""

import argparse
from dataclasses import replace
from pathlib import Path

from ..errors import UsageError
from ..evaluation.compare import COMPARISONS
from ..evaluation.languages.registry import language_names
from ..evaluation.sandbox.tiers import TIERS
from ..evaluation.settings import Settings
from ..evaluation.testcases import SUFFIXES
from ..formats.table import PROGRAMS, current_name
from ..user_files import HELP as USER_FILE_HELP

GROUPS = ("problem", "worker")


def parser() -> argparse.ArgumentParser:
    """All options; times in seconds, memory in MiB."""
    root = argparse.ArgumentParser(
        prog="fairseq-cft evaluate",
        description="Compiles programs and runs them against test cases, in a sandbox. Rates are over all examples.",
    )
    _add_inputs(root)
    _add_settings(root.add_argument_group("how"))
    _add_outputs(root.add_argument_group("results"))
    return root


def _add_inputs(root: argparse.ArgumentParser) -> None:
    what = root.add_argument_group("what is evaluated").add_mutually_exclusive_group(required=True)
    log = "log of fairseq-generate or fairseq-interactive"
    what.add_argument("--outputs", type=Path, metavar="LOG", help=log)
    what.add_argument("--hypotheses", dest="outputs", type=Path, metavar="LOG", help="the same, under its old name")
    what.add_argument("--programs", type=Path, metavar="FILE", help="one program line each, or a folder of ID.cpp")
    against = root.add_argument_group("against what")
    against.add_argument("--ids", type=Path, metavar="F.id", help="ids PROBLEM-SUBMISSION-WORKER, one a line")
    against.add_argument("--testcases", type=Path, metavar="DIR", help="folder with PROBLEM/PROBLEM_testcases.txt")
    against.add_argument("--cases", choices=list(SUFFIXES), default="all", help="which of them (default: %(default)s)")
    against.add_argument("--inputs", type=Path, metavar="F.inp", help="inputs, tab-separated, one line a program")
    against.add_argument("--expected", type=Path, metavar="F.out", help="expected output, one line a program")
    against.add_argument("--gold", type=Path, metavar="FILE", help="references, evaluated under the same settings")
    against.add_argument("--nbest", type=int, default=1, metavar="N", help="also: is one of the N best correct?")


def _add_settings(how: argparse._ArgumentGroup) -> None:
    kind = how.add_mutually_exclusive_group()
    names = ", ".join(language_names())
    kind.add_argument("--language", default="cpp", metavar="NAME", help=f"{names}, or yours (default: %(default)s)")
    kind.add_argument("--checker", metavar="NAME", help="outputs are no programs: ask this checker of yours")
    how.add_argument("--user-file", metavar="FILE.py", help=USER_FILE_HELP)
    default = "lossless; folder, other language, checker: plain"
    how.add_argument("--decode", type=current_name, choices=list(PROGRAMS), help=f"line format (default: {default})")
    how.add_argument("--compare", choices=list(COMPARISONS), default="exact", help="of outputs (default: %(default)s)")
    how.add_argument("--all-cases", action="store_true", help="go on after a failed case and count the passed ones")
    how.add_argument("--std", default="gnu++11", metavar="NAME", help="language standard of C++ (default: %(default)s)")
    how.add_argument("--optimize", default="0", metavar="LEVEL", help="-O of the compiler (default: %(default)s)")
    how.add_argument("--time-limit", type=float, default=2.0, metavar="S", help="CPU s a case (default: %(default)s)")
    how.add_argument("--wall-limit", type=float, metavar="S", help="seconds a case (default: 3 times --time-limit)")
    how.add_argument("--memory-limit", type=int, default=1024, metavar="MB", help="MiB (default: %(default)s)")
    how.add_argument("--no-retry", action="store_true", help="do not try a time-out once more, alone")
    how.add_argument("--compat", choices=["published"], help="evaluate the published way; overrides the options above")
    how.add_argument("--sandbox", choices=["auto", *TIERS], default="auto", help="isolation (default: %(default)s)")
    how.add_argument("--allow-unsafe", action="store_true", help="where no sandbox works, run without isolation")
    how.add_argument("--jobs", type=int, metavar="N", help="programs judged at the same time (default: all cores)")


def _add_outputs(out: argparse._ArgumentGroup) -> None:
    out.add_argument("--json", type=Path, metavar="OUT.json", help="verdicts and counts")
    out.add_argument("--json-lines", type=Path, metavar="OUT.jsonl", help="one line an example, as soon as it is known")
    out.add_argument("--resume", action="store_true", help="go on with the --json-lines of a run that was stopped")
    out.add_argument("--by", choices=GROUPS, help="also rates by problem or by worker")
    out.add_argument("--cache", type=Path, metavar="DIR", help="keep verdicts here: no program is run a second time")
    out.add_argument("--allow-missing", action="store_true", help="exit status 0 although outputs are missing")
    least = "exit status 1 where fewer are correct, from 0 to 1 (default: %(default)s)"
    out.add_argument("--min-correct", type=float, default=0.0, metavar="SHARE", help=least)
    out.add_argument("--quiet", action="store_true", help="no progress bar")


def settings_from(options: argparse.Namespace) -> Settings:
    """The options as settings; raises UsageError for a value out of range."""
    shared = {
        "language": options.language,
        "checker": options.checker,
        "user_file": options.user_file,
        "sandbox": options.sandbox,
        "allow_unsafe": options.allow_unsafe,
    }
    folder = options.programs is not None and options.programs.is_dir()
    decode = options.decode or ("plain" if folder else None)
    if options.compat == "published":
        if options.checker is not None or options.language != "cpp":
            raise UsageError("--compat published compiles C++: it knows neither --checker nor another --language")
        published = replace(Settings.published(), **shared)
        return published if decode is None else replace(published, decode=decode)
    return Settings(
        standard=options.std,
        optimize=options.optimize,
        decode=decode,
        compare=options.compare,
        all_cases=options.all_cases,
        time_limit=options.time_limit,
        wall_limit=options.wall_limit,
        memory_limit=options.memory_limit,
        retry=not options.no_retry,
        **shared,
    )


def gold_settings(options: argparse.Namespace, settings: Settings) -> Settings:
    """Those of --gold: a file of lines, also where the programs are a folder of sources."""
    file = Settings.published() if options.compat == "published" else Settings()
    return replace(settings, decode=options.decode or file.decode)
