# Sourced by benchmark_synthetic.sh, benchmark_spoc.sh and ablate.sh: what they share from the options to the report.
#
#   here=SCRIPTS; options=("${common_options[@]}" ...); defaults; read_options "$@"
#   check_options; choose_systems                   refuses what cannot be run
#   open_benchmark OUT                              a dry run from here on, where --dry-run asks for it
#   start_stages N; stage ...; train_systems; compare_systems; close_benchmark
#
# The script sets the sizes that _systems.sh names, and
#   dataset=NAME            as it stands in results.json
#   settings                what every recipe depends on (_training.sh)
# shellcheck shell=bash disable=SC2034,SC2154 # see above

# shellcheck source=scripts/_options.sh
source "$here/_options.sh"
# shellcheck source=scripts/_seeds.sh
source "$here/_seeds.sh"

root=$(dirname "$here")
common_options=(--scale= --seeds=N --systems= --jobs=N --min-clean-kept= --dry-run)
scale="" seeds=1 systems=direct,pretrained,composed jobs="" dry_run=no min_clean_kept=0.98

check_options() {
  ((${#folders[@]} == 1)) || wrong "give OUT"
  if [[ -z $jobs ]]; then # one a core, but never two on a GPU
    jobs=$(nproc)
    ! command -v nvidia-smi >/dev/null || jobs=1
  fi
  require_tools python fairseq-train fairseq-cft-evaluate g++
}

# Systems, each after the one it starts from ---------------------------------------------------------------------

all_systems=(direct pretrained pretrained_longer bart_style composed composed_denoiser_init composed_direct_init
  composed_no_init backtranslation backtranslation_composed)
declare -A starts_from=([direct]="" [pretrained]="" [pretrained_longer]=pretrained [composed]=pretrained
  [composed_denoiser_init]="" [composed_direct_init]=direct [composed_no_init]="" [bart_style]="" [backtranslation]=""
  [backtranslation_composed]=backtranslation)
declare -A titles=([direct]="pairs only" [pretrained]="standard fine-tuning" [composed]="from pretrained"
  [pretrained_longer]="as long as composed" [composed_denoiser_init]="from the denoiser"
  [composed_direct_init]="from direct" [composed_no_init]="from nothing" [bart_style]="encoder first, then all"
  [backtranslation]="with machine-made pseudocode" [backtranslation_composed]="from backtranslation")

choose_systems() { # $systems -> chosen, in the order in which they are trained; labeling: stages for pseudocode
  local system before
  chosen=() labeling=0
  for system in "${all_systems[@]}"; do
    [[ ",$systems," != *",$system,"* ]] || chosen+=("$system")
  done
  for system in ${systems//,/ }; do
    [[ -v starts_from[$system] ]] || wrong "there is no system $system"
    before=${starts_from[$system]}
    [[ -z $before || ",$systems," == *",$before,"* ]] || wrong "$system starts from $before; add it to --systems"
  done
  [[ " ${chosen[*]} " != *" backtranslation "* ]] || labeling=2
}

open_benchmark() { # OUT
  out=$1
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
  # shellcheck source=scripts/_systems.sh
  source "$here/_systems.sh"
  if [[ $dry_run == yes ]]; then
    # shellcheck source=scripts/_dry_run.sh
    source "$here/_dry_run.sh"
  fi
}

run_script() { # NAME arguments: another of the scripts
  "$here/$1" "${@:2}"
}

# Stages ---------------------------------------------------------------------------------------------------------

train_systems() { # ${#chosen[@]} + labeling stages
  local system schedule
  if ((labeling)); then
    stage to_pseudocode "from code to pseudocode" train_to_pseudocode "${pretrained_schedule[@]}"
    stage label "pseudocode for the unlabeled programs" label_programs
  fi
  for system in "${chosen[@]}"; do
    case $system in
      direct) schedule=("${direct_schedule[@]}") ;;
      pretrained) schedule=("${pretrained_schedule[@]}") ;;
      pretrained_longer) schedule=("${longer_schedule[@]}") ;;
      bart_style) schedule=("${encoder_schedule[@]}" "${pretrained_schedule[@]}") ;;
      backtranslation) schedule=("${backtranslation_schedule[@]}" "${pretrained_schedule[@]}") ;;
      *_no_init | *_denoiser_init) schedule=("${composed_schedule[@]}" "${from_scratch_schedule[@]}") ;;
      *) schedule=("${composed_schedule[@]}") ;;
    esac
    stage "$system" "$system: ${titles[$system]}" for_each_seed "$system" "train_$system" "$seeds" "${schedule[@]}"
  done
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
    ((! ${#gate_schedule[@]})) || generate_gated "$system" "$1"
  done
}

generate_all() { # SYSTEMS SEEDS, and what the stage's digest needs
  local seed
  rm -rf "$eval"
  for ((seed = 1; seed <= seeds; seed++)); do generate_seed "$seed"; done
}

report() {
  local system curves=()
  for system in "${chosen[@]}"; do curves+=("$system=$models/$system.1/train.log"); done
  python -m fairseq_cft collect "$eval"/*.json --dataset "$dataset" --output "$out/results.json"
  python -m fairseq_cft report "$out/results.json" --output-dir "$out" --curves "${curves[@]}"
}

measure_destroyed() { # SYSTEMS SEEDS: can models that were fine-tuned from the denoiser still denoise?
  local system seed checkpoints=()
  rm -f "$out/destroyed.json" # of other systems
  for system in $1; do
    for ((seed = 1; seed <= $2; seed++)); do checkpoints+=("$system.$seed=$models/$system.$seed/checkpoint_best.pt"); done
  done
  [[ -n $1 ]] || return 0
  python -m fairseq_cft measure-destroyed --denoiser "$denoiser" --data "$bin/programs" --models "${checkpoints[@]}" \
    --output "$out/destroyed.json"
}

compare_systems() { # 5 stages, 4 without a gate
  local system finetuned=()
  for system in pretrained bart_style; do
    [[ " ${chosen[*]} " != *" $system "* ]] || finetuned+=("$system")
  done
  ((! ${#gate_schedule[@]})) || stage gate "which outputs need denoising?" train_gate "${gate_schedule[@]}"
  stage generate "outputs on test and ood programs" generate_all "${chosen[*]}" "$seeds" "${splits[*]}" "$test_pairs"
  stage evaluate "compile and run every output" evaluate "$(all_test_cases)"
  stage destroyed "what fine-tuning left of denoising" measure_destroyed "${finetuned[*]}" "$seeds"
  stage report "table and picture" report
}

close_benchmark() {
  [[ $dry_run == no ]] || exit 0
  echo
  sed -n '/./p' "$out/logs/report.log"
  echo
  tail -n 1 "$out/logs/check.log"
  printf 'in %d s; table: %s  picture: %s  counts: %s\n' \
    $SECONDS "$out/report.md" "$out/report.png" "$out/results.json"
}
