# Sourced by scripts that start from text files: subwords, binarised data and the denoiser, as functions for stages.
#
# After _systems.sh. The sourcing script sets
#   raw splits      folder with {train,valid,SPLIT}.{src,tgt} and unlabeled.tgt, one example a line; NAME:SUBSET of tests
#   vocabulary      subword pieces
#   heldout         unlabeled outputs that nobody trains on, for the denoiser's own validation
#   noise           its name;  noise_options: more options of code_denoising
#   denoiser_schedule
# shellcheck shell=bash disable=SC2034,SC2154 # see above

shape=() criterion=(--criterion cross_entropy)
# the best checkpoint of every system is the one that is right most often, be its loss as it may
translate=(--task pseudocode_to_code --eval-exact-match --best-checkpoint-metric exact --maximize-best-checkpoint-metric)
translate_back=("${translate[@]}" --source-lang tgt --target-lang src)
unlabeled=$data/bpe.denoise.tgt dictionary=$bin/dict/dict.txt
denoising=("$bin/programs" --task code_denoising --noise "$noise" "${noise_options[@]}" --subword-model "$data/bpe.model")
test_pairs=$bin/pairs generation_batch=(--batch-size 100)

make_subwords() {
  local split names=(unlabeled.tgt)
  for split in train valid "${splits[@]%%:*}"; do names+=("$split.src" "$split.tgt"); done
  mkdir -p "$data"
  python "$root/preprocess/subwords.py" train --input "$raw/train.src" "$raw/unlabeled.tgt" \
    --model-prefix "$data/bpe" --vocab-size "$vocabulary"
  python "$root/preprocess/subwords.py" encode --model "$data/bpe.model" \
    --input "${names[@]/#/"$raw"/}" --output "${names[@]/#/"$data"/bpe.}"
  tail -n "$heldout" "$data/bpe.unlabeled.tgt" >"$data/bpe.heldout.tgt"
  head -n "-$heldout" "$data/bpe.unlabeled.tgt" >"$data/bpe.denoise.tgt"
}

binarise() {
  local tests started=()
  rm -rf "$bin"
  printf -v tests ",$data/bpe.%s" "${splits[@]%%:*}"
  cat "$data/bpe.train.src" "$data/bpe.train.tgt" "$data/bpe.denoise.tgt" >"$data/bpe.all"
  fairseq-preprocess --only-source --dict-only --trainpref "$data/bpe.all" --destdir "$bin/dict"
  fairseq-preprocess --source-lang src --target-lang tgt --srcdict "$dictionary" --tgtdict "$dictionary" \
    --trainpref "$data/bpe.train" --validpref "$data/bpe.valid" --testpref "${tests#,}" --destdir "$bin/pairs" &
  started+=($!)
  fairseq-preprocess --only-source --srcdict "$dictionary" \
    --trainpref "$data/bpe.denoise.tgt" --validpref "$data/bpe.heldout.tgt" --destdir "$bin/programs" &
  started+=($!)
  wait_for "${started[@]}"
}

train_denoiser() {
  train_denoiser_as denoiser "$noise"
}

train_denoiser_as() { # NAME NOISE
  train "$1" "$bin/programs" --seed "$denoiser_seed" --task code_denoising --noise "$2" "${noise_options[@]}" \
    --eval-denoising --subword-model "$data/bpe.model" --arch "transformer_cft_$architecture" "${batch[@]}" \
    --criterion cross_entropy "${denoiser_schedule[@]}"
}
