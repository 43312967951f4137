"""Trains a denoiser on SPoC's programs in phases, and reports what it repairs; data by prepare-spoc."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from ..errors import UserError
from ..experiments import denoising
from ..experiments.denoising import SCALES, DenoiserRun
from ..experiments.starting import add_dry_run, execute, require_tools, split_arguments, whole_number

NEEDED = ("data-bin/lines/dict.txt", "data-bin/programs/dict.txt", "bpe.model")


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="fairseq-cft train-denoiser",
        description=__doc__,
        epilog="What follows -- are options of fairseq-train, such as --fp16; they win over the scale's.",
    )
    made.add_argument("prepared", type=Path, metavar="PREPARED", help="what prepare-spoc made")
    made.add_argument("out", type=Path, metavar="OUT", help="gets denoiser.pt, denoiser.json and denoising_report.*")
    made.add_argument("--scale", choices=sorted(SCALES), required=True, help="tiny: minutes; paper: for a GPU")
    made.add_argument("--noise", default="cpp", metavar="NAME", help="what it learns to undo (default: %(default)s)")
    made.add_argument("--seed", type=whole_number, default=1, metavar="N", help="(default: %(default)s)")
    made.add_argument(
        "--min-clean-kept", type=float, default=0.98, metavar="SHARE", help="else it fails (default: %(default)s)"
    )
    made.add_argument(
        "--report", type=Path, metavar="F.tgt", help="program lines it never saw (default: testp.tgt, or valid.tgt)"
    )
    made.add_argument(
        "--report-limit", type=whole_number, default=500, metavar="N", help="of these at most (default: %(default)s)"
    )
    add_dry_run(made)
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    given, more = split_arguments(arguments)
    options = parser().parse_args(given)
    prepared = options.prepared.resolve()
    for name in NEEDED:
        if not (prepared / name).is_file():
            raise UserError(f"{prepared / name} does not exist; make it with fairseq-cft prepare-spoc DATA {prepared}")
    report = options.report or next(
        (file for file in (prepared / "text/testp.tgt", prepared / "text/valid.tgt") if file.exists()), None
    )
    if report is None or not report.is_file():
        raise UserError(f"{report} does not exist; give --report a file of program lines that it is not trained on")
    x = DenoiserRun(
        scale=options.scale,
        prepared=prepared,
        out=options.out.absolute(),
        report=report.resolve(),
        report_limit=options.report_limit,
        noise=options.noise,
        seed=options.seed,
        min_clean_kept=options.min_clean_kept,
        more=more,
    )
    stages = [*denoising.stages(x), denoising.check(x)]
    if not options.dry_run:
        require_tools("fairseq-train", "g++")
    return execute(stages, x.out, jobs=1, dry_run=options.dry_run, logs=("repairs", "check"))
