"""Measures whether a denoiser is fit to be composed: clean programs kept, corrupted ones restored."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from ..errors import UserError
from ..files import write_together


def parser() -> argparse.ArgumentParser:
    root = argparse.ArgumentParser(
        prog="fairseq-cft check-denoiser",
        description="Is a denoiser fit to be composed? Measures clean kept and corrupted restored, on held-out "
        "programs.",
        epilog="A denoiser that changes clean programs can only hurt the outputs it is composed with: below a bound "
        "the exit status is 1.",
    )
    root.add_argument("--denoiser", type=Path, required=True, metavar="FILE.pt", help="checkpoint of code_denoising")
    root.add_argument("--data", metavar="DIR", help="binarised programs, if they moved since training")
    root.add_argument("--subword-model", metavar="FILE.model", help="that of the data, if it moved since training")
    root.add_argument("--user-file", metavar="FILE.py", help="where its noise is registered, if the file moved")
    root.add_argument("--split", default="valid", help="held-out programs (default: %(default)s)")
    root.add_argument(
        "--min-clean-kept", type=float, default=0.98, metavar="SHARE", help="least share (default: %(default)s)"
    )
    root.add_argument("--max-tokens", type=int, default=4000, help="tokens a batch (default: %(default)s)")
    root.add_argument("--json", type=Path, metavar="FILE", help="write the rates here")
    return root


def main(arguments: Sequence[str] | None = None) -> None:
    options = parser().parse_args(arguments)
    from ..inference.skill import measure

    moved = {name: getattr(options, name) for name in ("data", "subword_model", "user_file")}
    overrides = {name: value for name, value in moved.items() if value}
    rates = measure(options.denoiser, overrides, options.split, options.max_tokens)
    print(f"clean kept {rates['clean_kept']:.2%}, corrupted restored {rates['restored']:.2%}")
    if options.json:
        with write_together(options.json) as (file,):
            file.write(json.dumps(rates) + "\n")
    if rates["clean_kept"] < options.min_clean_kept:
        raise UserError(
            f"the denoiser keeps only {rates['clean_kept']:.2%} of clean programs, less than "
            f"{options.min_clean_kept:.0%}: composed with it, a predictor gets worse; train it longer or with a larger "
            "--clean-share, or lower --min-clean-kept to go on all the same"
        )
