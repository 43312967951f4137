"""Benchmarks speed: training steps, decoding, corruption, evaluation, memory, as ratios."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from ..experiments.speed_benchmark import stages
from ..experiments.starting import add_running_options, benchmark, whole_number


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="fairseq-cft benchmark-speed", description=__doc__, epilog="Nothing else should run on the machine."
    )
    made.add_argument("out", type=Path, metavar="OUT", help="gets speed.json, speed.md and speed.png")
    made.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="(default: %(default)s)")
    made.add_argument("--repeats", type=whole_number, default=5, metavar="N", help="of each case (default: 5)")
    made.add_argument("--updates", type=whole_number, default=500, metavar="N", help="of the models (default: 500)")
    made.add_argument("--max-tokens", type=whole_number, default=4000, metavar="N", help="a batch (default: 4000)")
    made.add_argument("--quick", action="store_true", help="sees that it runs: 20 updates, 1 repeat, small batches")
    add_running_options(made)
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    out = options.out.absolute()
    sizes = {name: getattr(options, name) for name in ("repeats", "updates", "max_tokens")}
    if options.quick:
        sizes = {"repeats": 1, "updates": 20, "max_tokens": 1000}
    plan = [*stages(out, device=options.device, quick=options.quick, allow_unsafe=options.allow_unsafe, **sizes)]
    about = f"benchmark-speed: 2+2 layers of 128 on {options.device}, {sizes['repeats']} repeats, into {out}"
    return benchmark(plan, out, options, about, jobs=1, logs=("report",))
