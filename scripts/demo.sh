#!/usr/bin/env bash
# Needs:   `make install` done
# Runs:    scripts/demo.sh [MODEL]        (an exported model's folder, by default examples/model; or `make demo`)
# Expects: shows two inputs, and asks for pseudocode: what the base predictor writes, and what the denoiser makes of it.
#          A training becomes such a folder by scripts/export_model.sh OUT/models/composed.1 MODEL.
set -euo pipefail

case ${1:-} in -h | --help) sed -n '2,5s/^# //p' "$0"; exit 0 ;; esac

root=$(cd "$(dirname "$0")/.." && pwd)
if [[ -z ${1:-} ]]; then
  cat <<'EXAMPLES'
The model translates the quickstart's pseudocode: variables var_0 to var_3, strings "str_0" to "str_3", numbers 0 to 9.
For example (a blank line ends an input):

    instantiate var_2                      set var_1 to "str_0"
    read var_2 from stdin                  add "str_0" to the beginning of var_1
    set var_2 to "str_2"                   set var_3 to false
    set var_3 to true                      output var_1 to stdout
    output var_2 to stdout                 print var_3
    output var_3 to stdout

EXAMPLES
fi
PYTHONPATH=$root${PYTHONPATH:+:$PYTHONPATH} exec \
  python -m fairseq_cft translate --model "${1:-$root/examples/model}" --format text --trace
