#!/usr/bin/env bash
# Needs:   `make install` done; for --scale paper a GPU
# Runs:    scripts/ablate.sh --scale tiny|cpu|paper --seeds N OUT [--only weight,samples,estimator,noise,labels]
#              [--jobs J] [--min-clean-kept 0.98] [--dry-run]
#          OUT may be that of benchmark_synthetic.sh at the same scale: what it trained is not trained again
# Expects: OUT/ablation/results.json, report.md, report.png: composed fine-tuning and, on the same programs, the standard
#          fine-tuning that it starts from, as one thing changes at a time: weight of the base predictor's loss (0, 0.5,
#          1), samples (1, 2, 4; self_critical), estimator (all, 2 samples), the denoiser's noise (synthetic,
#          random_delete), number of labeled pairs (a quarter, half, all). 13 trainings a seed beside the benchmark's,
#          and a denoiser. Resumable like the benchmarks. At cpu run with one seed; tiny and paper not run yet.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=scripts/_benchmark.sh
source "$here/_benchmark.sh"
only=weight,samples,estimator,noise,labels
# shellcheck disable=SC2034 # read_options reads it
options=("${common_options[@]/--systems=/--only=}")
read_options "$@"
check_options
# shellcheck source=scripts/_synthetic_scales.sh
source "$here/_synthetic_scales.sh"

# Variants: how each is named, and what its composed model and the model that this starts from are called ----------

case $scale in paper) fewer=(250 500) all=1000 ;; *) fewer=(75 150) all=300 ;; esac
axes=() variants=() extra=0 # arguments of report-ablation, models to train, stages beside these
for axis in ${only//,/ }; do
  case $axis in
    weight)
      variants+=(weight-0 weight-0.5)
      axes+=(--axis "weight of the base predictor's loss" "0=weight-0/pretrained" "0.5=weight-0.5/pretrained"
        "1=composed/pretrained") ;;
    samples)
      variants+=(samples-1 samples-2 samples-4)
      axes+=(--axis "samples (self_critical)" "1=samples-1/pretrained" "2=samples-2/pretrained" "4=samples-4/pretrained") ;;
    estimator)
      variants+=(estimator-reinforce estimator-gumbel)
      [[ " ${variants[*]} " == *" samples-2 "* ]] || variants+=(samples-2)
      axes+=(--axis "estimator (2 samples)" "reinforce=estimator-reinforce/pretrained" "self_critical=samples-2/pretrained"
        "rloo=composed/pretrained" "gumbel=estimator-gumbel/pretrained") ;;
    noise)
      variants+=(pretrained-noise-random_delete noise-random_delete) extra=$((extra + 2))
      axes+=(--axis "the denoiser's noise" "synthetic=composed/pretrained"
        "random_delete=noise-random_delete/pretrained-noise-random_delete") ;;
    labels)
      extra=$((extra + 1))
      axes+=(--axis "labeled pairs")
      for count in "${fewer[@]}"; do
        variants+=("pretrained-labels-$count" "labels-$count")
        axes+=("$count=labels-$count/pretrained-labels-$count")
      done
      axes+=("$all=composed/pretrained") ;;
    *) wrong "there is no ablation $axis" ;;
  esac
done
mapfile -t variants < <(printf '%s\n' "${variants[@]}" | awk '!seen[$0]++')

open_benchmark "${folders[0]}"
# shellcheck source=scripts/_synthetic.sh
source "$here/_synthetic.sh"
eval=$out/ablation/evaluations

# Stages ---------------------------------------------------------------------------------------------------------

train_other_denoiser() {
  train_denoiser_as denoiser-noise-random_delete random_delete
}

check_other_denoiser() { # of its own noise; no bound: what a bad one does is the question
  local denoiser=$models/denoiser-noise-random_delete/checkpoint_best.pt
  check_denoiser 0 "$out/ablation/denoiser-random_delete.json"
}

fewer_pairs() { # COUNT...: the first pairs; validation and dictionary stay
  local count folder
  for count in "$@"; do
    folder=$out/ablation/labels-$count
    rm -rf "$folder"
    mkdir -p "$folder"
    head -n "$count" "$data/bpe.train.src" >"$folder/train.src"
    head -n "$count" "$data/bpe.train.tgt" >"$folder/train.tgt"
    fairseq-preprocess --source-lang src --target-lang tgt --srcdict "$dictionary" --tgtdict "$dictionary" \
      --trainpref "$folder/train" --validpref "$data/bpe.valid" --destdir "$folder/pairs"
  done
}

train_variant() { # SEED; the variant is $variant
  local value=${variant##*-} base=$models/pretrained.$1/checkpoint_best.pt bin=$bin denoiser=$denoiser
  case $variant in
    *noise-*) denoiser=$models/denoiser-noise-$value/checkpoint_best.pt ;;
    *labels-*) bin=$out/ablation/labels-$value ;;
  esac
  case $variant in
    noise-* | labels-*) base=$models/pretrained-$variant.$1/checkpoint_best.pt ;;
  esac
  case $variant in
    pretrained-*)
      train_plain "$variant.$1" "$bin/pairs" "$1" --finetune-from-model "$denoiser" -- "${pretrained_schedule[@]}" ;;
    weight-*) train_composed_as "$variant" "$base" "$1" --ce-weight "$value" ;;
    samples-*) train_composed_as "$variant" "$base" "$1" --gradient-estimator self_critical --num-samples "$value" ;;
    estimator-*) train_composed_as "$variant" "$base" "$1" --gradient-estimator "$value" ;;
    *) train_composed_as "$variant" "$base" "$1" ;;
  esac
}

generate_variants() { # VARIANTS SEEDS
  local each seed
  rm -rf "$eval"
  for each in pretrained composed $1; do
    for ((seed = 1; seed <= $2; seed++)); do generate "$each" "$seed" "$models/$each.$seed/checkpoint_best.pt"; done
  done
}

report_ablation() {
  local noises=("synthetic=$out/denoiser.json")
  [[ ,$only, != *,noise,* ]] || noises+=("random_delete=$out/ablation/denoiser-random_delete.json")
  python -m fairseq_cft collect "$eval"/*.json --dataset "ablation-$scale" --output "$out/ablation/results.json"
  python -m fairseq_cft report-ablation "$out/ablation/results.json" --output-dir "$out/ablation" \
    --denoisers "${noises[@]}" "${axes[@]}"
}

echo "ablate: scale $scale, $seeds seeds, $only, into ${shown:-$out}/ablation"
start_stages $((${#variants[@]} + extra + 10))
mkdir -p "$out/ablation"
stage data "programs and pseudocode" make_synthetic_data
stage subwords "one subword model for both" make_subwords
stage binarise "binarised by fairseq-preprocess" binarise
stage denoiser "denoiser" train_denoiser "${denoiser_schedule[@]}"
stage check "denoiser leaves clean programs alone?" check_denoiser "$min_clean_kept"
chosen=(pretrained composed) labeling=0
train_systems
if [[ ,$only, == *,noise,* ]]; then
  stage other_denoiser "denoiser of random_delete" train_other_denoiser "${denoiser_schedule[@]}"
  stage other_check "what it keeps and restores" check_other_denoiser
fi
[[ ,$only, != *,labels,* ]] || stage fewer_pairs "fewer pairs" fewer_pairs "${fewer[@]}"
for variant in "${variants[@]}"; do
  schedule=("${composed_schedule[@]}")
  [[ $variant != pretrained-* ]] || schedule=("${pretrained_schedule[@]}")
  stage "$variant" "$variant" for_each_seed "$variant" train_variant "$seeds" "${schedule[@]}"
done
stage ablation_generate "outputs on test and ood programs" generate_variants "${variants[*]}" "$seeds"
stage ablation_evaluate "compile and run every output" evaluate
stage ablation_report "table and picture" report_ablation "${axes[@]}"
[[ $dry_run == no ]] || exit 0
echo
cat "$out/logs/ablation_report.log"
printf 'in %d s; table: %s  picture: %s\n' $SECONDS "$out/ablation/report.md" "$out/ablation/report.png"
