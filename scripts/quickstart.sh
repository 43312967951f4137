#!/usr/bin/env bash
# Needs:   `make install` done (or fairseq_cft, fairseq and g++ on the PATH); 2 CPU cores, no GPU
# Runs:    scripts/quickstart.sh [OUT]        (OUT defaults to out/quickstart; done stages are skipped)
# Expects: 8 to 9 minutes on 2 cores; OUT/report.md, OUT/report.png, OUT/results.json. The denoiser keeps over 98 %
#          of clean programs; standard fine-tuning beats direct training by far, composed fine-tuning beats both.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
# shellcheck source=scripts/_options.sh
source "$here/_options.sh"
read_options "$@"
((${#folders[@]} <= 1)) || wrong "give one OUT"
require_tools python fairseq-train fairseq-cft-evaluate g++
out=${folders[0]:-out/quickstart}
mkdir -p "$out"
out=$(cd "$out" && pwd)

# Small enough for minutes; large enough for the systems to differ -----------------------------------------------

seed=1
data_seed=1 data_options=(--preset tiny --test 200 --ood 200) vocabulary=200
denoiser_seed=1 min_clean_kept=0.98

architecture=tiny
batch=(--max-tokens 2500)
regularize=(--dropout 0.1 --attention-dropout 0.2 --activation-dropout 0.2)
denoiser_schedule=(--dropout 0 --lr 3e-3 --lr-scheduler polynomial_decay --warmup-updates 150
  --max-update 2500 --total-num-update 2500 --validate-interval 1000 --validate-interval-updates 500)
direct_schedule=(--lr 2e-3 --lr-scheduler inverse_sqrt --warmup-updates 100 --max-update 500
  --validate-interval 10 --save-interval 10)
pretrained_schedule=(--lr 1e-3 --lr-scheduler inverse_sqrt --warmup-updates 100 --max-update 400
  --validate-interval 5 --save-interval 5)
composed_schedule=(--gradient-estimator rloo --num-samples 2
  --lr 3e-4 --lr-scheduler inverse_sqrt --warmup-updates 30 --max-update 160
  --validate-interval 2 --save-interval 2)

settings="$data_seed ${data_options[*]} $vocabulary $architecture ${batch[*]} ${regularize[*]}"
export PYTHONWARNINGS=ignore # fairseq's own deprecation warnings, a dozen a run

# shellcheck source=scripts/_stages.sh
source "$here/_stages.sh"
# shellcheck source=scripts/_systems.sh
source "$here/_systems.sh"
# shellcheck source=scripts/_synthetic.sh
source "$here/_synthetic.sh"

# Stages -------------------------------------------------------------------------------------------------------

generate_all() {
  rm -rf "$eval"
  generate direct "$seed" "$models/direct.$seed/checkpoint_best.pt"
  generate pretrained "$seed" "$models/pretrained.$seed/checkpoint_best.pt"
  generate_denoised pretrained "$seed"
  generate_composed composed "$seed"
}

report() {
  python -m fairseq_cft collect "$eval"/*.json --dataset synthetic-tiny --output "$out/results.json"
  python -m fairseq_cft report "$out/results.json" --output-dir "$out" --curves \
    "direct=$models/direct.$seed/train.log" "pretrained=$models/pretrained.$seed/train.log" \
    "composed=$models/composed.$seed/train.log"
}

echo "quickstart: compares four ways to train on 2 cores, into $out"
start_stages 11
stage data "programs and pseudocode, in and out of distribution" make_synthetic_data
stage subwords "one subword model for both" make_subwords
stage binarise "binarised by fairseq-preprocess" binarise
stage denoiser "denoiser: undo corruptions of unlabeled programs" train_denoiser "${denoiser_schedule[@]}"
stage check "denoiser leaves clean programs alone?" check_denoiser "$min_clean_kept"
stage direct "direct: pairs only" train_direct "$seed" "${direct_schedule[@]}"
stage pretrained "pretrained: standard fine-tuning" train_pretrained "$seed" "${pretrained_schedule[@]}"
stage composed "composed: trained through the frozen denoiser" train_composed "$seed" "${composed_schedule[@]}"
stage generate "outputs on test and ood programs" generate_all
stage evaluate "compile and run every output" evaluate
stage report "table and picture" report
echo
sed -n '/./p' "$out/logs/report.log"
echo
tail -n 1 "$out/logs/check.log"
printf 'in %d s; table: %s  picture: %s  counts: %s\n' $SECONDS "$out/report.md" "$out/report.png" "$out/results.json"
