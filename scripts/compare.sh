#!/usr/bin/env bash
# Needs:   `make install` done; DIR with your data, one example a line: {train,valid,test}.{src,tgt}, unlabeled.tgt
#          (outputs alone) and, if there is one, a second test set ood.{src,tgt}
# Runs:    scripts/compare.sh --data DIR --noise NAME --checker NAME [--user-file FILE.py] OUT [--dry-run]
#              [--vocab-size 200] [--architecture tiny|synthetic|spoc] [--max-tokens 2500] [--clean-share 0.4]
#              [--denoiser-updates 2500] [--updates 500] [--composed-updates 150]
#              [--systems direct,pretrained,composed] [--seeds 1] [--jobs J] [--min-clean-kept 0.98]
#              [-- options of every fairseq-train]
#          --language NAME instead of --checker: outputs are programs, SPLIT.inp and SPLIT.out their inputs and outputs
#          (--decode, default plain: their line format); a checker reads these too where they exist, else src and tgt
# Expects: OUT/results.json, report.md, report.png: every system on every test set, with the denoiser behind it at test
#          time, and the base predictors of composed ones. docs/own_data.md is the tutorial; systems and seeds as in
#          benchmark_synthetic.sh. Done stages are skipped, a killed training goes on from its last checkpoint.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=scripts/_benchmark.sh
source "$here/_benchmark.sh"
data="" noise="" checker="" language="" user_file="" decode=plain
vocab_size=200 architecture=tiny max_tokens=2500 clean_share=0.4
denoiser_updates=2500 updates=500 composed_updates=150
# shellcheck disable=SC2034 # read_options reads it
options=("${common_options[@]}" --data= --noise= --checker= --language= --user-file= --decode= --vocab-size=N
  --architecture= --max-tokens=N --clean-share= --denoiser-updates=N --updates=N --composed-updates=N --)
read_options "$@"
check_options
choose_systems
[[ -z $scale ]] || wrong "there is no option --scale; give --architecture and the numbers of updates"
[[ -n $data && -n $noise ]] || wrong "give --data DIR and --noise NAME"
[[ -n $checker || -n $language ]] || wrong "give --checker NAME, or --language NAME where outputs are programs"
[[ -z $checker || -z $language ]] || wrong "give --checker or --language, not both"

raw=$(cd "$data" 2>/dev/null && pwd) || fail "$data does not exist; --data names the folder of your text files"
splits=(test:test)
[[ ! -f $raw/ood.src ]] || splits+=(ood:test1)
needed=({train,valid,test}.{src,tgt} unlabeled.tgt)
for split in "${splits[@]%%:*}"; do
  needed+=("$split.src" "$split.tgt")
  [[ -z $language ]] || needed+=("$split.inp" "$split.out")
done
for name in "${needed[@]}"; do
  [[ -f $raw/$name ]] || fail "$raw/$name does not exist; see the head of this script for what DIR holds"
done
heldout=$(($(grep -c '' "$raw/unlabeled.tgt" || true) / 10)) # also a last line without a newline
((heldout)) || fail "$raw/unlabeled.tgt has fewer than 10 lines"
((heldout <= 500)) || heldout=500

read=() # all that a result depends on
for name in {train,valid,test,ood}.{src,tgt,inp,out} unlabeled.tgt; do
  [[ ! -f $raw/$name ]] || read+=("$raw/$name")
done

# user files by absolute paths, colon-separated: checkpoints remember them
user=()
if [[ -n $user_file ]]; then
  IFS=: read -r -a named <<<"$user_file"
  for file in "${named[@]}"; do
    [[ -f $file ]] || fail "$file does not exist; --user-file names a Python file"
    read+=("$(cd "$(dirname "$file")" && pwd)/$(basename "$file")")
  done
  user=(--user-file "$(IFS=:; echo "${read[*]: -${#named[@]}}")")
fi

# Sizes ----------------------------------------------------------------------------------------------------------

denoiser_seed=1 vocabulary=$vocab_size
noise_options=(--clean-share "$clean_share" "${user[@]}")
batch=(--max-tokens "$max_tokens")
regularize=(--dropout 0.1 --attention-dropout 0.2 --activation-dropout 0.2)
every=$((denoiser_updates > 4 ? denoiser_updates / 4 : 1))
denoiser_schedule=(--dropout 0 --lr 3e-3 --lr-scheduler polynomial_decay --warmup-updates 100
  --max-update "$denoiser_updates" --total-num-update "$denoiser_updates"
  --validate-interval 1000000 --validate-interval-updates "$every")
rate=(--lr-scheduler inverse_sqrt --validate-interval 1000000 --save-interval 1000000)
every=$((updates > 10 ? updates / 10 : 1))
direct_schedule=("${rate[@]}" --lr 2e-3 --warmup-updates 100 --max-update "$updates"
  --validate-interval-updates "$every" --save-interval-updates "$every")
pretrained_schedule=("${direct_schedule[@]}" --lr 1e-3)
every=$((composed_updates > 10 ? composed_updates / 10 : 1))
longer_schedule=("${rate[@]}" --lr 3e-4 --warmup-updates 30 --max-update "$composed_updates"
  --validate-interval-updates "$every" --save-interval-updates "$every")
composed_schedule=(--gradient-estimator rloo --num-samples 2 "${longer_schedule[@]}")
from_scratch_schedule=(--lr 1e-3 --max-update "$updates")
encoder_schedule=("${pretrained_schedule[@]}")
backtranslation_schedule=("${pretrained_schedule[@]}")
gate_schedule=()
settings="$noise ${noise_options[*]} $vocabulary $architecture ${batch[*]} ${regularize[*]} ${more[*]}"
settings+=" $(cat "${read[@]}" | cksum)"
dataset=$(basename "$raw")

open_benchmark "${folders[0]}"
# shellcheck source=scripts/_raw_data.sh
source "$here/_raw_data.sh"
common+=(--keep-interval-updates 1)

test_cases() { # SPLIT -> cases, options of fairseq-cft-evaluate
  local inputs=src expected=tgt
  [[ ! -f $raw/$1.inp ]] || inputs=inp
  [[ ! -f $raw/$1.out ]] || expected=out
  cases=(--inputs "$raw/$1.$inputs" --expected "$raw/$1.$expected" --decode "$decode" "${user[@]}"
    ${checker:+--checker "$checker"} ${language:+--language "$language"})
}

echo "compare: $dataset, $seeds seeds, ${chosen[*]}, into ${shown:-$out}"
start_stages $((${#chosen[@]} + labeling + 8))
stage subwords "one subword model for both sides" make_subwords
stage binarise "binarised by fairseq-preprocess" binarise
stage denoiser "denoiser" train_denoiser "${denoiser_schedule[@]}"
stage check "denoiser leaves clean outputs alone?" check_denoiser "$min_clean_kept"
train_systems
compare_systems
close_benchmark
