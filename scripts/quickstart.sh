#!/usr/bin/env bash
# Needs:   `make install` done (or fairseq_cft, fairseq and g++ on the PATH); 2 CPU cores, no GPU
# Runs:    scripts/quickstart.sh [OUT]        (OUT defaults to out/quickstart; done stages are skipped)
# Expects: about 9 minutes on 2 cores; OUT/report.md, OUT/report.png, OUT/results.json. The denoiser keeps over 98 %
#          of clean programs; standard fine-tuning beats direct training by far, composed fine-tuning beats both.
set -euo pipefail

usage() { sed -n '2,6s/^# //p' "$0"; }
case ${1:-} in -h | --help) usage; exit 0 ;; esac

here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
out=${1:-out/quickstart}
mkdir -p "$out"
out=$(cd "$out" && pwd)
# shellcheck source=scripts/_stages.sh
source "$here/_stages.sh"

for tool in python fairseq-train fairseq-cft-evaluate g++; do
  command -v "$tool" >/dev/null || { echo "quickstart: $tool is not on the PATH; run 'make quickstart'" >&2; exit 1; }
done

seed=1
denoiser_updates=2300
direct_updates=700
pretrained_updates=400
composed_updates=160
min_clean_kept=0.98
settings="$seed $denoiser_updates $direct_updates $pretrained_updates $composed_updates $min_clean_kept"

data=$out/data bin=$out/data-bin models=$out/models eval=$out/evaluations
export PYTHONWARNINGS=ignore # fairseq's own deprecation warnings, a dozen a run

# Options that several trainings share -------------------------------------------------------------------------

common=(--user-dir "$root/fairseq_cft" --seed "$seed" --num-workers 1 --log-format json --log-interval 50)
optimizer=(--optimizer adam --adam-betas "(0.9, 0.98)" --clip-norm 1 --weight-decay 1e-4 --max-tokens 2500)
keep_best=(--no-epoch-checkpoints --no-save-optimizer-state)
translate=(--task pseudocode_to_code --eval-exact-match)
regularize=(--dropout 0.1 --attention-dropout 0.2 --activation-dropout 0.2)

train() { # NAME DATA options...
  local name=$1 folder=$2
  shift 2
  rm -rf "${models:?}/$name"
  fairseq-train "$folder" "${common[@]}" "${optimizer[@]}" "${keep_best[@]}" --save-dir "$models/$name" "$@"
}

# Stages -------------------------------------------------------------------------------------------------------

make_data() {
  rm -rf "$data"
  python "$root/preprocess/synthetic.py" --preset tiny --seed "$seed" --test 200 --ood 200 --out "$data"
}

make_subwords() {
  local files=("$data"/{train,valid,test,ood}.{src,tgt} "$data/unlabeled.tgt")
  python "$root/preprocess/subwords.py" train --input "$data/train.src" "$data/unlabeled.tgt" \
    --model-prefix "$data/bpe" --vocab-size 200
  python "$root/preprocess/subwords.py" encode --model "$data/bpe.model" \
    --input "${files[@]}" --output "${files[@]/#"$data"\//"$data"/bpe.}"
  # programs that nobody trains on, for the denoiser's own validation
  tail -n 500 "$data/bpe.unlabeled.tgt" >"$data/bpe.heldout.tgt"
  head -n -500 "$data/bpe.unlabeled.tgt" >"$data/bpe.denoise.tgt"
}

binarise() {
  rm -rf "$bin"
  cat "$data/bpe.train.src" "$data/bpe.train.tgt" "$data/bpe.denoise.tgt" >"$data/bpe.all"
  fairseq-preprocess --only-source --dict-only --trainpref "$data/bpe.all" --destdir "$bin/dict"
  fairseq-preprocess --source-lang src --target-lang tgt --srcdict "$bin/dict/dict.txt" --tgtdict "$bin/dict/dict.txt" \
    --trainpref "$data/bpe.train" --validpref "$data/bpe.valid" --testpref "$data/bpe.test,$data/bpe.ood" \
    --destdir "$bin/pairs"
  fairseq-preprocess --only-source --srcdict "$bin/dict/dict.txt" \
    --trainpref "$data/bpe.denoise.tgt" --validpref "$data/bpe.heldout.tgt" --destdir "$bin/programs"
}

train_denoiser() {
  train denoiser "$bin/programs" --task code_denoising --noise synthetic --clean-share 0.3 --eval-denoising \
    --subword-model "$data/bpe.model" --arch transformer_cft_tiny --dropout 0 \
    --criterion cross_entropy --lr 3e-3 --lr-scheduler polynomial_decay --warmup-updates 150 \
    --total-num-update "$denoiser_updates" --max-update "$denoiser_updates" --validate-interval 1000 --validate-interval-updates 500
}

check_denoiser() {
  python "$here/check_denoiser.py" --denoiser "$models/denoiser/checkpoint_best.pt" \
    --min-clean-kept "$min_clean_kept" --json "$out/denoiser.json"
}

train_direct() {
  train direct "$bin/pairs" "${translate[@]}" --arch transformer_cft_tiny "${regularize[@]}" \
    --criterion cross_entropy --lr 2e-3 --lr-scheduler inverse_sqrt --warmup-updates 100 \
    --max-update "$direct_updates" --validate-interval 10
}

train_pretrained() {
  train pretrained "$bin/pairs" "${translate[@]}" --arch transformer_cft_tiny "${regularize[@]}" \
    --finetune-from-model "$models/denoiser/checkpoint_best.pt" \
    --criterion cross_entropy --lr 1e-3 --lr-scheduler inverse_sqrt --warmup-updates 100 \
    --max-update "$pretrained_updates" --validate-interval 5
}

train_composed() {
  train composed "$bin/pairs" "${translate[@]}" --arch composed_transformer_tiny "${regularize[@]}" \
    --denoiser-path "$models/denoiser/checkpoint_best.pt" \
    --base-predictor-path "$models/pretrained/checkpoint_best.pt" \
    --criterion composed_finetuning --gradient-estimator rloo --num-samples 2 --best-checkpoint-metric composed_loss \
    --lr 3e-4 --lr-scheduler inverse_sqrt --warmup-updates 30 \
    --max-update "$composed_updates" --validate-interval 2
}

generate() { # METHOD CHECKPOINT [overrides]: test and ood at the same time, a core each
  local method=$1 checkpoint=$2 overrides=${3:-"{}"} split subset
  for split in test:test ood:test1; do
    subset=${split#*:} split=${split%:*}
    OMP_NUM_THREADS=1 fairseq-generate "$bin/pairs" --user-dir "$root/fairseq_cft" --path "$checkpoint" \
      --task pseudocode_to_code --gen-subset "$subset" --beam 1 --batch-size 100 --num-workers 0 \
      --remove-bpe sentencepiece --model-overrides "$overrides" >"$eval/$method.$split.log" &
  done
  wait -n
  wait -n
}

generate_all() {
  rm -rf "$eval"
  mkdir -p "$eval"
  python "$here/compose.py" --base-predictor "$models/pretrained/checkpoint_best.pt" \
    --denoiser "$models/denoiser/checkpoint_best.pt" --output "$models/pretrained+denoise.pt"
  generate direct "$models/direct/checkpoint_best.pt"
  generate pretrained "$models/pretrained/checkpoint_best.pt"
  generate pretrained+denoise "$models/pretrained+denoise.pt"
  generate composed "$models/composed/checkpoint_best.pt"
  generate composed:base "$models/composed/checkpoint_best.pt" "{'output_stage': 'base'}"
}

evaluate_all() {
  local log split
  for log in "$eval"/*.log; do
    split=${log%.log} split=${split##*.}
    fairseq-cft-evaluate --hypotheses "$log" --inputs "$data/$split.inp" --expected "$data/$split.out" \
      --cache "$out/cache" --allow-unsafe --quiet --json "${log%.log}.json"
  done
}

report() {
  python "$here/collect_results.py" "$eval"/*.json --dataset synthetic-tiny --seed "$seed" --output "$out/results.json"
  python "$here/report.py" "$out/results.json" --output-dir "$out" --denoiser "$out/denoiser.json" --curves \
    "direct=$out/logs/direct.log" "pretrained=$out/logs/pretrained.log" "composed=$out/logs/composed.log"
}

echo "quickstart: compares four ways to train on 2 cores, into $out"
start_stages 11
stage data "programs and pseudocode, in and out of distribution" make_data
stage subwords "one subword model for both" make_subwords
stage binarise "binarised by fairseq-preprocess" binarise
stage denoiser "denoiser: undo corruptions of unlabeled programs" train_denoiser
stage check "denoiser leaves clean programs alone?" check_denoiser
stage direct "direct: pairs only" train_direct
stage pretrained "pretrained: standard fine-tuning" train_pretrained
stage composed "composed: trained through the frozen denoiser" train_composed
stage generate "outputs on test and ood programs" generate_all
stage evaluate "compile and run every output" evaluate_all
stage report "table and picture" report
echo
sed -n '/./p' "$out/logs/report.log"
echo
cat "$out/logs/check.log" | tail -n 1
printf 'in %d s; table: %s  picture: %s  counts: %s\n' $SECONDS "$out/report.md" "$out/report.png" "$out/results.json"
