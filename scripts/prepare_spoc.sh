#!/usr/bin/env bash
# Needs:   `make install` done; DATA as scripts/download_spoc.sh leaves it: train/split/*.tsv and test/*.tsv
# Runs:    scripts/prepare_spoc.sh DATA OUT [--vocab-size 10000] [--max-chars 1000] [--moses] [--workers 2] [--held-out 200]
# Expects: about 2 minutes for 5,000 programs on 2 cores, and then, for training:
#          OUT/data-bin/pairs     train, valid, test (TestW, new workers), test1 (TestP, new problems): src -> tgt
#          OUT/data-bin/programs  the training programs without pseudocode, for --task code_denoising
#          OUT/data-bin/lines     their single lines, for the first phase of the denoiser's curriculum
#          OUT/bpe.model          the subwords of all of them; one dictionary, the same in the three folders
#          Without spoc-train-train.tsv, training takes spoc-train-eval.tsv and spoc-train-test.tsv but for the last
#          --held-out programs, which validate.
#          Stages that are done are skipped; one that died half-way, or whose input changed, is done again.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
# shellcheck source=scripts/_options.sh
source "$here/_options.sh"

vocab_size=10000 max_chars=1000 workers=2 held_out=200 moses=no # the published sizes
# shellcheck disable=SC2034 # read_options reads it
options=(--vocab-size=N --max-chars=N --workers=N --held-out=N --moses)
read_options "$@"
((${#folders[@]} == 2)) || wrong "give DATA and OUT"
data=${folders[0]} out=${folders[1]}
tokenizer=()
[[ $moses == no ]] || tokenizer=(--moses)
[[ -d $data/train/split ]] || fail "$data/train/split does not exist; fetch the data with scripts/download_spoc.sh $data"
require_tools python fairseq-preprocess
mkdir -p "$out"
data=$(cd "$data" && pwd) out=$(cd "$out" && pwd)
# shellcheck source=scripts/_stages.sh
source "$here/_stages.sh"

# Which table is which split: the published ones, or what there is of them ---------------------------------------

split=$data/train/split
train=$split/spoc-train-train.tsv valid=$split/spoc-train-eval.tsv
given=("$train" "$valid") # tables
if [[ ! -f $train ]]; then
  given=("$split/spoc-train-eval.tsv" "$split/spoc-train-test.tsv")
  train=$out/text/train.tsv valid=$out/text/valid.tsv
  echo "$split has no spoc-train-train.tsv: training on spoc-train-eval.tsv and spoc-train-test.tsv but for the last" \
    "$held_out programs, which validate"
fi
for table in "${given[@]}"; do
  [[ -f $table ]] || fail "$table does not exist; it must be a table of the columns text code workerid probid subid line indent"
done
tests=() # name, table
for part in testw testp; do
  [[ ! -f $data/test/spoc-$part.tsv ]] || tests+=("$part" "$data/test/spoc-$part.tsv")
done

text=$out/text bin=$out/data-bin
splits=(train valid) tables=("$train" "$valid")
for ((i = 0; i < ${#tests[@]}; i += 2)); do
  splits+=("${tests[i]}") tables+=("${tests[i + 1]}")
done
given+=("${tables[@]:2}")
settings="$vocab_size $max_chars $held_out ${tokenizer[*]-} $(cksum "${given[@]}")"
export PYTHONWARNINGS=ignore # fairseq's own deprecation warnings, a dozen a run

# Stages -------------------------------------------------------------------------------------------------------

divide_tables() { # the rows of both tables but for the last programs; a program starts where its line is 0
  [[ $train != "${given[0]}" ]] || return 0
  mkdir -p "$text"
  awk -F'\t' -v held_out="$held_out" -v train="$train" -v valid="$valid" '
    FNR == 1 { file++; for (i = 1; i <= NF; i++) if ($i ~ /^line\r?$/) column = i }
    FNR == 1 && file == 3 { print > train; print > valid }
    FNR == 1 { next }
    $column == "0" && file < 3 { programs++ }
    $column == "0" && file >= 3 { seen++ }
    file >= 3 { print > (seen > programs - held_out ? valid : train) }
  ' "${given[@]:0:2}" "${given[@]:0:2}"
  wc -l "$train" "$valid"
}

make_pairs() {
  local i limit
  for i in "${!splits[@]}"; do
    limit=(--max-chars "$max_chars")
    [[ ${splits[i]} != test* ]] || limit=() # a test program is never left out
    python "$root/preprocess/spoc.py" --tsv "${tables[i]}" --output-prefix "$text/${splits[i]}" --single-lines \
      "${limit[@]}" "${tokenizer[@]}"
  done
}

make_subwords() {
  python "$root/preprocess/subwords.py" train --input "$text/train.src" "$text/train.tgt" \
    --model-prefix "$out/bpe" --vocab-size "$vocab_size"
}

encode() {
  local files=(train.lines valid.lines) name
  for name in "${splits[@]}"; do files+=("$name.src" "$name.tgt"); done
  printf '%s\0' "${files[@]}" | xargs -0 -P "$workers" -I{} \
    python "$root/preprocess/subwords.py" encode --model "$out/bpe.model" --input "$text/{}" --output "$text/bpe.{}"
}

binarise() { # everything into a temporary folder, which is then renamed
  local fresh=$out/.data-bin.tmp name prefixes=""
  rm -rf "$fresh"
  for name in "${splits[@]:2}"; do prefixes+=${prefixes:+,}$text/bpe.$name; done
  local test_pairs=()
  [[ -z $prefixes ]] || test_pairs=(--testpref "$prefixes")
  fairseq-preprocess --source-lang src --target-lang tgt --joined-dictionary --srcdict "$out/bpe.dict.txt" \
    --trainpref "$text/bpe.train" --validpref "$text/bpe.valid" "${test_pairs[@]}" \
    --destdir "$fresh/pairs" --workers "$workers"
  fairseq-preprocess --only-source --srcdict "$out/bpe.dict.txt" --workers "$workers" \
    --trainpref "$text/bpe.train.tgt" --validpref "$text/bpe.valid.tgt" --destdir "$fresh/programs"
  fairseq-preprocess --only-source --srcdict "$out/bpe.dict.txt" --workers "$workers" \
    --trainpref "$text/bpe.train.lines" --validpref "$text/bpe.valid.lines" --destdir "$fresh/lines"
  rm -rf "$bin"
  mv "$fresh" "$bin"
}

start_stages 5
stage tables "tables for training and validation" divide_tables
stage pairs "tables to pairs" make_pairs
stage subwords "subwords" make_subwords
stage encode "text to subwords" encode
stage binarise "binarised data" binarise

# What was read and left out, and whether the text allows so many subwords -----------------------------------------
cat "$out/logs/pairs.log"
grep -E 'pieces' "$out/logs/subwords.log" || true
echo "$bin: $(wc -l <"$bin/pairs/dict.src.txt") subwords"
