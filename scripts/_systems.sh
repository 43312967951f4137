# Sourced by the quickstart and the benchmarks: systems and what they are worth, as functions for stages.
#
# The sourcing script sets, before it runs them:
#   root here out                  the repository, its scripts/, and where everything goes
#   architecture shape             tiny, synthetic or spoc, and options that change its size
#   batch regularize criterion     options that the trainings of all systems share; the criterion of plain models
#   translate translate_back       task and choice of the best checkpoint, from pseudocode to code and back
#   denoising                      folder of programs, and options of the task that corrupts them for the gate
#   direct_schedule pretrained_schedule composed_schedule gate_schedule
#                                  learning rate, warm-up, length and validation of each kind of training
#   longer_schedule                composed_schedule without what only its criterion knows, for pretrained_longer
#                                  (gate_schedule is empty where there is no gate)
#   encoder_schedule backtranslation_schedule
#                                  of the first phases of bart_style and backtranslation
#   from_scratch_schedule          what differs from composed_schedule where the base predictor cannot translate yet
#   denoiser_seed min_clean_kept
#   unlabeled dictionary           programs without pseudocode, as subwords, and the dictionary of all data
#   splits test_pairs              NAME:SUBSET of binarised pairs that models are tested on, and their folder
#   generation_batch test_cases    options of fairseq-generate; a function: SPLIT -> cases, for fairseq-cft-evaluate
# A model is called SYSTEM.SEED; what it writes goes to $eval/SYSTEM.SEED.SPLIT.{log,json}.
# shellcheck shell=bash disable=SC2154 # see above

# shellcheck source=scripts/_training.sh
source "$here/_training.sh"

data=$out/data bin=$out/data-bin models=$out/models eval=$out/evaluations
denoiser=$models/denoiser/checkpoint_best.pt
common=(--user-dir "$root/fairseq_cft" --num-workers 1 --log-format json --log-interval 50
  --optimizer adam --adam-betas "(0.9, 0.98)" --clip-norm 1 --weight-decay 1e-4)

# Systems ------------------------------------------------------------------------------------------------------

check_denoiser() { # MIN-CLEAN-KEPT [FILE.json]
  python -m fairseq_cft check-denoiser --denoiser "$denoiser" --min-clean-kept "$1" --json "${2:-"$out/denoiser.json"}"
}

# One gate for all systems, on the denoiser's encoder: another denoiser needs another gate
train_gate() {
  train gate "${denoising[@]}" --seed "$denoiser_seed" --clean-share 0.5 "${batch[@]}" --arch denoiser_gate \
    --denoiser-path "$denoiser" --criterion denoiser_gate "${gate_schedule[@]}"
}

# A model without a denoiser behind it. --then in a schedule begins a phase: it starts from the one before.
train_plain() { # NAME PAIRS SEED [options of the first phase...] -- SCHEDULE...
  local name=$1 pairs=$2 seed=$3 start=() schedule=() phase=0
  shift 3
  while [[ $1 != -- ]]; do start+=("$1"); shift; done
  shift
  while (($#)); do
    if [[ $1 == --then ]]; then
      phase=$((phase + 1))
      train_phase "$name.phase$phase"
      start=(--finetune-from-model "$models/$name.phase$phase/checkpoint_best.pt") schedule=()
    else
      schedule+=("$1")
    fi
    shift
  done
  train_phase "$name"
}

train_phase() { # NAME, of what train_plain has read so far
  train "$1" "$pairs" --seed "$seed" "${translate[@]}" --arch "transformer_cft_$architecture" "${shape[@]}" \
    "${batch[@]}" "${regularize[@]}" "${start[@]}" "${criterion[@]}" "${schedule[@]}"
}

train_direct() { # SEED
  train_plain "direct.$1" "$bin/pairs" "$1" -- "${direct_schedule[@]}"
}

train_pretrained() { # SEED
  train_plain "pretrained.$1" "$bin/pairs" "$1" --finetune-from-model "$denoiser" -- "${pretrained_schedule[@]}"
}

# What composed fine-tuning has more of than the model it starts from: as many updates, without the denoiser
train_pretrained_longer() { # SEED
  train_plain "pretrained_longer.$1" "$bin/pairs" "$1" \
    --finetune-from-model "$models/pretrained.$1/checkpoint_best.pt" -- "${longer_schedule[@]}"
}

train_composed_as() { # SYSTEM BASE-PREDICTOR SEED options...
  local name=$1.$3 base=$2 seed=$3
  shift 3
  train "$name" "$bin/pairs" --seed "$seed" "${translate[@]}" --arch "composed_transformer_$architecture" \
    "${shape[@]}" "${batch[@]}" "${regularize[@]}" --denoiser-path "$denoiser" --base-predictor-path "$base" \
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
  train_plain "bart_style_encoder.$1" "$bin/pairs" "$1" --freeze-decoder --finetune-from-model "$denoiser" -- \
    "${encoder_schedule[@]}"
  train_plain "bart_style.$1" "$bin/pairs" "$1" \
    --finetune-from-model "$models/bart_style_encoder.$1/checkpoint_best.pt" -- "${pretrained_schedule[@]}"
}

# Back-translation: pseudocode written by a model for every unlabeled program; one such model for all seeds
train_to_pseudocode() {
  local translate=("${translate_back[@]}")
  train_plain to_pseudocode "$bin/pairs" "$denoiser_seed" --finetune-from-model "$denoiser" -- \
    "${pretrained_schedule[@]}"
}

label_programs() {
  local made=$out/backtranslated
  rm -rf "$made"
  mkdir -p "$made"
  fairseq-interactive "$bin/pairs" --user-dir "$root/fairseq_cft" --task pseudocode_to_code --source-lang tgt \
    --target-lang src --path "$models/to_pseudocode/checkpoint_best.pt" --input "$unlabeled" \
    --buffer-size 2000 --batch-size 200 --beam 1 >"$made/log"
  # H-<number of the line> TAB score TAB pieces, in the order of the lines
  { cat "$data/bpe.train.src"; grep '^H-' "$made/log" | cut -f 3; } >"$made/train.src"
  cat "$data/bpe.train.tgt" "$unlabeled" >"$made/train.tgt"
  fairseq-preprocess --source-lang src --target-lang tgt --srcdict "$dictionary" --tgtdict "$dictionary" \
    --trainpref "$made/train" --validpref "$data/bpe.valid" --destdir "$made/data-bin"
}

train_backtranslation() { # SEED
  train_plain "backtranslation_all.$1" "$out/backtranslated/data-bin" "$1" --finetune-from-model "$denoiser" -- \
    "${backtranslation_schedule[@]}"
  train_plain "backtranslation.$1" "$bin/pairs" "$1" \
    --finetune-from-model "$models/backtranslation_all.$1/checkpoint_best.pt" -- "${pretrained_schedule[@]}"
}

train_backtranslation_composed() { # SEED
  train_composed_as backtranslation_composed "$models/backtranslation.$1/checkpoint_best.pt" "$1"
}

# Outputs and what they are worth --------------------------------------------------------------------------------

all_test_cases() { # what judges the outputs, as a digest needs it
  local split cases
  for split in "${splits[@]%%:*}"; do
    test_cases "$split"
    echo "$split ${cases[*]}"
  done
}

generate() { # SYSTEM SEED CHECKPOINT [overrides]: all splits at the same time, a core each
  local name=$1.$2 checkpoint=$3 overrides=${4:-"{}"} split started=()
  mkdir -p "$eval"
  for split in "${splits[@]}"; do
    OMP_NUM_THREADS=1 fairseq-generate "$test_pairs" --user-dir "$root/fairseq_cft" --path "$checkpoint" \
      --task pseudocode_to_code --gen-subset "${split#*:}" --beam 1 "${generation_batch[@]}" --num-workers 0 \
      --remove-bpe sentencepiece --model-overrides "$overrides" >"$eval/$name.${split%:*}.log" &
    started+=($!)
  done
  wait_for "${started[@]}"
}

wait_for() { # PROCESS...: not `wait -n`, which now and then forgets one of two that end at the same moment
  local process
  for process in "$@"; do wait "$process" || return; done
}

generate_denoised() { # SYSTEM SEED: the denoiser behind a system at test time
  python -m fairseq_cft compose --base-predictor "$models/$1.$2/checkpoint_best.pt" --denoiser "$denoiser" \
    --output "$models/$1+denoise.$2.pt"
  generate "$1+denoise" "$2" "$models/$1+denoise.$2.pt"
}

generate_gated() { # SYSTEM SEED: the same, but only where the gate asks for it
  python -m fairseq_cft compose --base-predictor "$models/$1.$2/checkpoint_best.pt" --denoiser "$denoiser" \
    --gate "$models/gate/checkpoint_best.pt" --output "$models/$1+gate.$2.pt"
  generate "$1+gate" "$2" "$models/$1+gate.$2.pt"
}

generate_composed() { # SYSTEM SEED: both stages, and the base predictor alone
  generate "$1" "$2" "$models/$1.$2/checkpoint_best.pt"
  generate "$1:base" "$2" "$models/$1.$2/checkpoint_best.pt" "{'output_stage': 'base'}"
}

evaluate() { # what every log holds; what else a stage was given only counts for its digest
  local log split cases
  for log in "$eval"/*.log; do
    split=${log%.log} split=${split##*.}
    test_cases "$split"
    fairseq-cft-evaluate --hypotheses "$log" "${cases[@]}" \
      --cache "$out/cache" --allow-unsafe --quiet --json "${log%.log}.json"
  done
}
