#!/usr/bin/env bash
# Needs:   `make install` done; DIR with your data, one example a line: {train,valid,test}.{src,tgt}, unlabeled.tgt
#          (outputs alone) and, if there is one, a second test set ood.{src,tgt}
# Runs:    scripts/compare.sh --data DIR --noise NAME --checker NAME [--user-file FILE.py] OUT [--dry-run]
#              [-- options of every fairseq-train]            (sizes, systems, seeds: -h)
#          --language NAME instead of --checker: outputs are programs, SPLIT.inp and SPLIT.out their inputs and outputs
# Expects: OUT/results.json, report.md, report.png: every system on every test set, with the denoiser behind it at test
#          time, and the base predictors of composed ones. docs/own_data.md is the tutorial.
#          Done stages are skipped, a killed training goes on from its last checkpoint.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
PYTHONPATH=$root${PYTHONPATH:+:$PYTHONPATH} exec python -m fairseq_cft compare "$@"
