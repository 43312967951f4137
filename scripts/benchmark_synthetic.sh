#!/usr/bin/env bash
# Needs:   `make install` done; for --scale paper a GPU
# Runs:    scripts/benchmark_synthetic.sh --scale tiny|cpu|paper --seeds N OUT [--systems a,b,c] [--jobs J] [--dry-run]
#          systems: direct pretrained bart_style composed composed_denoiser_init composed_direct_init
#          composed_no_init backtranslation backtranslation_composed
#          (default: direct,pretrained,composed); what a system starts from must be among them
# Expects: OUT/results.json, report.md, report.png: every system, with the denoiser behind it at test time, and the base
#          predictors of the composed ones, on programs in and out of distribution. One data set and one denoiser for
#          all; N seeds for the systems, J of them at once with one thread each (default: one a core, 1 with a GPU).
#          Done stages are skipped, a killed training goes on from its last checkpoint. --dry-run prints the commands.
set -euo pipefail

usage() { sed -n '2,10s/^# //p' "$0"; }
wrong() { echo "benchmark_synthetic: error: $*" >&2; usage >&2; exit 2; }
fail() { echo "benchmark_synthetic: error: $*" >&2; exit 1; }

scale="" seeds=1 systems=direct,pretrained,composed jobs="" dry_run=no min_clean_kept=0.98
folders=()
while (($#)); do
  case $1 in
    -h | --help) usage; exit 0 ;;
    --dry-run) dry_run=yes; shift ;;
    --scale | --seeds | --systems | --jobs | --min-clean-kept)
      [[ -n ${2:-} ]] || wrong "$1 needs a value"
      name=${1#--}
      printf -v "${name//-/_}" '%s' "$2"
      shift 2 ;;
    -*) wrong "there is no option $1" ;;
    *) folders+=("$1"); shift ;;
  esac
done
((${#folders[@]} == 1)) || wrong "give OUT"
[[ $seeds =~ ^[1-9][0-9]*$ ]] || wrong "--seeds needs a whole number from 1 up"
if [[ -z $jobs ]]; then
  jobs=$(nproc) # --jobs
  ! command -v nvidia-smi >/dev/null || jobs=1
fi
[[ $jobs =~ ^[1-9][0-9]*$ ]] || wrong "--jobs needs a whole number from 1 up"

here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
out=${folders[0]}
for tool in python fairseq-train fairseq-cft-evaluate g++; do
  command -v "$tool" >/dev/null || fail "$tool is not on the PATH; run 'make install' and activate .venv"
done

# Systems, each after the one it starts from ---------------------------------------------------------------------

declare -A starts_from=([direct]="" [pretrained]="" [composed]=pretrained [composed_denoiser_init]=""
  [composed_direct_init]=direct [composed_no_init]="" [bart_style]="" [backtranslation]=""
  [backtranslation_composed]=backtranslation)
chosen=()
for system in direct pretrained bart_style composed composed_denoiser_init composed_direct_init composed_no_init \
  backtranslation backtranslation_composed; do
  [[ ",$systems," != *",$system,"* ]] || chosen+=("$system")
done
for system in ${systems//,/ }; do
  [[ -v starts_from[$system] ]] || wrong "there is no system $system"
  before=${starts_from[$system]}
  [[ -z $before || ",$systems," == *",$before,"* ]] || wrong "$system starts from $before; add it to --systems"
done

# Sizes ----------------------------------------------------------------------------------------------------------

data_seed=1 denoiser_seed=1
regularize=(--dropout 0.1 --attention-dropout 0.2 --activation-dropout 0.2)
estimator=(--gradient-estimator rloo --num-samples 2)
case $scale in
  tiny) # sees that everything runs: minutes
    data_options=(--preset tiny --test 100 --ood 100) vocabulary=200 architecture=tiny
    batch=(--max-tokens 2500)
    denoiser_schedule=(--dropout 0 --lr 3e-3 --lr-scheduler polynomial_decay --warmup-updates 150
      --max-update 2500 --total-num-update 2500 --validate-interval 1000 --validate-interval-updates 500)
    direct_schedule=(--lr 2e-3 --lr-scheduler inverse_sqrt --warmup-updates 100 --max-update 300)
    pretrained_schedule=(--lr 1e-3 --lr-scheduler inverse_sqrt --warmup-updates 100 --max-update 200)
    composed_schedule=("${estimator[@]}" --lr 3e-4 --lr-scheduler inverse_sqrt --warmup-updates 30 --max-update 60)
    from_scratch_schedule=(--lr 1e-3 --max-update 150)
    encoder_schedule=("${pretrained_schedule[@]}" --max-update 100)
    backtranslation_schedule=("${pretrained_schedule[@]}")
    every=5 ;;
  cpu) # the quickstart's language, meant for 2 hours on 2 cores with 3 seeds; not timed yet
    data_options=(--preset tiny --test 500 --ood 500) vocabulary=200 architecture=tiny
    batch=(--max-tokens 2500)
    denoiser_schedule=(--dropout 0 --lr 3e-3 --lr-scheduler polynomial_decay --warmup-updates 150
      --max-update 5000 --total-num-update 5000 --validate-interval 1000 --validate-interval-updates 1000)
    direct_schedule=(--lr 2e-3 --lr-scheduler inverse_sqrt --warmup-updates 100 --max-update 1500)
    pretrained_schedule=(--lr 1e-3 --lr-scheduler inverse_sqrt --warmup-updates 100 --max-update 1000)
    composed_schedule=("${estimator[@]}" --lr 3e-4 --lr-scheduler inverse_sqrt --warmup-updates 30 --max-update 400)
    from_scratch_schedule=(--lr 1e-3 --max-update 1000)
    encoder_schedule=("${pretrained_schedule[@]}" --max-update 500)
    backtranslation_schedule=("${pretrained_schedule[@]}" --max-update 2000)
    every=10 ;;
  paper) # the published sizes; more denoiser epochs, for the gate; not run yet
    data_options=(--preset paper) vocabulary=600 architecture=synthetic
    batch=(--max-tokens 16000)
    denoiser_schedule=(--dropout 0.1 --lr 1e-3 --lr-scheduler inverse_sqrt --warmup-updates 4000
      --warmup-init-lr 1e-7 --max-epoch 150 --validate-interval 5)
    direct_schedule=(--lr 2e-3 --lr-scheduler inverse_sqrt --warmup-updates 400 --warmup-init-lr 5e-4 --max-epoch 500)
    pretrained_schedule=(--lr 2e-3 --lr-scheduler inverse_sqrt --warmup-updates 150 --max-epoch 300)
    composed_schedule=("${estimator[@]}" --lr 2e-4 --lr-scheduler inverse_sqrt --warmup-updates 90 --max-epoch 300)
    from_scratch_schedule=(--lr 2e-3 --max-epoch 500)
    encoder_schedule=("${pretrained_schedule[@]}")
    backtranslation_schedule=("${pretrained_schedule[@]}" --max-epoch 50)
    every=10 ;;
  *) wrong "--scale must be tiny, cpu or paper" ;;
esac
for schedule in direct pretrained composed encoder; do
  declare -n these=${schedule}_schedule
  these+=(--validate-interval "$every" --save-interval "$every")
done
settings="$scale $data_seed ${data_options[*]} $vocabulary $architecture ${batch[*]} ${regularize[*]}"
export PYTHONWARNINGS=ignore # fairseq's own deprecation warnings, a dozen a run

if [[ $dry_run == yes ]]; then
  shown=$out out=$(mktemp -d) jobs=1
  trap 'command rm -rf "$out"' EXIT
else
  mkdir -p "$out"
  out=$(cd "$out" && pwd)
fi
# shellcheck source=scripts/_stages.sh
source "$here/_stages.sh"
if [[ $dry_run == yes ]]; then
  # shellcheck source=scripts/_dry_run.sh
  source "$here/_dry_run.sh"
fi
# shellcheck source=scripts/_systems.sh
source "$here/_systems.sh"

# Stages ---------------------------------------------------------------------------------------------------------

for_each_seed() { # NAME FUNCTION: FUNCTION SEED for all seeds, $jobs at once; logs/NAME.SEED.log
  local name=$1 function=$2 seed running=0
  ((jobs == 1)) || export OMP_NUM_THREADS=1
  for ((seed = 1; seed <= seeds; seed++)); do
    ((running < jobs)) || next_seed
    one_seed "$function" "$seed" "$out/logs/$name.$seed.log" &
    running=$((running + 1))
  done
  while ((running)); do next_seed; done
}

one_seed() { # FUNCTION SEED LOG
  "$1" "$2" >"$3" 2>&1 && return
  grep 'error: ' "$3" || tail -n 5 "$3"
  echo "error: seed $2 failed; its log: $3"
  return 1
}

next_seed() { # waits for one; when it failed, the others go too
  local job
  if ! wait -n; then
    for job in $(jobs -p); do kill_tree "$job"; done
    exit 1
  fi
  running=$((running - 1))
}

generate_seed() { # SEED
  local system
  for system in "${chosen[@]}"; do
    case $system in
      *composed*) generate_composed "$system" "$1" ;;
      *)
        generate "$system" "$1" "$models/$system.$1/checkpoint_best.pt"
        generate_denoised "$system" "$1" ;;
    esac
  done
}

generate_all() { # SYSTEMS SEEDS
  local seed
  rm -rf "$eval"
  for ((seed = 1; seed <= seeds; seed++)); do generate_seed "$seed"; done
}

report() {
  local system curves=()
  for system in "${chosen[@]}"; do curves+=("$system=$out/logs/$system.1.log"); done
  python "$here/collect_results.py" "$eval"/*.json --dataset "synthetic-$scale" --output "$out/results.json"
  python "$here/report.py" "$out/results.json" --output-dir "$out" --denoiser "$out/denoiser.json" --curves "${curves[@]}"
}

case " ${chosen[*]} " in *" backtranslation "*) labeling=2 ;; *) labeling=0 ;; esac

declare -A titles=([direct]="pairs only" [pretrained]="standard fine-tuning" [composed]="from pretrained"
  [composed_denoiser_init]="from the denoiser" [composed_direct_init]="from direct" [composed_no_init]="from nothing"
  [bart_style]="encoder first, then all" [backtranslation]="with machine-made pseudocode"
  [backtranslation_composed]="from backtranslation")

echo "benchmark_synthetic: scale $scale, $seeds seeds, ${chosen[*]}, into ${shown:-$out}"
start_stages $((${#chosen[@]} + labeling + 8))
stage data "programs and pseudocode" make_synthetic_data
stage subwords "one subword model for both" make_subwords
stage binarise "binarised by fairseq-preprocess" binarise
stage denoiser "denoiser" train_denoiser "${denoiser_schedule[@]}"
stage check "denoiser leaves clean programs alone?" check_denoiser "$min_clean_kept"
if ((labeling)); then
  stage to_pseudocode "from code to pseudocode" train_to_pseudocode "${pretrained_schedule[@]}"
  stage label "pseudocode for the unlabeled programs" label_programs
fi
for system in "${chosen[@]}"; do
  case $system in
    direct) schedule=("${direct_schedule[@]}") ;;
    pretrained) schedule=("${pretrained_schedule[@]}") ;;
    bart_style) schedule=("${encoder_schedule[@]}" "${pretrained_schedule[@]}") ;;
    backtranslation) schedule=("${backtranslation_schedule[@]}" "${pretrained_schedule[@]}") ;;
    *_no_init | *_denoiser_init) schedule=("${composed_schedule[@]}" "${from_scratch_schedule[@]}") ;;
    *) schedule=("${composed_schedule[@]}") ;;
  esac
  stage "$system" "$system: ${titles[$system]}" for_each_seed "$system" "train_$system" "$seeds" "${schedule[@]}"
done
stage generate "outputs on test and ood programs" generate_all "${chosen[*]}" "$seeds"
stage evaluate "compile and run every output" evaluate
stage report "table and picture" report
[[ $dry_run == no ]] || exit 0
echo
sed -n '/./p' "$out/logs/report.log"
echo
tail -n 1 "$out/logs/check.log"
printf 'in %d s; table: %s  picture: %s  counts: %s\n' $SECONDS "$out/report.md" "$out/report.png" "$out/results.json"
