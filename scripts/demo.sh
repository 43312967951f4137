#!/usr/bin/env bash
# Needs:   `make quickstart` done, or another training
# Runs:    scripts/demo.sh [OUT]        (OUT defaults to out/quickstart; or `make demo`)
# Expects: exports OUT/models/composed.1 to OUT/model where that is missing or older, shows two inputs, and asks for
#          pseudocode: what the base predictor writes, and what the denoiser makes of it
set -euo pipefail

usage() { sed -n '2,5s/^# //p' "$0"; }
case ${1:-} in -h | --help) usage; exit 0 ;; esac

here=$(cd "$(dirname "$0")" && pwd)
out=${1:-out/quickstart}
checkpoint=$out/models/composed.1/checkpoint_best.pt
if [[ ! -f $checkpoint ]]; then
  echo "demo: $checkpoint does not exist; run 'make quickstart' first, or name another folder: make demo OUT=DIR" >&2
  exit 1
fi
if [[ ! $out/model/config.json -nt $checkpoint ]]; then
  "$here/export_model.sh" "${checkpoint%/*}" "$out/model"
fi

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
exec fairseq-cft-translate --model "$out/model" --format text --trace
