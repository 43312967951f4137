#!/usr/bin/env bash
# Needs:   `make install` done; DIR as scripts/download_spoc.sh leaves it: train/split, test, testcases; for paper a GPU
# Runs:    scripts/benchmark_spoc.sh --data DIR --scale tiny|cpu|paper --seeds N OUT [--systems a,b,c] [--jobs J]
#              [--prepared PREPARED] [--denoiser FILE.pt] [--limit N] [--dry-run]         (all options: -h)
# Expects: OUT/results.json, report.md, report.png: every system, with the denoiser behind it at test time, always and
#          where a gate asks for it, and the base predictors of the composed ones, on TestW (new workers: in
#          distribution) and TestP (new problems: out of it). Programs of over 2,048 pieces count as missing.
#          Done stages are skipped, a killed training goes on from its last checkpoint. --dry-run prints the commands.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
PYTHONPATH=$root${PYTHONPATH:+:$PYTHONPATH} exec python -m fairseq_cft benchmark-spoc "$@"
