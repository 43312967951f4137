"""Shows what a denoiser does to programs that it never saw."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..errors import UserError
from ..files import read_lines, write_together
from ..noise import Noise, make_noise, noise_options
from ..report.repairs import draw, markdown, summarise
from ..user_files import HELP as USER_FILE_HELP
from ..user_files import read_user_files

if TYPE_CHECKING:
    from ..tasks.code_denoising import CodeDenoisingTask


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="fairseq-cft report-denoising",
        description="What a denoiser does to programs: shares that compile before and after, and that come back "
        "exactly, by kind of error.",
        epilog="Each program is judged twice, corrupted and as it is. Writes denoising_report.json, .md and .png.",
    )
    made.add_argument("--denoiser", type=Path, required=True, metavar="FILE.pt", help="checkpoint of code_denoising")
    made.add_argument("--programs", type=Path, required=True, metavar="F.tgt", help="program lines it never saw")
    made.add_argument("--output-dir", type=Path, required=True, metavar="DIR", help="gets the report")
    made.add_argument("--limit", type=int, default=500, help="programs, drawn at random (default: %(default)s)")
    made.add_argument("--noise", help="kind of corruption (default: the one it was trained on)")
    made.add_argument("--user-file", metavar="FILE.py", help=f"{USER_FILE_HELP} (default: that of its training)")
    made.add_argument("--errors", type=int, default=1, metavar="N", help="most errors a program (default: 1)")
    made.add_argument("--data", metavar="DIR", help="the denoiser's binarised programs, if they moved since training")
    made.add_argument("--subword-model", metavar="FILE.model", help="that of the data, if it moved since training")
    made.add_argument("--seed", type=int, default=1, help="of the programs drawn, and of their corruptions")
    made.add_argument("--jobs", type=int, help="compilers at once (default: one a core)")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    from ..inference.repairing import judge, make_examples
    from ..inference.skill import load_denoiser

    programs = read_lines(options.programs)
    chosen = np.random.default_rng(options.seed).permutation(len(programs))[: options.limit]
    programs = [programs[i] for i in sorted(chosen)]
    overrides = {name: given for name in ("data", "subword_model") if (given := getattr(options, name))}
    model, task = load_denoiser(options.denoiser, overrides)
    name, noise = noise_of(options, task)
    examples = make_examples(model, task, programs, noise, name, options.seed)
    if not examples:
        raise UserError(f"the noise {name} changes nothing in {options.programs}; give programs that it can break")
    rows, signature = judge(examples, options.jobs)
    report = {
        "source": options.programs.name,
        "noise": name,
        "seed": options.seed,
        "too_long": sum(each.repaired is None or each.kept is None for each in examples),
        "signature": signature,
        **summarise(rows),
    }
    text = markdown(report)
    files = [options.output_dir / f"denoising_report.{ending}" for ending in ("json", "md")]
    with write_together(*files) as (as_json, as_text):
        as_json.write(json.dumps({**report, "rows": rows}) + "\n")
        as_text.write(text)
    draw(report, options.output_dir / "denoising_report.png")
    print(text)
    return 0


def noise_of(options: argparse.Namespace, task: CodeDenoisingTask) -> tuple[str, Noise]:
    """The noise that --noise names, or the denoiser's own, that leaves no program clean; its name before it."""
    name = str(options.noise or task.cfg.noise)
    read_user_files(options.user_file or task.cfg.user_file)
    try:
        errors = {"errors": (1, options.errors)} if "errors" in noise_options(name) else {}
        return name, make_noise(name, clean_share=0.0, **errors)
    except ValueError as error:
        raise UserError(f"--noise {name}: {error}") from error
