"""Measures how well fine-tuned models still denoise."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from ..files import write_together


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="fairseq-cft measure-destroyed",
        description="What fine-tuning destroys: how well fine-tuned models still denoise, beside the denoiser that "
        "they started from.",
        epilog="All are judged on the same held-out programs with the same corruptions. Writes counts, and outcomes "
        "program by program.",
    )
    made.add_argument("--denoiser", type=Path, required=True, metavar="FILE.pt", help="checkpoint of code_denoising")
    made.add_argument(
        "--models", nargs="+", required=True, metavar="METHOD.SEED=FILE.pt", help="models fine-tuned from it"
    )
    made.add_argument("--output", type=Path, required=True, metavar="FILE.json", help="where to write it")
    made.add_argument("--data", metavar="DIR", help="binarised programs, if they moved since training")
    made.add_argument("--subword-model", metavar="FILE.model", help="that of the data, if it moved since training")
    made.add_argument("--split", default="valid", help="held-out programs (default: %(default)s)")
    made.add_argument("--max-tokens", type=int, default=4000, help="a batch (default: %(default)s)")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    from ..inference.skill import load_denoiser, load_model, outcomes, skill_record

    model, task = load_denoiser(
        options.denoiser, {name: given for name in ("data", "subword_model") if (given := getattr(options, name))}
    )
    task.load_dataset(options.split)
    before = outcomes(model, task, options.split, options.max_tokens)
    records = [skill_record("denoiser.0", before)]
    for each in options.models:
        name, _, path = each.partition("=")
        found = outcomes(load_model(path, task), task, options.split, options.max_tokens)
        records.append(skill_record(name, found))
    programs, broken = len(before["kept"]), int(before["broken"].sum())
    content = {"split": options.split, "programs": programs, "broken": broken, "models": records}
    with write_together(options.output) as (file,):
        file.write(json.dumps(content, indent=1) + "\n")
    for each in records:
        print(
            f"{each['method']}, seed {each['seed']}: {each['kept']} of {programs} clean programs kept, "
            f"{each['restored']} of {broken} corrupted ones restored"
        )
    return 0
