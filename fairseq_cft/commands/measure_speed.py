"""Times training steps, decoding, data and evaluation side by side; benchmark-speed prepares what it needs."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from ..files import write_together

GROUPS = ("training_steps", "decoding", "corruption", "growth", "copying", "preprocessing", "memory")


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="fairseq-cft measure-speed", description=__doc__)
    made.add_argument("--folder", type=Path, required=True, metavar="OUT", help="what benchmark-speed prepared")
    made.add_argument("--output", type=Path, metavar="FILE.json", help="where to write what was measured")
    made.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="where models are")
    made.add_argument("--repeats", type=int, default=5, metavar="N", help="of each case, besides one to warm up")
    made.add_argument("--batches", type=int, default=6, metavar="N", help="training batches of a repeat")
    made.add_argument("--max-tokens", type=int, default=4000, metavar="N", help="tokens a batch")
    made.add_argument("--only", nargs="+", choices=GROUPS, default=GROUPS, help="what to measure")
    made.add_argument("--peak-of", help=argparse.SUPPRESS)
    made.add_argument("shape", nargs="*", metavar="-- OPTIONS", help="size of the models, as options of fairseq-train")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    from ..experiments.speed import Benchmark

    benchmark = Benchmark(options)
    if options.peak_of:
        print(benchmark.peak_of(options.peak_of), flush=True)
        return 0
    for group in options.only:
        getattr(benchmark, group)()
        if options.output:
            with write_together(options.output) as (file,):
                file.write(json.dumps(benchmark.result(), indent=1) + "\n")
    print(json.dumps(benchmark.result()["ratios"]))
    return 0
