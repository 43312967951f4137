#!/usr/bin/env bash
# Needs:   `make install` done; DIR as scripts/download_spoc.sh leaves it: train/split, test, testcases; for paper a GPU
# Runs:    scripts/benchmark_spoc.sh --data DIR --scale tiny|cpu|paper --seeds N OUT [--systems a,b,c] [--jobs J]
#              [--prepared PREPARED] [--denoiser FILE.pt] [--min-clean-kept 0.98] [--limit N] [--dry-run]
#          --prepared: what scripts/prepare_spoc.sh made of DIR before (default: made here); --denoiser: one that
#          scripts/train_denoiser.sh trained on it (default: trained here); --limit: N programs of each test set, evenly
#          drawn; systems as in benchmark_synthetic.sh (default: direct,pretrained,composed)
# Expects: OUT/results.json, report.md, report.png: every system, with the denoiser behind it at test time, always and
#          where a gate asks for it, and the base predictors of the composed ones, on TestW (new workers: in
#          distribution) and TestP (new problems: out of it). No length limit but the positions, 2,048 pieces; longer
#          programs count as missing.
#          tiny: 9 minutes of CPU time for two systems with --limit 30, nothing right. cpu, paper: not run yet.
#          Done stages are skipped, a killed training goes on from its last checkpoint. --dry-run prints the commands.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=scripts/_benchmark.sh
source "$here/_benchmark.sh"
data="" prepared="" denoiser="" limit=""
# shellcheck disable=SC2034 # read_options reads it
options=("${common_options[@]}" --data= --prepared= --denoiser= --limit=N)
read_options "$@"
spoc=$data given_denoiser=$denoiser
check_options
choose_systems
[[ -n $spoc ]] || wrong "give --data DIR"
for file in ${prepared:+"$prepared/bpe.model"} ${given_denoiser:+"$given_denoiser"}; do
  [[ -f $file ]] || fail "$file does not exist"
done
tests=() prefix=$spoc/test/spoc- ending=.tsv
[[ -z $prepared ]] || prefix=$prepared/text/ ending=.id # what is prepared has its own tests
for part in testw testp; do
  [[ ! -f $prefix$part$ending ]] || tests+=("$part")
done
((${#tests[@]})) || fail "neither ${prefix}testw$ending nor ${prefix}testp$ending exists; scripts/download_spoc.sh fetches SPoC"
[[ -d $spoc/testcases ]] || fail "$spoc/testcases does not exist; scripts/download_spoc.sh fetches it"
[[ -z $given_denoiser || -n $prepared ]] || wrong "--denoiser needs --prepared, the data that it was trained on"

# Sizes ----------------------------------------------------------------------------------------------------------
# --then begins a phase that starts from the phase before, with less label smoothing.

denoiser_seed=1
positions=(--max-source-positions 2048 --max-target-positions 2048)
estimator=(--gradient-estimator rloo --num-samples 2)
case $scale in
  tiny) # sees that everything runs: minutes
    vocabulary=300 architecture=tiny shape=() judged=10
    batch=(--max-tokens 3000)
    regularize=(--dropout 0.1 --attention-dropout 0.2 --activation-dropout 0.2)
    rate=(--lr 2e-3 --lr-scheduler inverse_sqrt --warmup-updates 20 --validate-interval 1000
      --save-interval 1000)
    direct_schedule=("${rate[@]}" --label-smoothing 0.1 --max-update 40 --then "${rate[@]}" --max-update 20)
    pretrained_schedule=("${direct_schedule[@]}")
    composed_schedule=("${estimator[@]}" "${rate[@]}" --lr 3e-4 --max-update 10)
    from_scratch_schedule=(--lr 1e-3 --max-update 20)
    encoder_schedule=("${rate[@]}" --max-update 20)
    backtranslation_schedule=("${rate[@]}" --max-update 40)
    gate_schedule=("${rate[@]}" --max-update 40)
    denoiser_report=(--report-limit 20) ;;
  cpu) # sizes of train_denoiser.sh --scale cpu, meant for what can be learned overnight; not run yet
    vocabulary=500 architecture=tiny judged=100
    shape=(--encoder-layers 3 --decoder-layers 3 --encoder-embed-dim 128 --decoder-embed-dim 128
      --encoder-ffn-embed-dim 512 --decoder-ffn-embed-dim 512 --encoder-attention-heads 4 --decoder-attention-heads 4)
    batch=(--max-tokens 6000)
    regularize=(--dropout 0.1 --attention-dropout 0.2 --activation-dropout 0.2)
    rate=(--lr 1e-3 --lr-scheduler inverse_sqrt --validate-interval 5 --save-interval 5)
    direct_schedule=("${rate[@]}" --warmup-updates 400 --label-smoothing 0.2 --max-update 4000
      --then "${rate[@]}" --warmup-updates 50 --label-smoothing 0.1 --max-update 1000)
    pretrained_schedule=("${direct_schedule[@]}")
    composed_schedule=("${estimator[@]}" "${rate[@]}" --lr 3e-4 --warmup-updates 50 --label-smoothing 0.05
      --max-update 800 --validate-interval 1 --save-interval 1)
    from_scratch_schedule=(--lr 1e-3 --max-update 3000)
    encoder_schedule=("${rate[@]}" --warmup-updates 400 --label-smoothing 0.2 --max-update 1500)
    backtranslation_schedule=("${rate[@]}" --warmup-updates 400 --label-smoothing 0.2 --max-update 4000)
    gate_schedule=("${rate[@]}" --lr 5e-3 --warmup-updates 100 --max-update 3000)
    denoiser_report=() ;;
  paper) # the published sizes and phases; not run yet
    vocabulary=10000 architecture=spoc shape=() judged=200
    batch=(--max-tokens 8000 --update-freq 2)
    regularize=(--dropout 0.4 --attention-dropout 0.2 --activation-dropout 0.2)
    rate=(--lr 1e-3 --lr-scheduler inverse_sqrt --warmup-updates 4000 --validate-interval 5 --save-interval 5)
    direct_schedule=("${rate[@]}" --label-smoothing 0.2 --max-epoch 100
      --then "${rate[@]}" --label-smoothing 0.1 --max-epoch 50)
    pretrained_schedule=("${rate[@]}" --label-smoothing 0.2 --max-epoch 100
      --then "${rate[@]}" --label-smoothing 0.1 --max-epoch 25
      --then "${rate[@]}" --label-smoothing 0.05 --max-epoch 25)
    composed_schedule=("${estimator[@]}" "${rate[@]}" --lr 1e-4 --warmup-updates 2000 --label-smoothing 0.05
      --max-epoch 20 --validate-interval 1 --save-interval 1)
    from_scratch_schedule=(--lr 1e-3 --max-epoch 100)
    encoder_schedule=("${rate[@]}" --label-smoothing 0.2 --max-epoch 50)
    backtranslation_schedule=("${rate[@]}" --label-smoothing 0.2 --max-epoch 50)
    gate_schedule=("${rate[@]}" --warmup-updates 400 --max-epoch 20)
    denoiser_report=() ;;
  *) wrong "--scale must be tiny, cpu or paper" ;;
esac
longer_schedule=("${composed_schedule[@]:${#estimator[@]}}")
settings="$scale $vocabulary $architecture ${shape[*]} ${batch[*]} ${regularize[*]}"
dataset=spoc-$scale

open_benchmark "${folders[0]}"
spoc=$(realpath "$spoc")
given_prepared=$prepared prepared=$out/prepared
[[ -z $given_prepared ]] || prepared=$(realpath "$given_prepared")
denoiser=$out/denoiser/denoiser.pt
[[ -z $given_denoiser ]] || denoiser=$(realpath "$given_denoiser")
data=$prepared/text bin=$prepared/data-bin
unlabeled=$data/bpe.train.tgt dictionary=$bin/pairs/dict.src.txt
criterion=(--criterion label_smoothed_cross_entropy)
# the best checkpoint is the one that is right on the most of some validation programs, the later one if equal
translate=(--task pseudocode_to_code "${positions[@]}" --skip-invalid-size-inputs-valid-test
  --eval-programs "$judged" --eval-ids "$data/valid.id" --eval-testcases "$spoc/testcases" --eval-allow-unsafe
  --best-checkpoint-metric correct_rate --maximize-best-checkpoint-metric)
translate_back=(--task pseudocode_to_code "${positions[@]}" --skip-invalid-size-inputs-valid-test
  --source-lang tgt --target-lang src)
denoising=("$bin/programs" --task code_denoising "${positions[@]}" --noise cpp
  --subword-model "$prepared/bpe.model")
generation_batch=(--max-tokens 12000 --skip-invalid-size-inputs-valid-test)
splits=() test_pairs=$bin/pairs test_ids=$data
for ((i = 0; i < ${#tests[@]}; i++)); do splits+=("${tests[i]}:test${i/#0/}"); done
[[ -z $limit ]] || test_pairs=$out/limited/data-bin test_ids=$out/limited

# Stages of this data set ----------------------------------------------------------------------------------------

test_cases() { # SPLIT -> cases
  # a program of more pieces than positions has no hypothesis, and is counted so
  cases=(--ids "$test_ids/$1.id" --testcases "$spoc/testcases" --allow-missing)
}

prepare() { # VOCABULARY, and what the stage's digest needs
  run_script prepare_spoc.sh "$spoc" "$prepared" --vocab-size "$1"
}

take_some_tests() { # LIMIT: that many of each test set, evenly spread
  local part file prefixes=""
  rm -rf "$out/limited"
  mkdir -p "$out/limited"
  for part in "${tests[@]}"; do
    for file in "$part.id" "bpe.$part.src" "bpe.$part.tgt"; do
      awk -v kept="$1" 'NR == FNR { total++; next }
        kept >= total || int(FNR * kept / total) > int((FNR - 1) * kept / total)' \
        "$data/$file" "$data/$file" >"$out/limited/$file"
    done
    prefixes+=${prefixes:+,}$out/limited/bpe.$part
  done
  fairseq-preprocess --source-lang src --target-lang tgt --srcdict "$dictionary" --tgtdict "$dictionary" \
    --testpref "$prefixes" --destdir "$test_pairs"
}

train_denoiser() { # SCALE [options]: in its two phases; the stage after this one checks it
  run_script train_denoiser.sh --scale "$1" "$prepared" "$out/denoiser" --seed "$denoiser_seed" --min-clean-kept 0 "${@:2}"
}

echo "benchmark_spoc: scale $scale, $seeds seeds, ${chosen[*]}, into ${shown:-$out}"
number=$((${#chosen[@]} + labeling + 6))
[[ -n $given_prepared ]] || number=$((number + 1))
[[ -n $given_denoiser ]] || number=$((number + 1))
[[ -z $limit ]] || number=$((number + 1))
start_stages "$number"
[[ -n $given_prepared ]] || stage prepare "tables to binarised pairs and programs" prepare "$vocabulary" \
  "${tests[*]} $(checksum "$spoc"/train/split/*.tsv "$spoc"/test/*.tsv)"
settings+=" $(checksum "$bin"/pairs/*.bin "$dictionary")"
[[ -z $limit ]] || stage limit "$limit programs of each test set" take_some_tests "$limit"
[[ -n $given_denoiser ]] || stage denoiser "denoiser: single lines, then programs" train_denoiser "$scale" "${denoiser_report[@]}"
settings+=" $(checksum "$denoiser")"
stage check "denoiser leaves clean programs alone?" check_denoiser "$min_clean_kept"
train_systems
compare_systems
close_benchmark
