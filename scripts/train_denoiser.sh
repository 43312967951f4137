#!/usr/bin/env bash
# Needs:   `make install` done; PREPARED as scripts/prepare_spoc.sh leaves it: data-bin/lines, data-bin/programs, bpe.model
# Runs:    scripts/train_denoiser.sh --scale tiny|cpu|paper PREPARED OUT [--noise cpp] [--seed 1] [--min-clean-kept 0.98]
#              [--report PROGRAMS.tgt] [--report-limit 500]
#              [-- options of fairseq-train, such as --fp16]
# Expects: OUT/denoiser.pt, trained first on single lines and then on whole programs, with less label smoothing in each
#          phase; OUT/denoising_report.{json,md,png} on PROGRAMS (default: PREPARED/text/testp.tgt, or valid.tgt).
#          tiny: minutes, to see it run. cpu: 98 minutes on one busy core. paper, not run yet: the published
#          phases and sizes, for a GPU.
#          A killed training goes on from its last checkpoint; phases that are done are skipped. The script ends with a
#          sentence and status 1 if the denoiser keeps less than --min-clean-kept of clean validation programs.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
# shellcheck source=scripts/_options.sh
source "$here/_options.sh"

scale="" noise=cpp seed=1 min_clean_kept=0.98 report="" report_limit=500
# shellcheck disable=SC2034 # read_options reads it
options=(--scale= --noise= --seed= --min-clean-kept= --report= --report-limit=N --)
read_options "$@"
((${#folders[@]} == 2)) || wrong "give PREPARED and OUT"
prepared=${folders[0]} out=${folders[1]}
for name in data-bin/lines/dict.txt data-bin/programs/dict.txt bpe.model; do
  [[ -f $prepared/$name ]] || fail "$prepared/$name does not exist; make it with scripts/prepare_spoc.sh DATA $prepared"
done
require_tools python fairseq-train g++
if [[ -z $report ]]; then
  report=$prepared/text/testp.tgt
  [[ -f $report ]] || report=$prepared/text/valid.tgt
fi
[[ -f $report ]] || fail "$report does not exist; give --report a file of program lines that are not in the training data"

mkdir -p "$out"
prepared=$(cd "$prepared" && pwd) out=$(cd "$out" && pwd) models=$out/models
# shellcheck source=scripts/_stages.sh
source "$here/_stages.sh"
# shellcheck source=scripts/_training.sh
source "$here/_training.sh"

# Sizes and phases of a scale --------------------------------------------------------------------------------------
# A phase: its name, data, label smoothing, limit, learning rate, warm-up updates. Each starts from the one before.
# Every epoch has new corruptions, so an epoch of ours is one corrupted copy of each program.

regularize=(--dropout 0.1 --weight-decay 1e-4)
case $scale in
  tiny)
    model=(--arch transformer_cft_tiny)
    batch=(--max-tokens 3000)
    phases=(
      "lines-1 lines 0.1 updates=400 3e-3 100"
      "programs-1 programs 0.1 updates=150 1e-3 50"
      "programs-2 programs 0 updates=50 3e-4 10"
    ) ;;
  cpu)
    model=(--arch transformer_cft_tiny --encoder-layers 3 --decoder-layers 3 --encoder-embed-dim 128
      --decoder-embed-dim 128 --encoder-ffn-embed-dim 512 --decoder-ffn-embed-dim 512 --encoder-attention-heads 4
      --decoder-attention-heads 4)
    batch=(--max-tokens 3000)
    phases=(
      "lines-1 lines 0.2 updates=3000 2e-3 400"
      "lines-2 lines 0.1 updates=500 5e-4 50"
      "programs-1 programs 0.2 updates=5000 1.5e-3 400"
      "programs-2 programs 0.1 updates=1000 5e-4 50"
      "programs-3 programs 0 updates=600 3e-4 50"
    ) ;;
  paper) # 25 + 5 epochs of lines, then 5 + 1 + 3 of programs, 16 copies of each
    model=(--arch transformer_cft_spoc)
    batch=(--max-tokens 8000 --update-freq 2)
    regularize=(--dropout 0.4 --attention-dropout 0.2 --activation-dropout 0.2 --weight-decay 1e-4)
    phases=(
      "lines-1 lines 0.2 epochs=25 1e-3 4000"
      "lines-2 lines 0.1 epochs=5 1e-3 4000"
      "programs-1 programs 0.2 epochs=80 1e-3 10000"
      "programs-2 programs 0.1 epochs=16 1e-3 10000"
      "programs-3 programs 0.05 epochs=48 1e-3 10000"
    ) ;;
  *) wrong "--scale must be tiny, cpu or paper" ;;
esac

common=(--user-dir "$root/fairseq_cft" --task code_denoising --noise "$noise" --clean-share 0.3
  --max-source-positions 2048 --max-target-positions 2048 --subword-model "$prepared/bpe.model"
  --criterion label_smoothed_cross_entropy --optimizer adam --adam-betas "(0.9, 0.98)" --clip-norm 1
  --validate-interval 5 --seed "$seed" --num-workers 1 --log-format json --log-interval 100)
settings="$scale $noise $seed ${more[*]-} $(cat "$prepared"/data-bin/{lines,programs}/{train,valid}.bin "$prepared/bpe.model" | cksum)"
export PYTHONWARNINGS=ignore # fairseq's own deprecation warnings, a dozen a run

train_phase() { # NAME DATA SMOOTHING LIMIT LR WARM-UP PHASE-BEFORE
  local name=$1 data=$2 smoothing=$3 limit=$4 lr=$5 warmup=$6 before=$7 options=()
  if [[ $limit == updates=* ]]; then
    options=(--max-update "${limit#*=}" --lr-scheduler polynomial_decay --total-num-update "${limit#*=}")
  else
    options=(--max-epoch "${limit#*=}" --lr-scheduler inverse_sqrt --warmup-init-lr 1e-4)
  fi
  [[ -z $before ]] || options+=(--finetune-from-model "$models/$before/checkpoint_best.pt")
  train "$name" "$prepared/data-bin/$data" "${model[@]}" "${batch[@]}" "${regularize[@]}" \
    --label-smoothing "$smoothing" --lr "$lr" --warmup-updates "$warmup" "${options[@]}"
}

keep_denoiser() { # PHASE
  cp "$models/$1/checkpoint_best.pt" "$out/denoiser.pt.tmp"
  mv "$out/denoiser.pt.tmp" "$out/denoiser.pt"
}

report_denoising() { # PROGRAMS LIMIT CHECKSUM
  python -m fairseq_cft report-denoising --denoiser "$out/denoiser.pt" --programs "$1" --limit "$2" --output-dir "$out"
}

check_denoiser() { # MIN-CLEAN-KEPT
  python -m fairseq_cft check-denoiser --denoiser "$out/denoiser.pt" --min-clean-kept "$1" --json "$out/denoiser.json"
}

before=""
start_stages $((${#phases[@]} + 3))
for phase in "${phases[@]}"; do
  read -r -a fields <<<"$phase"
  stage "${fields[0]}" "${fields[1]}: label smoothing ${fields[2]}, ${fields[3]}" train_phase "${fields[@]}" "$before"
  before=${fields[0]}
done
stage keep "the last phase's best checkpoint" keep_denoiser "$before"
stage report "does it repair programs it never saw?" report_denoising "$report" "$report_limit" "$(cksum <"$report")"
stage check "does it leave clean programs alone?" check_denoiser "$min_clean_kept"
echo
cat "$out/logs/report.log" "$out/logs/check.log"
printf 'in %d s; denoiser: %s  report: %s  picture: %s\n' \
  $SECONDS "$out/denoiser.pt" "$out/denoising_report.md" "$out/denoising_report.png"
