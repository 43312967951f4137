#!/usr/bin/env bash
# Needs:   fairseq_cft, fairseq and python on the PATH (`make install`, then PATH=.venv/bin:$PATH)
# Runs:    scripts/export_model.sh RUN OUT [--half] [--data DIR] [--subword-model FILE] [--scores JSON ...]
#          [--description TEXT] [--licence TEXT] [--pseudocode-format NAME] [--program-format NAME]
#          RUN is a training's --save-dir or one of its checkpoints. --half stores the weights in half precision. --data
#          (binarised) and --subword-model are found by the checkpoint unless they moved; --scores, evaluations in JSON,
#          where a benchmark keeps them. The model card quotes scores, description and licence. Formats are told by the
#          binarised lines, and must be named where only the dictionary is left.
# Expects: seconds; OUT with config.json, model.safetensors, dict.txt, subwords.model and the model card, README.md:
#          what fairseq_cft.load_model(OUT) and fairseq-cft-translate --model OUT read. An earlier
#          export in OUT is replaced.
set -euo pipefail

usage() { sed -n '2,11s/^# //p' "$0"; }
case ${1:-} in -h | --help) usage; exit 0 ;; esac

root=$(cd "$(dirname "$0")/.." && pwd)
PYTHONPATH=$root${PYTHONPATH:+:$PYTHONPATH} exec python -m fairseq_cft export "$@"
