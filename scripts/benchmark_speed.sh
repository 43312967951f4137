#!/usr/bin/env bash
# Needs:   `make install` done; nothing else should run on the machine
# Runs:    scripts/benchmark_speed.sh OUT [--device cpu|cuda] [--repeats N] [--updates N] [--quick] [--max-tokens N]
#          (defaults: cpu, 5 repeats, weights trained for 500 updates, 4000 tokens a batch; --quick: sees that it runs)
# Expects: OUT/speed.json, speed.md, speed.png: training steps, decoding, corruption on the fly, preprocessing,
#          evaluation and memory, side by side in one process, as ratios first. Models of 2+2 layers of 128 on the
#          synthetic language, as it is published.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
# shellcheck source=scripts/_options.sh
source "$here/_options.sh"
# shellcheck disable=SC2034 # read_options reads it
options=(--device= --repeats=N --updates=N --max-tokens=N --quick)
device=cpu repeats=5 updates=500 max_tokens=4000 quick=no
read_options "$@"
((${#folders[@]} == 1)) || wrong "give OUT"
[[ $device == cpu || $device == cuda ]] || wrong "--device must be cpu or cuda"
require_tools python fairseq-train fairseq-cft-evaluate g++

data_options=(--preset paper --labeled 1000 --unlabeled 6000) measured=()
if [[ $quick == yes ]]; then
  updates=20 repeats=1 max_tokens=1000
  data_options=(--preset paper --labeled 200 --valid 50 --test 50 --ood 50 --unlabeled 1500)
  measured=(--batches 2 --only training_steps decoding corruption)
fi

# A predictor and a denoiser that are trained enough for their outputs to be as long as they should be ---------------

# shellcheck disable=SC2034 # the sourced functions read them
data_seed=1 vocabulary=600 architecture=tiny denoiser_seed=1
# shellcheck disable=SC2034
batch=(--max-tokens 4000) regularize=(--dropout 0.1)
schedule=(--lr 3e-3 --lr-scheduler inverse_sqrt --warmup-updates 100 --max-update "$updates" --validate-interval 10
  --save-interval 10)
# shellcheck disable=SC2034
direct_schedule=("${schedule[@]}")
sizes=(--encoder-embed-dim 128 --decoder-embed-dim 128 --encoder-ffn-embed-dim 512 --decoder-ffn-embed-dim 512
  --encoder-attention-heads 4 --decoder-attention-heads 4)
# shellcheck disable=SC2034
denoiser_schedule=("${sizes[@]}" "${schedule[@]}")
settings="$updates ${data_options[*]}"

out=${folders[0]}
mkdir -p "$out"
out=$(cd "$out" && pwd)
export PYTHONWARNINGS=ignore # fairseq's own deprecation warnings, a dozen a run
# shellcheck source=scripts/_stages.sh
source "$here/_stages.sh"
# shellcheck source=scripts/_systems.sh
source "$here/_systems.sh"
# shellcheck source=scripts/_synthetic.sh
source "$here/_synthetic.sh"
shape=("${sizes[@]}") # _synthetic.sh leaves it empty

measure() {
  rm -f "$out/speed.json"
  python "$here/benchmark_speed.py" --folder "$out" --device "$device" --repeats "$repeats" \
    --max-tokens "$max_tokens" "${measured[@]}" --output "$out/speed.json" -- "${shape[@]}"
}

report() {
  python -m fairseq_cft report-speed "$out/speed.json" --output-dir "$out"
}

echo "benchmark_speed: 2+2 layers of 128 on $device, $repeats repeats, into $out"
start_stages 7
stage data "programs and pseudocode" make_synthetic_data
stage subwords "one subword model for both" make_subwords
stage binarise "binarised by fairseq-preprocess" binarise
stage denoiser "denoiser, $updates updates" train_denoiser
stage direct "predictor, $updates updates" train_direct 1
stage measure "everything side by side" measure "$device" "$repeats" "$max_tokens" "${measured[@]}"
stage report "table and picture" report
echo
sed -n '/./p' "$out/logs/report.log"
printf 'in %d s; table: %s  picture: %s\n' $SECONDS "$out/speed.md" "$out/speed.png"
