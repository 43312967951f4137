#!/usr/bin/env bash
# Needs:   `make install` done (or fairseq_cft, fairseq and g++ on the PATH); 2 CPU cores, no GPU
# Runs:    scripts/quickstart.sh [OUT] [--seeds N]        (OUT defaults to out/quickstart; done stages are skipped; more: -h)
# Expects: 10 to 25 minutes on 2 cores; OUT/report.md, OUT/report.png, OUT/results.json. The denoiser keeps over 98 %
#          of clean programs; standard fine-tuning beats direct training by far, composed fine-tuning beats both.
#          Without a sandbox it stops before it trains, and asks for --allow-unsafe.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
PYTHONPATH=$root${PYTHONPATH:+:$PYTHONPATH} exec python -m fairseq_cft quickstart "$@"
