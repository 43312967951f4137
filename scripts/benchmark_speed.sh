#!/usr/bin/env bash
# Needs:   `make install` done; nothing else should run on the machine
# Runs:    scripts/benchmark_speed.sh OUT [--device cpu|cuda] [--repeats N] [--updates N] [--quick] [--max-tokens N]
#          (defaults: cpu, 5 repeats, weights trained for 500 updates, 4000 tokens a batch; --quick: sees that it runs)
# Expects: OUT/speed.json, speed.md, speed.png: training steps, decoding, corruption on the fly, preprocessing,
#          evaluation and memory, side by side in one process, as ratios first. Models of 2+2 layers of 128 on the
#          synthetic language, as it is published.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
PYTHONPATH=$root${PYTHONPATH:+:$PYTHONPATH} exec python -m fairseq_cft benchmark-speed "$@"
