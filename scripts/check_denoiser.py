"""Is a denoiser fit to be composed? Measures clean kept and corrupted restored on held-out programs.

A denoiser that changes clean programs can only hurt the outputs it is composed with: below a bound the program fails.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from fairseq_cft.errors import UserError
from fairseq_cft.files import write_together
from fairseq_cft.inference.denoising import measure


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--denoiser", type=Path, required=True, metavar="FILE.pt", help="checkpoint of code_denoising")
    parser.add_argument("--data", help="binarised programs, if they moved since training")
    parser.add_argument("--user-file", metavar="FILE.py", help="where its noise is registered, if the file moved")
    parser.add_argument("--split", default="valid", help="held-out programs (default: %(default)s)")
    parser.add_argument(
        "--min-clean-kept", type=float, default=0.98, metavar="SHARE", help="least share (default: %(default)s)"
    )
    parser.add_argument("--max-tokens", type=int, default=4000, help="tokens a batch (default: %(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rates here")
    options = parser.parse_args()
    moved = {"data": options.data, "user_file": options.user_file}
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
    return 0


if __name__ == "__main__":
    sys.exit(main())
