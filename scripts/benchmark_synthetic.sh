#!/usr/bin/env bash
# Needs:   `make install` done; for --scale paper a GPU
# Runs:    scripts/benchmark_synthetic.sh --scale tiny|cpu|paper --seeds N OUT [--systems a,b,c] [--jobs J] [--dry-run]
#          what a system starts from must be among them; -h names all systems and options
# Expects: OUT/results.json, report.md, report.png: every system, with the denoiser behind it at test time, always and
#          where a gate asks for it, and the base predictors of the composed ones, on programs in and out of
#          distribution. One data set, one denoiser and one gate for all; N seeds for the systems, J of them at once.
#          Done stages are skipped, a killed training goes on from its last checkpoint. --dry-run prints the commands.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
PYTHONPATH=$root${PYTHONPATH:+:$PYTHONPATH} exec python -m fairseq_cft benchmark-synthetic "$@"
