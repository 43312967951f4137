#!/usr/bin/env bash
# Needs:   `make install` done; PREPARED as scripts/prepare_spoc.sh leaves it: data-bin/lines, data-bin/programs, bpe.model
# Runs:    scripts/train_denoiser.sh --scale tiny|cpu|paper PREPARED OUT [--report PROGRAMS.tgt]
#              [-- options of fairseq-train, such as --fp16]                      (all options: -h)
# Expects: OUT/denoiser.pt, trained in phases, and at cpu OUT/start.pt, what predictors start from;
#          OUT/denoising_report.{json,md,png} on PROGRAMS (default: PREPARED/text/testp.tgt, or valid.tgt).
#          tiny: minutes, to see it run. cpu: 90 minutes on one busy core. paper, not run yet: the published
#          phases and sizes, for a GPU. A killed training goes on from its last checkpoint.
#          It fails if the denoiser keeps less than --min-clean-kept of clean validation programs.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
PYTHONPATH=$root${PYTHONPATH:+:$PYTHONPATH} exec python -m fairseq_cft train-denoiser "$@"
