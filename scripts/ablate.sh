#!/usr/bin/env bash
# Needs:   `make install` done; for --scale paper a GPU
# Runs:    scripts/ablate.sh --scale tiny|cpu|paper --seeds N OUT [--only weight,samples,estimator,noise,labels]
#              [--jobs J] [--dry-run]                          (all options: -h)
#          OUT may be that of benchmark_synthetic.sh at the same scale: what it trained is not trained again
# Expects: OUT/ablation/results.json, report.md, report.png: composed fine-tuning and, on the same programs, the standard
#          fine-tuning that it starts from, as one thing changes at a time. 13 trainings a seed beside the benchmark's,
#          and a denoiser. Resumable like the benchmarks.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
PYTHONPATH=$root${PYTHONPATH:+:$PYTHONPATH} exec python -m fairseq_cft ablate "$@"
