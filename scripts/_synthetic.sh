# Sourced by the quickstart and by benchmarks of the synthetic language: its data, its denoiser and its test cases.
#
# After _systems.sh. The sourcing script sets data_seed data_options vocabulary denoiser_schedule.
# shellcheck shell=bash disable=SC2034,SC2154 # see above

shape=() criterion=(--criterion cross_entropy)
# the best checkpoint of every system is the one that is right most often, be its loss as it may
translate=(--task pseudocode_to_code --eval-exact-match --best-checkpoint-metric exact --maximize-best-checkpoint-metric)
translate_back=("${translate[@]}" --source-lang tgt --target-lang src)
unlabeled=$data/bpe.denoise.tgt dictionary=$bin/dict/dict.txt
splits=(test:test ood:test1) test_pairs=$bin/pairs generation_batch=(--batch-size 100)

test_cases() { # SPLIT -> cases, options of fairseq-cft-evaluate
  cases=(--inputs "$data/$1.inp" --expected "$data/$1.out")
}

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

train_denoiser() {
  train_denoiser_as denoiser synthetic
}

train_denoiser_as() { # NAME NOISE
  train "$1" "$bin/programs" --seed "$denoiser_seed" --task code_denoising --noise "$2" --clean-share 0.4 \
    --eval-denoising --subword-model "$data/bpe.model" --arch "transformer_cft_$architecture" "${batch[@]}" \
    --criterion cross_entropy "${denoiser_schedule[@]}"
}
