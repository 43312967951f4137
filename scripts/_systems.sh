# Sourced by the quickstart and the benchmarks: data, denoiser, systems and their evaluation, as functions for stages.
#
# The sourcing script sets, before it runs them:
#   root here out                  the repository, its scripts/, and where everything goes
#   architecture                   tiny, synthetic or spoc
#   batch regularize               options that the trainings of all systems share
#   denoiser_schedule direct_schedule pretrained_schedule composed_schedule
#                                  learning rate, warm-up, length and validation of each kind of training
#   encoder_schedule backtranslation_schedule
#                                  of the first phases of bart_style and backtranslation
#   from_scratch_schedule          what differs from composed_schedule where the base predictor cannot translate yet
#   denoiser_seed min_clean_kept data_seed data_options vocabulary
# A model is called SYSTEM.SEED; what it writes goes to $eval/SYSTEM.SEED.SPLIT.{log,json}.
# shellcheck shell=bash disable=SC2154 # see above

# shellcheck source=scripts/_training.sh
source "$here/_training.sh"

data=$out/data bin=$out/data-bin models=$out/models eval=$out/evaluations
denoiser=$models/denoiser/checkpoint_best.pt
common=(--user-dir "$root/fairseq_cft" --num-workers 1 --log-format json --log-interval 50
  --optimizer adam --adam-betas "(0.9, 0.98)" --clip-norm 1 --weight-decay 1e-4)
# the best checkpoint of every system is the one that is right most often, be its loss as it may
translate=(--task pseudocode_to_code --eval-exact-match --best-checkpoint-metric exact --maximize-best-checkpoint-metric)

# Data ---------------------------------------------------------------------------------------------------------

make_synthetic_data() {
  rm -rf "$data"
  python "$root/preprocess/synthetic.py" --seed "$data_seed" --out "$data" "${data_options[@]}"
}

make_subwords() {
  local files=("$data"/{train,valid,test,ood}.{src,tgt} "$data/unlabeled.tgt")
  python "$root/preprocess/subwords.py" train --input "$data/train.src" "$data/unlabeled.tgt" \
    --model-prefix "$data/bpe" --vocab-size "$vocabulary"
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
    --destdir "$bin/pairs" &
  fairseq-preprocess --only-source --srcdict "$bin/dict/dict.txt" \
    --trainpref "$data/bpe.denoise.tgt" --validpref "$data/bpe.heldout.tgt" --destdir "$bin/programs" &
  wait -n && wait -n
}

# Systems ------------------------------------------------------------------------------------------------------

train_denoiser() {
  train denoiser "$bin/programs" --seed "$denoiser_seed" --task code_denoising --noise synthetic --clean-share 0.4 \
    --eval-denoising --subword-model "$data/bpe.model" --arch "transformer_cft_$architecture" "${batch[@]}" \
    --criterion cross_entropy "${denoiser_schedule[@]}"
}

check_denoiser() { # MIN-CLEAN-KEPT
  python "$here/check_denoiser.py" --denoiser "$denoiser" --min-clean-kept "$1" --json "$out/denoiser.json"
}

train_direct() { # SEED
  train "direct.$1" "$bin/pairs" --seed "$1" "${translate[@]}" --arch "transformer_cft_$architecture" \
    "${batch[@]}" "${regularize[@]}" --criterion cross_entropy "${direct_schedule[@]}"
}

train_pretrained() { # SEED
  train "pretrained.$1" "$bin/pairs" --seed "$1" "${translate[@]}" --arch "transformer_cft_$architecture" \
    "${batch[@]}" "${regularize[@]}" --finetune-from-model "$denoiser" --criterion cross_entropy "${pretrained_schedule[@]}"
}

train_composed_as() { # SYSTEM BASE-PREDICTOR SEED options...
  local name=$1.$3 base=$2 seed=$3
  shift 3
  train "$name" "$bin/pairs" --seed "$seed" "${translate[@]}" --arch "composed_transformer_$architecture" \
    "${batch[@]}" "${regularize[@]}" --denoiser-path "$denoiser" --base-predictor-path "$base" \
    --criterion composed_finetuning "${composed_schedule[@]}" "$@"
}

train_composed() { # SEED
  train_composed_as composed "$models/pretrained.$1/checkpoint_best.pt" "$1"
}

train_composed_denoiser_init() { # SEED
  train_composed_as composed_denoiser_init denoiser "$1" "${from_scratch_schedule[@]}"
}

train_composed_direct_init() { # SEED
  train_composed_as composed_direct_init "$models/direct.$1/checkpoint_best.pt" "$1"
}

train_composed_no_init() { # SEED
  train_composed_as composed_no_init random "$1" "${from_scratch_schedule[@]}"
}

# BART-style: from the denoiser, the encoder alone first, then everything
train_bart_style() { # SEED
  train "bart_style_encoder.$1" "$bin/pairs" --seed "$1" "${translate[@]}" --arch "transformer_cft_$architecture" \
    "${batch[@]}" "${regularize[@]}" --freeze-decoder --finetune-from-model "$denoiser" --criterion cross_entropy \
    "${encoder_schedule[@]}" &&
    train "bart_style.$1" "$bin/pairs" --seed "$1" "${translate[@]}" --arch "transformer_cft_$architecture" \
    "${batch[@]}" "${regularize[@]}" --finetune-from-model "$models/bart_style_encoder.$1/checkpoint_best.pt" \
    --criterion cross_entropy "${pretrained_schedule[@]}"
}

# Back-translation: pseudocode written by a model for every unlabeled program; one such model for all seeds
train_to_pseudocode() {
  train to_pseudocode "$bin/pairs" --seed "$denoiser_seed" --source-lang tgt --target-lang src "${translate[@]}" \
    --arch "transformer_cft_$architecture" "${batch[@]}" "${regularize[@]}" --finetune-from-model "$denoiser" \
    --criterion cross_entropy "${pretrained_schedule[@]}"
}

label_programs() {
  local made=$data/backtranslated
  rm -rf "$made" "$bin/backtranslated"
  mkdir -p "$made"
  fairseq-interactive "$bin/pairs" --user-dir "$root/fairseq_cft" --task pseudocode_to_code --source-lang tgt \
    --target-lang src --path "$models/to_pseudocode/checkpoint_best.pt" --input "$data/bpe.denoise.tgt" \
    --buffer-size 2000 --batch-size 200 --beam 1 >"$made/log"
  # H-<number of the line> TAB score TAB pieces, in the order of the lines
  { cat "$data/bpe.train.src"; grep '^H-' "$made/log" | cut -f 3; } >"$made/train.src"
  cat "$data/bpe.train.tgt" "$data/bpe.denoise.tgt" >"$made/train.tgt"
  fairseq-preprocess --source-lang src --target-lang tgt --srcdict "$bin/dict/dict.txt" --tgtdict "$bin/dict/dict.txt" \
    --trainpref "$made/train" --validpref "$data/bpe.valid" --destdir "$bin/backtranslated"
}

train_backtranslation() { # SEED
  train "backtranslation_all.$1" "$bin/backtranslated" --seed "$1" "${translate[@]}" \
    --arch "transformer_cft_$architecture" "${batch[@]}" "${regularize[@]}" --finetune-from-model "$denoiser" \
    --criterion cross_entropy "${backtranslation_schedule[@]}" &&
    train "backtranslation.$1" "$bin/pairs" --seed "$1" "${translate[@]}" --arch "transformer_cft_$architecture" \
    "${batch[@]}" "${regularize[@]}" --finetune-from-model "$models/backtranslation_all.$1/checkpoint_best.pt" \
    --criterion cross_entropy "${pretrained_schedule[@]}"
}

train_backtranslation_composed() { # SEED
  train_composed_as backtranslation_composed "$models/backtranslation.$1/checkpoint_best.pt" "$1"
}

# Outputs and what they are worth --------------------------------------------------------------------------------

generate() { # SYSTEM SEED CHECKPOINT [overrides]: test and ood at the same time, a core each
  local name=$1.$2 checkpoint=$3 overrides=${4:-"{}"} split
  mkdir -p "$eval"
  for split in test:test ood:test1; do
    OMP_NUM_THREADS=1 fairseq-generate "$bin/pairs" --user-dir "$root/fairseq_cft" --path "$checkpoint" \
      --task pseudocode_to_code --gen-subset "${split#*:}" --beam 1 --batch-size 100 --num-workers 0 \
      --remove-bpe sentencepiece --model-overrides "$overrides" >"$eval/$name.${split%:*}.log" &
  done
  wait -n && wait -n
}

generate_denoised() { # SYSTEM SEED: the denoiser behind a system at test time
  python "$here/compose.py" --base-predictor "$models/$1.$2/checkpoint_best.pt" --denoiser "$denoiser" \
    --output "$models/$1+denoise.$2.pt"
  generate "$1+denoise" "$2" "$models/$1+denoise.$2.pt"
}

generate_composed() { # SYSTEM SEED: both stages, and the base predictor alone
  generate "$1" "$2" "$models/$1.$2/checkpoint_best.pt"
  generate "$1:base" "$2" "$models/$1.$2/checkpoint_best.pt" "{'output_stage': 'base'}"
}

evaluate() { # every log that has no newer evaluation
  local log split
  for log in "$eval"/*.log; do
    split=${log%.log} split=${split##*.}
    [[ ! ${log%.log}.json -nt $log ]] || continue
    fairseq-cft-evaluate --hypotheses "$log" --inputs "$data/$split.inp" --expected "$data/$split.out" \
      --cache "$out/cache" --allow-unsafe --quiet --json "${log%.log}.json"
  done
}
